"""Trees in leaf and bare ones, and the leaves of hedges."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from segsmith.data.base import Image
from segsmith.data.streets.camera import FAR, View
from segsmith.data.streets.chance import Rgb, between, happens, pick
from segsmith.data.streets.draw import SAMPLES, Pen, fixed
from segsmith.data.streets.labels import TREE
from segsmith.data.streets.light import Normal
from segsmith.data.streets.textures import Noise, Texture, finished, pierced, plain

GREENS: tuple[Rgb, ...] = ((66, 92, 44), (90, 108, 50), (54, 78, 52), (112, 120, 60), (130, 112, 50), (118, 76, 40))
BARKS: tuple[Rgb, ...] = ((84, 70, 58), (106, 96, 84), (62, 54, 48), (128, 122, 112))
_SQUARE = 160
_TURNED: Normal = (0.0, 0.5, -0.5)


@dataclass(frozen=True, slots=True)
class Crown:
    texture: Texture
    bark: Rgb


def crown(rng: np.random.Generator, noise: Noise, bare: bool) -> Crown:
    bark = pick(rng, BARKS)
    return Crown(_branches(rng, bark) if bare else _leaves(rng, noise, pick(rng, GREENS)), bark)


def _leaves(rng: np.random.Generator, noise: Noise, green: Rgb) -> Texture:
    """Clumps, dark ones behind and below, bright ones before and above."""
    picture, alpha = plain(_SQUARE, _SQUARE, green), np.zeros((_SQUARE, _SQUARE), np.uint8)
    count = int(rng.integers(70, 130))
    angle, reach = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count)) * 0.4 * _SQUARE
    across, down = _SQUARE / 2 + reach * np.cos(angle), _SQUARE / 2 + reach * np.sin(angle)
    sizes = rng.uniform(0.03, 0.12, count) * _SQUARE
    for order, (x, y, size) in enumerate(zip(across, down, sizes, strict=True)):
        shade = 0.55 + 0.45 * order / count + 0.5 * (0.5 - y / _SQUARE) + rng.normal(0, 0.08)
        tone = tuple(part * float(shade) for part in green)
        cv2.circle(picture, (int(x), int(y)), int(size), tone, cv2.FILLED)
        cv2.circle(alpha, (int(x), int(y)), int(size), 255, cv2.FILLED)
    grain = noise.cut(rng, _SQUARE, _SQUARE, fine=0.2, coarse=0.25)
    ragged = cv2.blur(alpha, (7, 7)).astype(np.float32) * noise.cut(rng, _SQUARE, _SQUARE, fine=0.35, coarse=0.2)
    alpha = np.where(ragged > 128, 255, 0).astype(np.uint8)
    return pierced(finished(picture, grain), alpha, _closed(alpha, 9))


def _branches(rng: np.random.Generator, bark: Rgb) -> Texture:
    """Boughs that fork; the mask takes the whole crown where they are dense, as a person labels it."""
    alpha = np.zeros((_SQUARE, _SQUARE), np.uint8)
    tips = [(_SQUARE / 2, float(_SQUARE), -np.pi / 2, _SQUARE * 0.26, 5.0)]
    while tips:
        x, y, angle, length, width = tips.pop()
        ex, ey = x + length * math.cos(angle), y + length * math.sin(angle)
        cv2.line(alpha, (int(x), int(y)), (int(ex), int(ey)), 255, max(1, round(width)))
        if length > _SQUARE * 0.05:
            turns, shares = rng.normal(0, 0.5, 3).tolist(), rng.uniform(0.62, 0.84, 3).tolist()
            forks = list(zip(turns, shares, strict=True))[: 3 if happens(rng, 0.45) else 2]
            tips += [(ex, ey, angle + turn, length * share, width * 0.65) for turn, share in forks]
    return pierced(finished(plain(_SQUARE, _SQUARE, bark)), alpha, _closed(alpha, 23))


def _closed(alpha: Image, size: int) -> Image:
    """Without the gaps that a person who labels would not go round."""
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, around), np.uint8)


def hedge(rng: np.random.Generator, noise: Noise, width: float, height: float, scale: float) -> Texture:
    """A clipped hedge with an uneven top."""
    rows, columns = max(8, int(height * scale)), max(8, int(width * scale))
    picture = plain(rows, columns, pick(rng, GREENS[:4]))
    picture *= np.linspace(1.2, 0.6, rows, dtype=np.float32)[:, None, None]
    top = (np.abs(noise.cut(rng, 1, columns, fine=0.3, coarse=0.6)[0] - 1) * 0.3 * rows).astype(int)
    alpha = np.where(np.arange(rows)[:, None] >= top[None, :], 255, 0).astype(np.uint8)
    return pierced(finished(picture, noise.cut(rng, rows, columns, fine=0.25, coarse=0.3)), alpha, alpha.copy())


@dataclass(frozen=True, slots=True)
class Tree:
    x: float
    s: float
    height: float
    spread: float
    trunk: float
    crown: Crown

    def distance(self, view: View) -> float:
        return view.distance(self.x, self.s)

    def seen(self, view: View) -> bool:
        return view.s + 1.5 < self.s < view.s + FAR

    def draw(self, pen: Pen) -> None:
        depth = pen.view.depth(self.s)
        x, foot, scale = pen.view.spot(self.x, self.s)
        half, top = scale * self.spread / 2, foot - self.height * scale
        if x + half < 0 or x - half > pen.view.width:
            return
        fork, low = top + 1.6 * half, top + 2 * half
        _trunk(pen, x, foot, fork, max(scale * self.trunk, SAMPLES / 2), self.crown.bark, depth)
        quad = np.array([[x - half, top], [x + half, top], [x + half, low], [x - half, low]])
        pen.face(quad, self.crown.texture, pen.light.matrix(_TURNED, depth), TREE)


def _trunk(pen: Pen, x: float, foot: float, fork: float, wide: float, bark: Rgb, depth: float) -> None:
    """Two strips, one in the light, so that it looks round."""
    for left, right, side in ((-wide, 0.0, -1.0), (0.0, wide, 1.0)):
        shape = np.array([[x + 0.6 * left, fork], [x + 0.6 * right, fork], [x + right, foot], [x + left, foot]])
        pen.polygon(fixed(shape), pen.light.colour(bark, (0.8 * side, 0.0, -0.6), depth), TREE)


def tree(rng: np.random.Generator, crowns: tuple[Crown, ...], x: float, s: float) -> Tree:
    height = between(rng, 4.5, 11.0)
    small = happens(rng, 0.2)
    return Tree(
        x=x,
        s=s,
        height=height * (0.5 if small else 1.0),
        spread=height * between(rng, 0.45, 0.7) * (0.6 if small else 1.0),
        trunk=between(rng, 0.12, 0.28),
        crown=crowns[int(rng.integers(len(crowns)))],
    )
