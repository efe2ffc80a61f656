"""The ground as the camera sees it: every row of the picture has one depth, so the map from above is only looked up."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.data.base import Image
from segsmith.data.streets.camera import FAR, View
from segsmith.data.streets.chance import Floats
from segsmith.data.streets.draw import SAMPLES, Pen, fixed
from segsmith.data.streets.light import UP, Light
from segsmith.data.streets.plan import START
from segsmith.data.streets.surface import ACROSS, ALONG, REACH, Surface

Table = npt.NDArray[np.float32]
_GRAIN = 0.02
_GRAIN_REACH = 9.0
_BANDS = 24
_SHIFT = 4


def draw_ground(pen: Pen, surface: Surface, shadows: Sequence[Floats], wet: bool) -> None:
    """``shadows``: outlines (x, s) of what moves; what stands still is in the map."""
    view = pen.view
    top = max(int(np.floor(view.horizon)) + 1, 0)
    if top >= view.height:
        return
    depth = np.minimum(view.focal * view.eye / (np.arange(top, view.height) + 0.5 - view.horizon), 1.5 * FAR)
    x, s = _places(view, depth)
    colour = _looked_up(view, surface, depth, x, s)
    sun = _under(view, top, colour[..., 3].copy(), shadows)
    albedo = cv2.cvtColor(colour, cv2.COLOR_RGBA2RGB)
    seen = np.asarray(cv2.multiply(albedo, _gain(pen.light, sun), scale=1 / 128), np.uint8)
    _grain(seen, surface, depth, x, s)
    _veil(seen, pen.light, depth, wet)
    pen.colour[top:] = seen
    _label(pen, top, surface, x, s)


def _label(pen: Pen, top: int, surface: Surface, x: Table, s: Table) -> None:
    """Only where the mask will look."""
    skip = -top % SAMPLES
    columns = (x[skip::SAMPLES, ::SAMPLES] + REACH) / ACROSS - 0.5
    rows = (s[skip::SAMPLES] - START) / ALONG - 0.5
    pen.label[top + skip :: SAMPLES, ::SAMPLES] = cv2.remap(
        surface.labels, columns, _wide(rows, columns), cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )


def _places(view: View, depth: Floats) -> tuple[Table, Table]:
    """x of every pixel and s of every row."""
    shift = view.offset + view.slope * depth - view.bend.at(depth + view.s)
    rays = (np.arange(view.width) - (view.width / 2 - 0.5)) / view.focal
    x = np.multiply.outer(depth.astype(np.float32), rays.astype(np.float32))
    x += shift.astype(np.float32)[:, None]
    return x, (depth + view.s).astype(np.float32)


def _wide(rows: Table, like: Table) -> Table:
    return np.repeat(rows[:, None], like.shape[1], axis=1)


def _looked_up(view: View, surface: Surface, depth: Floats, x: Table, s: Table) -> Image:
    """Far rows, which skip over the map, come from its smaller levels."""
    step = depth**2 / (view.focal * view.eye * ALONG)
    levels = np.clip(np.log(np.maximum(step, 1)) / np.log(4) + 0.5, 0, len(surface.levels) - 1).astype(int)
    colour = np.empty((*x.shape, 4), np.uint8)
    for level, picture in enumerate(surface.levels):
        rows = np.flatnonzero(levels == level)
        if not len(rows):
            continue
        part = slice(int(rows[0]), int(rows[-1]) + 1)
        across = (x[part] + REACH) / (ACROSS * 2**level) - 0.5
        along = (s[part] - START) / (ALONG * 4**level) - 0.5
        cv2.remap(
            picture, across, _wide(along, across), cv2.INTER_LINEAR, dst=colour[part], borderMode=cv2.BORDER_REPLICATE
        )
    return colour


def _under(view: View, top: int, sun: Image, shadows: Sequence[Floats]) -> Image:
    for flat in shadows:
        points = np.insert(flat, 1, 0.0, axis=1)
        pixels = view.project(points) - (0, top)
        hull = cv2.convexHull(fixed(pixels))
        cv2.fillConvexPoly(sun, hull, 12, cv2.LINE_8, _SHIFT)
    return sun


def _gain(light: Light, sun: Image) -> Image:
    """How bright each pixel is by sky and sun together; 128 is 1."""
    shaded = Light(light.ambient, (0.0, 0.0, 0.0), light.towards, light.air, light.density, light.dusk)
    dark, bright = np.array(shaded.gain(UP)), np.array(light.gain(UP))
    table = dark + np.linspace(0, 1, 256)[:, None] * (bright - dark)
    lookup = np.clip(table * 128, 0, 255).astype(np.uint8).reshape(1, 256, 3)
    return np.asarray(cv2.LUT(cv2.cvtColor(sun, cv2.COLOR_GRAY2RGB), lookup), np.uint8)


def _grain(seen: Image, surface: Surface, depth: Floats, x: Table, s: Table) -> None:
    """Stones in the asphalt, where they are large enough to be seen."""
    near = int(np.searchsorted(-depth, -_GRAIN_REACH))
    if near >= len(depth):
        return
    size = surface.grain.shape[0]
    along = np.mod(s[near:] / _GRAIN, size)
    across = x[near:] / _GRAIN + 8 * size
    grain = cv2.remap(surface.grain, across, _wide(along, across), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    cv2.multiply(seen[near:], cv2.cvtColor(grain, cv2.COLOR_GRAY2RGB), dst=seen[near:], scale=1 / 128)


def _veil(seen: Image, light: Light, depth: Floats, wet: bool) -> None:
    """The air before far ground, and on a wet street the sky that it mirrors; in bands of rows."""
    edges = np.unique(np.geomspace(1, len(depth), _BANDS).astype(int) - 1)
    for begin, end in zip(edges, [*edges[1:], len(depth)], strict=True):
        middle = float(depth[(begin + end) // 2 if end < len(depth) else begin])
        veil = light.veil(middle)
        veil += (1 - veil) * (0.45 * middle / (middle + 12.0) if wet else 0.0)
        if veil < 0.01:
            return
        matrix = np.hstack([np.eye(3) * (1 - veil), np.array(light.air)[:, None] * veil])
        cv2.transform(seen[begin:end], matrix, dst=seen[begin:end])
