"""The ground of a whole clip seen from above: colours, labels, and where the sun does not reach.

Columns go from left to right across the street, rows along it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from segsmith.data.base import Image
from segsmith.data.streets.chance import Floats, Rgb, between, happens, pick
from segsmith.data.streets.foliage import GREENS
from segsmith.data.streets.labels import PAVEMENT, ROAD, TREE
from segsmith.data.streets.plan import START, Street
from segsmith.data.streets.textures import Grey, Noise

ACROSS, ALONG, REACH = 0.06, 0.12, 15.0
"""Metres for each column and row, and how far the map goes to either side; beyond, its edges go on."""

ASPHALTS: tuple[Rgb, ...] = ((88, 88, 90), (104, 102, 100), (74, 76, 80), (120, 116, 110))
SLABS: tuple[Rgb, ...] = (
    (150, 146, 138),
    (128, 126, 124),
    (164, 152, 138),
    (140, 110, 96),
    (98, 98, 100),
    (112, 108, 104),
)
LINES: Rgb = (214, 214, 206)
YELLOW: Rgb = (198, 168, 60)
LEVELS = 3


@dataclass(frozen=True, slots=True)
class Surface:
    """``levels``: RGB and, as a fourth channel, how much of the sun comes through; each a quarter of the one before it
    along the street and half of it across."""

    levels: tuple[Image, ...]
    labels: Image
    grain: Image


def surface(
    rng: np.random.Generator,
    street: Street,
    noise: Noise,
    shadows: Iterable[Floats],
    crowns: Sequence[Floats],
    wet: bool,
) -> Surface:
    """``shadows``: outlines as (x, s); ``crowns``: outlines that let some light through."""
    rows, columns = round((street.end + 20 - START) / ALONG), round(2 * REACH / ACROSS)
    paint = _Paint(np.zeros((rows, columns, 3), np.uint8), np.full((rows, columns), PAVEMENT, np.uint8))
    asphalt = pick(rng, ASPHALTS)
    _pavements(rng, paint, street)
    _road(rng, paint, street, asphalt)
    _markings(rng, paint, street)
    worn = _tiled(noise.cut(rng, 256, 256, fine=0.06, coarse=0.16) * (0.62 if wet else 1.0), rows, columns)
    colour = cv2.multiply(paint.colour, cv2.merge([worn, worn, worn]), scale=1 / 128)
    sun = _sunlight(shadows, crowns, _tiled(noise.cut(rng, 256, 256, fine=0.0, coarse=0.9), rows, columns))
    levels = [np.dstack([colour, sun])]
    for _ in range(LEVELS - 1):
        high, wide = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1], (wide // 2, high // 4), interpolation=cv2.INTER_AREA))
    grain = np.clip(128 * (1 + 0.16 * noise.fine[:256, :256]), 0, 255).astype(np.uint8)
    return Surface(tuple(levels), paint.labels, grain)


def _tiled(piece: Grey, rows: int, columns: int) -> Image:
    """A piece laid out over the map; 128 is 1."""
    small = np.clip(128 * piece, 0, 255).astype(np.uint8)
    return np.tile(small, (rows // small.shape[0] + 1, columns // small.shape[1] + 1))[:rows, :columns]


@dataclass(frozen=True, slots=True)
class _Paint:
    colour: Image
    labels: Image

    def box(self, x0: float, x1: float, s0: float, s1: float, colour: Rgb, label: int | None = None) -> None:
        """A rectangle in metres, whichever way round."""
        left, right = sorted((x0, x1))
        low, high = sorted((s0, s1))
        rows = slice(max(round((low - START) / ALONG), 0), max(round((high - START) / ALONG), 0))
        columns = slice(max(round((left + REACH) / ACROSS), 0), max(round((right + REACH) / ACROSS), 0))
        self.colour[rows, columns] = np.array(colour, np.uint8)
        if label is not None:
            self.labels[rows, columns] = label

    def grid(self, x0: float, x1: float, step: float, share: float) -> None:
        """Joints of slabs between two lines along the street."""
        left, right = sorted((x0, x1))
        columns = slice(max(round((left + REACH) / ACROSS), 0), max(round((right + REACH) / ACROSS), 0))
        strip = self.colour[:, columns]
        strip[:: max(2, round(step / ALONG))] = (strip[:: max(2, round(step / ALONG))] * share).astype(np.uint8)
        apart = max(2, round(step / ACROSS))
        strip[:, ::apart] = (strip[:, ::apart] * share).astype(np.uint8)


def _pavements(rng: np.random.Generator, paint: _Paint, street: Street) -> None:
    slab, gardens = pick(rng, SLABS), street.district.setback[0] > 1
    for side in (-1, 1):
        edge = street.edge(side)
        paint.box(side * street.half, side * REACH, START, street.end + 20, slab, PAVEMENT)
        for plot in street.plots:
            if plot.side == side and (plot.kind != "house" or gardens):
                paint.box(side * edge, side * REACH, plot.begin, plot.end, pick(rng, GREENS[:4]), TREE)
                if plot.kind == "house":
                    at = between(rng, plot.begin + 1, plot.end - 2)
                    paint.box(side * edge, side * REACH, at, at + 1.4, slab, PAVEMENT)
        paint.grid(side * street.half, side * edge, between(rng, 0.4, 0.9), between(rng, 0.75, 0.97))


def _road(rng: np.random.Generator, paint: _Paint, street: Street, asphalt: Rgb) -> None:
    end, half = street.end + 20, street.half
    paint.box(-half, half, START, end, asphalt, ROAD)
    for begin, until in street.crossings:
        paint.box(-REACH, REACH, begin, until, asphalt, ROAD)
    kerb = between(rng, 0.9, 1.3)
    for side in (-1, 1):
        for begin, until in _between(street, end):
            paint.box(side * half, side * (half + 0.16), begin, until, (150 * kerb, 148 * kerb, 144 * kerb), PAVEMENT)
            paint.box(side * half, side * (half - 0.14), begin, until, (58, 57, 56))
    for _ in range(int((end - START) / 9)):
        x, s, shade = between(rng, -half, half - 0.5), between(rng, START, end), between(rng, 0.66, 1.25)
        wide = min(between(rng, 0.4, 2.5), half - x)
        r, g, b = asphalt
        paint.box(x, x + wide, s, s + between(rng, 0.5, 9.0), (r * shade, g * shade, b * shade))
    for _ in range(int((end - START) / 14)):
        x, s = between(rng, -half + 0.4, half - 0.9), between(rng, START, end)
        paint.box(x, x + 0.6, s, s + 0.6, (56, 52, 50))


def _between(street: Street, end: float) -> list[tuple[float, float]]:
    """The stretches between side streets."""
    marks = [START, *(mark for crossing in street.crossings for mark in crossing), end]
    return list(zip(marks[::2], marks[1::2], strict=True))


def _markings(rng: np.random.Generator, paint: _Paint, street: Street) -> None:
    """Dashes in the middle, lines at the edge or bays for parking, zebra crossings, stop lines."""
    half, end = street.half, street.end + 20
    dash, gap, worn = between(rng, 1.5, 4.0), between(rng, 1.5, 5.0), between(rng, 0.72, 1.0)
    white: Rgb = (LINES[0] * worn, LINES[1] * worn, LINES[2] * worn)
    double, yellow = happens(rng, 0.2), happens(rng, 0.5)
    for begin, until in _between(street, end):
        if double:
            for x in (-0.18, 0.1):
                paint.box(x, x + 0.1, begin, until, white)
        else:
            for s in np.arange(begin, until - dash, dash + gap).tolist():
                paint.box(-0.06, 0.06, s, s + dash, white)
        for side, parked in zip((-1, 1), street.parking, strict=True):
            if parked:
                for s in np.arange(begin + 1, until - 6, 5.6).tolist():
                    paint.box(side * half, side * (half - 2.1), s, s + 0.12, white)
            elif yellow:
                for x in (0.3, 0.5):
                    paint.box(side * (half - x), side * (half - x - 0.1), begin, until, YELLOW)
    for begin, until in street.crossings:
        near = happens(rng, 0.5)
        zebra = (begin - 4.4, begin - 1.6) if near else (until + 1.6, until + 4.4)
        if happens(rng, 0.6):
            for x in np.arange(-half + 0.3, half - 0.5, 1.0).tolist():
                paint.box(x, x + 0.5, *zebra, white)
        stop = begin - 5.2
        paint.box(0.0, np.sign(street.lane) * (half - 0.3), stop, stop + 0.3, white)
        for side in (-1, 1):
            for s in np.arange(begin, until - 0.5, 0.9).tolist():
                paint.box(side * (half - 0.1), side * (half + 0.2), s, s + 0.5, white)


def _sunlight(shadows: Iterable[Floats], crowns: Sequence[Floats], dapple: Image) -> Image:
    sun, leaves = np.full_like(dapple, 255), np.zeros_like(dapple)
    for outlines, map_, value in ((shadows, sun, 12), (crowns, leaves, 255)):
        for outline in outlines:
            cells = (outline - (-REACH, START)) / (ACROSS, ALONG)
            cv2.fillConvexPoly(map_, cv2.convexHull(np.rint(cells).astype(np.int32)), value)
    if crowns:
        sun[(leaves > 0) & (dapple < 143)] = 30
    return np.asarray(cv2.blur(sun, (5, 3)), np.uint8)
