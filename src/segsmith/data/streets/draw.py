"""The canvas: colour and label drawn by the same strokes, far things first.

The canvas is ``SAMPLES`` times as large as the frame. Colour is averaged down, the mask takes one point in each cell,
so edges are smooth in the picture and exact in the mask. Thin things are kept ``SAMPLES`` wide, or the mask would lose
them.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.data.base import VOID, Image
from segsmith.data.streets.camera import View
from segsmith.data.streets.chance import Floats, Rgb
from segsmith.data.streets.light import Light
from segsmith.data.streets.textures import Texture

SAMPLES = 2
NO_LABEL = -1
_SHIFT = 4
_UNIT = 1 << _SHIFT
_DOT = 120.0
"""Square pixels under which a texture is not worth its warp."""

Fixed = npt.NDArray[np.int32]


Dot = tuple[int, int]


def fixed(pixels: Floats) -> Fixed:
    """Pixels in the whole-number units of the drawing functions."""
    return (pixels * _UNIT).astype(np.int32)


def dots(pixels: Floats) -> list[Dot]:
    return [(x, y) for x, y in fixed(pixels).tolist()]


@dataclass(frozen=True, slots=True)
class Pen:
    """All that a thing needs to draw itself in one frame."""

    colour: Image
    label: Image
    view: View
    light: Light

    def polygon(self, shape: Fixed, colour: Rgb, label: int = NO_LABEL) -> None:
        """A convex polygon. Without a label it is a shade on whatever the mask has there."""
        cv2.fillConvexPoly(self.colour, shape, colour, cv2.LINE_8, _SHIFT)
        if label != NO_LABEL:
            cv2.fillConvexPoly(self.label, shape, label, cv2.LINE_8, _SHIFT)

    def stroke(self, start: Dot, end: Dot, width: float, colour: Rgb, label: int) -> None:
        """A line with round ends, never thinner than the mask can keep."""
        wide = max(SAMPLES, round(width))
        cv2.line(self.colour, start, end, colour, wide, cv2.LINE_8, _SHIFT)
        cv2.line(self.label, start, end, label, wide, cv2.LINE_8, _SHIFT)

    def disc(self, centre: Dot, radius: float, colour: Rgb, label: int) -> None:
        size = int(max(radius, SAMPLES / 2) * _UNIT)
        cv2.circle(self.colour, centre, size, colour, cv2.FILLED, cv2.LINE_8, _SHIFT)
        cv2.circle(self.label, centre, size, label, cv2.FILLED, cv2.LINE_8, _SHIFT)

    def ring(self, shape: Fixed, width: float, colour: Rgb, label: int) -> None:
        """The rim is drawn, the mask takes all within it."""
        cv2.fillConvexPoly(self.label, shape, label, cv2.LINE_8, _SHIFT)
        cv2.polylines(self.colour, [shape], True, colour, max(1, round(width)), cv2.LINE_8, _SHIFT)

    def face(
        self, quad: Floats, texture: Texture, matrix: Floats, label: int, part: tuple[float, float] = (0, 1)
    ) -> None:
        """A textured quadrilateral, corners from top left clockwise; ``part`` is the stretch of the texture from left
        to right that it shows."""
        xs, ys = quad.T.tolist()
        wide, high = max(xs) - min(xs), max(ys) - min(ys)
        x0, y0, x1, y1 = self._box(xs, ys)
        if x1 <= x0 or y1 <= y0:
            return
        if wide * high < _DOT and not texture.cover:
            self.polygon(fixed(quad), _toned(texture.mean, matrix), label)
            return
        size, level = (x1 - x0, y1 - y0), texture.level(wide, high)
        corners = (quad - (x0, y0)).astype(np.float32)
        warp = cv2.getPerspectiveTransform(_source(texture.levels[level], part), corners)
        patch = cv2.warpPerspective(texture.levels[level], warp, size, borderMode=_border(texture))
        colour, labels = self.colour[y0:y1, x0:x1], self.label[y0:y1, x0:x1]
        if texture.cover:
            rest = cv2.cvtColor(patch[..., 3], cv2.COLOR_GRAY2RGB)
            under = cv2.multiply(colour, cv2.bitwise_not(rest), scale=1 / 255)
            cv2.add(cv2.transform(patch, matrix), under, dst=colour)
            cover = cv2.warpPerspective(texture.cover[level], warp, size, borderMode=cv2.BORDER_CONSTANT)
            np.copyto(labels, np.uint8(label), where=cover > 127)
            return
        shape = fixed(corners.astype(np.float64))
        inside = np.zeros((size[1], size[0]), np.uint8)
        cv2.fillConvexPoly(inside, shape, 255, cv2.LINE_8, _SHIFT)
        constant = matrix * (1, 1, 1, 255)
        cv2.copyTo(cv2.transform(patch, constant), inside, dst=colour)
        cv2.fillConvexPoly(labels, shape, label, cv2.LINE_8, _SHIFT)

    def _box(self, xs: list[float], ys: list[float]) -> tuple[int, int, int, int]:
        """The part of the canvas that may be touched."""
        x0, y0 = max(math.floor(min(xs)), 0), max(math.floor(min(ys)), 0)
        return x0, y0, min(math.ceil(max(xs)) + 1, self.view.width), min(math.ceil(max(ys)) + 1, self.view.height)

    @property
    def time(self) -> float:
        return self.view.time

    def finished(self) -> tuple[Image, Image]:
        """The frame and its mask, at the frame's size."""
        size = (self.view.width // SAMPLES, self.view.height // SAMPLES)
        small = np.asarray(cv2.resize(self.colour, size, interpolation=cv2.INTER_AREA), np.uint8)
        return small, self.label[::SAMPLES, ::SAMPLES].copy()


def _toned(colour: Rgb, matrix: Floats) -> Rgb:
    r, g, b = (matrix[:, :3] @ colour + 255 * matrix[:, 3]).tolist()
    return r, g, b


def _source(level: Image, part: tuple[float, float]) -> npt.NDArray[np.float32]:
    rows, columns = level.shape[:2]
    left, right = part[0] * columns - 0.5, part[1] * columns - 0.5
    return np.array([[left, -0.5], [right, -0.5], [right, rows - 0.5], [left, rows - 0.5]], np.float32)


def _border(texture: Texture) -> int:
    return int(cv2.BORDER_CONSTANT if texture.cover else cv2.BORDER_REPLICATE)


def blank(view: View, light: Light) -> Pen:
    colour = np.zeros((view.height, view.width, 3), np.uint8)
    return Pen(colour, np.full((view.height, view.width), VOID, np.uint8), view, light)
