"""Shapes of cars, vans and buses: a body and a cabin, each an outline seen from the side and drawn out to a width."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from segsmith.data.streets.chance import Floats, between
from segsmith.data.streets.light import Normal

Point = tuple[float, float, float]
"""To the right, up, forward."""

Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Ranges in metres; outlines as (forward, up) in shares of length and height, from the front's foot over the top to
    the back's; windows as stretches of the length."""

    share: float
    length: tuple[float, float]
    width: tuple[float, float]
    height: tuple[float, float]
    wheel: float
    lamps: float
    body: Outline
    cabin: Outline
    windows: tuple[tuple[float, float], ...]


MODELS = (
    Model(
        0.42, (3.6, 4.2), (1.65, 1.78), (1.42, 1.56), wheel=0.33, lamps=0.46,
        body=((0.5, 0.18), (0.5, 0.42), (0.46, 0.52), (0.2, 0.62), (-0.46, 0.64), (-0.5, 0.55), (-0.5, 0.18)),
        cabin=((0.24, 0.61), (0.06, 0.98), (0.0, 1.0), (-0.36, 0.98), (-0.46, 0.63)),
        windows=((0.2, -0.08), (-0.11, -0.4)),
    ),
    Model(
        0.24, (4.2, 4.8), (1.72, 1.85), (1.38, 1.48), wheel=0.33, lamps=0.46,
        body=((0.5, 0.18), (0.5, 0.42), (0.47, 0.52), (0.2, 0.62), (-0.34, 0.65), (-0.49, 0.62), (-0.5, 0.18)),
        cabin=((0.22, 0.61), (0.06, 0.98), (-0.18, 1.0), (-0.26, 0.96), (-0.38, 0.64)),
        windows=((0.18, -0.06), (-0.09, -0.33)),
    ),
    Model(
        0.16, (4.3, 4.9), (1.8, 1.95), (1.65, 1.85), wheel=0.37, lamps=0.46,
        body=((0.5, 0.22), (0.5, 0.5), (0.46, 0.56), (0.24, 0.6), (-0.49, 0.62), (-0.5, 0.56), (-0.5, 0.22)),
        cabin=((0.26, 0.59), (0.12, 0.97), (0.08, 1.0), (-0.46, 0.99), (-0.49, 0.61)),
        windows=((0.21, -0.06), (-0.09, -0.44)),
    ),
    Model(
        0.12, (4.8, 5.6), (1.9, 2.05), (1.9, 2.4), wheel=0.35, lamps=0.4,
        body=((0.5, 0.15), (0.5, 0.42), (0.44, 0.5), (-0.5, 0.52), (-0.5, 0.15)),
        cabin=((0.42, 0.5), (0.3, 0.97), (0.26, 1.0), (-0.49, 1.0), (-0.5, 0.5)),
        windows=((0.36, 0.2),),
    ),
    Model(
        0.06, (8.0, 11.0), (2.4, 2.5), (2.8, 3.3), wheel=0.5, lamps=0.25,
        body=((0.5, 0.1), (0.5, 0.42), (-0.5, 0.42), (-0.5, 0.1)),
        cabin=((0.5, 0.42), (0.49, 0.97), (0.47, 1.0), (-0.49, 1.0), (-0.5, 0.42)),
        windows=((0.46, 0.3), (0.28, 0.1), (0.08, -0.1), (-0.12, -0.28), (-0.3, -0.46)),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Panel:
    """A flat piece with its outward side, which says both whether it is seen and how it is lit. A fine one is left out
    from afar."""

    corners: Floats
    normal: Normal
    paint: str
    fine: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """One model at one size; ``corners`` are its panels' in a row."""

    length: float
    width: float
    height: float
    panels: tuple[Panel, ...]
    corners: Floats


def fleet(rng: np.random.Generator, count: int = 8) -> tuple[Shape, ...]:
    """The shapes that the cars of one street share."""
    shares = np.array([model.share for model in MODELS])
    return tuple(
        _shape(rng, MODELS[model]) for model in rng.choice(len(MODELS), count, p=shares / shares.sum()).tolist()
    )


def _shape(rng: np.random.Generator, model: Model) -> Shape:
    length, width, height = (between(rng, *span) for span in (model.length, model.width, model.height))
    panels = tuple(_mesh(model, length, width, height))
    return Shape(length, width, height, panels, np.concatenate([panel.corners for panel in panels]))


def _mesh(model: Model, length: float, width: float, height: float) -> Iterator[Panel]:
    """In the order in which they are drawn: the body and what is on it, the cabin and its panes."""
    body = [(f * length, y * height) for f, y in model.body]
    cabin = [(f * length, y * height) for f, y in model.cabin]
    half, foot, belt = width / 2, body[0][1], min(y for _, y in cabin)
    roof = half * (0.78 if height < 1.7 else 0.92)
    yield from _hull(body, half, half, 0, 1)
    for side in (-1, 1):
        for axle in (0.31, -0.3):
            yield _wheel(side * half, axle * length, model.wheel, model.wheel, "tyre", 12)
            yield _wheel(side * half * 1.01, axle * length, model.wheel, model.wheel * 0.55, "hub", 8)
        ends = ((length * 0.3, foot), (length * 0.3, foot + 0.1), (-length * 0.3, foot + 0.1), (-length * 0.3, foot))
        yield _panel([(side * half, y, f) for f, y in ends], "trim", fine=True, lift=0.01)
    low = model.lamps * height - 0.08
    for end, lamp in ((length / 2, "lamp"), (-length / 2, "tail")):
        yield _plate(0.0, foot, half * 0.96, 0.14, end, "trim")
        yield _plate(0.0, foot + 0.16, 0.27, 0.12, end, "plate")
        for side in (-1, 1):
            yield _plate(side * half * 0.74, low, half * 0.2, 0.16, end, lamp)
    house = list(_hull(cabin, half * 0.95, roof, belt, height))
    yield from house
    yield from (_pane(house[0], 0.1), _pane(house[-3], 0.14))
    for side in (-1, 1):
        for begin, end in model.windows:
            yield _side_window(side, (begin * length, end * length), (half * 0.95, roof), (belt, height), cabin)


def _panel(corners: list[Point], paint: str, fine: bool = False, lift: float = 0.0) -> Panel:
    """Corners so ordered that the outward side, away from the middle of the car, is the one drawn."""
    points = np.array(corners)
    (ax, ay, az), (bx, by, bz) = (points[1] - points[0]).tolist(), (points[2] - points[0]).tolist()
    normal = np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
    if float(normal @ (points.mean(0) - (0, 0.7, 0))) < 0:
        points, normal = points[::-1].copy(), -normal
    normal = normal / np.linalg.norm(normal)
    x, y, z = (float(part) for part in normal)
    return Panel(points + lift * normal, (x, y, z), paint, fine)


def _hull(outline: list[tuple[float, float]], low: float, high: float, base: float, top: float) -> Iterator[Panel]:
    """An outline drawn out to half widths ``low`` at height ``base`` and ``high`` at ``top``; its sides come last."""

    def half(y: float) -> float:
        return float(np.interp(y, (base, top), (low, high)))

    for (f0, y0), (f1, y1) in pairwise(outline):
        yield _panel([(-half(y0), y0, f0), (half(y0), y0, f0), (half(y1), y1, f1), (-half(y1), y1, f1)], "body")
    for side in (-1, 1):
        yield _panel([(side * half(y), y, f) for f, y in outline], "body")


def _pane(whole: Panel, rim: float) -> Panel:
    """The glass within a panel."""
    middle = whole.corners.mean(0)
    return Panel(middle + (whole.corners - middle) * (1 - rim), whole.normal, "glass")


def _wheel(x: float, at: float, centre: float, radius: float, paint: str, corners: int) -> Panel:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False).tolist()
    rim = [(x, centre + radius * float(np.sin(turn)), at + radius * float(np.cos(turn))) for turn in turns]
    return _panel(rim, paint, fine=paint == "hub", lift=0.01)


def _plate(x: float, foot: float, half: float, high: float, end: float, paint: str) -> Panel:
    corners = [(x - half, foot, end), (x + half, foot, end), (x + half, foot + high, end), (x - half, foot + high, end)]
    return _panel(corners, paint, fine=paint != "tail", lift=0.01)


def _side_window(
    side: int,
    stretch: tuple[float, float],
    halves: tuple[float, float],
    span: tuple[float, float],
    cabin: list[tuple[float, float]],
) -> Panel:
    """A pane on the leaning side of the cabin, drawn in where the cabin narrows to its roof."""
    (begin, end), (belt, height) = stretch, span
    low, high = belt + 0.12 * (height - belt), height - 0.14 * (height - belt)
    bottom, top = (side * float(np.interp(y, span, halves)) for y in (low, high))
    ahead, behind = min(begin, cabin[1][0] - 0.05), max(end, cabin[-2][0] + 0.05)
    corners = [(bottom, low, begin), (top, high, ahead), (top, high, behind), (bottom, low, end)]
    return _panel(corners, "glass", lift=0.01)
