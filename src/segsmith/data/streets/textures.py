"""Pictures that are put on faces of the scene, in a pyramid of sizes; and noise to make them of."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.data.base import Image
from segsmith.data.streets.chance import Rgb

Grey = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Texture:
    """``levels``: RGB, or RGBA with the colour already multiplied by alpha, each half the size of the one before it.

    ``cover`` says where the mask takes the thing's label; it is not alpha, since a railing or a bare tree is labelled
    as a whole although one sees through it. Empty for opaque textures.
    """

    levels: tuple[Image, ...]
    mean: Rgb
    cover: tuple[Image, ...] = ()

    def level(self, width: float, height: float) -> int:
        """The level about as large as what it is drawn on."""
        rows, columns = self.levels[0].shape[:2]
        shrink = (rows * columns / max(width * height, 1.0)) ** 0.5
        return min(int(math.log2(max(shrink, 1.0)) + 0.4), len(self.levels) - 1)


def opaque(picture: Image) -> Texture:
    return Texture(tuple(_pyramid(picture)), _mean(picture))


def pierced(picture: Image, alpha: Image, cover: Image) -> Texture:
    """A texture with holes from a picture and its alpha."""
    colour = cv2.multiply(picture, cv2.merge([alpha, alpha, alpha]), scale=1 / 255)
    return Texture(tuple(_pyramid(np.dstack([colour, alpha]))), _mean(picture), tuple(_pyramid(cover)))


def _mean(picture: Image) -> Rgb:
    r, g, b, _ = cv2.mean(picture)
    return r, g, b


def _pyramid(picture: Image) -> Iterator[Image]:
    yield picture
    while min(picture.shape[:2]) >= 8:
        size = (picture.shape[1] // 2, picture.shape[0] // 2)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        yield picture


@dataclass(frozen=True, slots=True)
class Noise:
    """Two squares of noise about 0, fine and coarse, laid out twice each way to be cut over their edges."""

    fine: Grey
    coarse: Grey

    def cut(self, rng: np.random.Generator, rows: int, columns: int, fine: float, coarse: float) -> Grey:
        """A piece of brightness about 1, with so much of each."""
        size = self.fine.shape[0] // 2
        piece = np.ones((rows, columns), np.float32)
        for bank, strength in ((self.fine, fine), (self.coarse, coarse)):
            y, x = (int(start) for start in rng.integers(0, size, 2))
            tiles = [-(-(side + size) // (2 * size)) for side in (rows, columns)]
            wide = bank if max(tiles) == 1 else np.tile(bank, tiles)
            piece += strength * wide[y : y + rows, x : x + columns]
        return piece


def noise(rng: np.random.Generator, size: int = 256) -> Noise:
    fine = np.clip(rng.standard_normal((size, size), np.float32), -2.5, 2.5)
    coarse = sum((value_noise(rng, size, size, cells) for cells in (4, 8, 16, 32)), np.zeros((size, size), np.float32))
    return Noise(np.tile(fine, (2, 2)), np.tile(coarse, (2, 2)))


def value_noise(rng: np.random.Generator, rows: int, columns: int, cells: int) -> Grey:
    """Smooth noise with about that many bumps across; the same on opposite edges."""
    grid = rng.uniform(-0.5, 0.5, (cells + 1, cells + 1)).astype(np.float32)
    grid[-1], grid[:, -1] = grid[0], grid[:, 0]
    return np.asarray(cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def plain(rows: int, columns: int, colour: Rgb) -> Grey:
    """A picture of one colour, in float to be worked on."""
    picture = np.empty((rows, columns, 3), np.float32)
    picture[:] = colour
    return picture


def finished(picture: Grey, grain: Grey | None = None) -> Image:
    if grain is not None:
        picture = picture * grain[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)
