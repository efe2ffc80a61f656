"""Cars, vans and buses: a body and a cabin, each a convex outline seen from the side and as wide as the car."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segsmith.data.streets.camera import FAR, View
from segsmith.data.streets.chance import Floats, Rgb, between, happens, pick
from segsmith.data.streets.draw import Pen, fixed
from segsmith.data.streets.light import Normal, lit
from segsmith.data.streets.motion import Course

CAR = 8
PAINTS: tuple[Rgb, ...] = (
    (186, 188, 190), (232, 232, 230), (34, 36, 40), (74, 78, 84), (140, 28, 30), (34, 58, 112), (120, 124, 128),
    (44, 74, 60), (196, 180, 150), (70, 110, 150), (206, 150, 40), (96, 40, 60),
)  # fmt: skip
Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Outlines as (forward, up) in shares of length and height, front first, counter-clockwise from the front's foot."""

    length: tuple[float, float]
    width: tuple[float, float]
    height: tuple[float, float]
    body: Outline
    cabin: Outline
    windows: tuple[tuple[float, float], ...]
    share: float


MODELS = (
    Model((3.6, 4.2), (1.65, 1.78), (1.42, 1.56),
          ((0.5, 0.18), (0.5, 0.42), (0.46, 0.52), (0.2, 0.62), (-0.46, 0.64), (-0.5, 0.55), (-0.5, 0.18)),
          ((0.24, 0.61), (0.06, 0.98), (0.0, 1.0), (-0.36, 0.98), (-0.46, 0.63)), ((0.2, -0.08), (-0.11, -0.4)), 0.42),
    Model((4.2, 4.8), (1.72, 1.85), (1.38, 1.48),
          ((0.5, 0.18), (0.5, 0.42), (0.47, 0.52), (0.2, 0.62), (-0.34, 0.65), (-0.49, 0.62), (-0.5, 0.18)),
          ((0.22, 0.61), (0.06, 0.98), (-0.18, 1.0), (-0.26, 0.96), (-0.38, 0.64)), ((0.18, -0.06), (-0.09, -0.33)), 0.24),
    Model((4.3, 4.9), (1.8, 1.95), (1.65, 1.85),
          ((0.5, 0.22), (0.5, 0.5), (0.46, 0.56), (0.24, 0.6), (-0.49, 0.62), (-0.5, 0.56), (-0.5, 0.22)),
          ((0.26, 0.59), (0.12, 0.97), (0.08, 1.0), (-0.46, 0.99), (-0.49, 0.61)), ((0.21, -0.06), (-0.09, -0.44)), 0.16),
    Model((4.8, 5.6), (1.9, 2.05), (1.9, 2.4),
          ((0.5, 0.15), (0.5, 0.42), (0.44, 0.5), (-0.5, 0.52), (-0.5, 0.15)),
          ((0.42, 0.5), (0.3, 0.97), (0.26, 1.0), (-0.49, 1.0), (-0.5, 0.5)), ((0.36, 0.2),), 0.12),
    Model((8.0, 11.0), (2.4, 2.5), (2.8, 3.3),
          ((0.5, 0.1), (0.5, 0.42), (-0.5, 0.42), (-0.5, 0.1)),
          ((0.5, 0.42), (0.49, 0.97), (0.47, 1.0), (-0.49, 1.0), (-0.5, 0.42)),
          ((0.46, 0.3), (0.28, 0.1), (0.08, -0.1), (-0.12, -0.28), (-0.3, -0.46)), 0.06),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Panel:
    """A flat piece with its outward side, which says both whether it is seen and how it is lit."""

    corners: Floats
    normal: Normal
    paint: str
    fine: bool = False


def _panel(corners: list[tuple[float, float, float]], paint: str, fine: bool = False, lift: float = 0.0) -> Panel:
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
    """An outline drawn out to half widths ``low`` at height ``base`` and ``high`` at ``top``."""

    def half(y: float) -> float:
        return float(np.interp(y, (base, top), (low, high)))

    for (f0, y0), (f1, y1) in zip(outline, outline[1:], strict=False):
        yield _panel([(-half(y0), y0, f0), (half(y0), y0, f0), (half(y1), y1, f1), (-half(y1), y1, f1)], "body")
    for side in (-1, 1):
        yield _panel([(side * half(y), y, f) for f, y in outline], "body")


def _pane(a: Panel, rim: float) -> Panel:
    """The glass within a panel."""
    middle = a.corners.mean(0)
    return Panel(middle + (a.corners - middle) * (1 - rim), a.normal, "glass")


def mesh(model: Model, length: float, width: float, height: float) -> tuple[Panel, ...]:
    body = [(f * length, y * height) for f, y in model.body]
    cabin = [(f * length, y * height) for f, y in model.cabin]
    half, roof = width / 2, width / 2 * 0.78 if height < 1.7 else width / 2 * 0.92
    belt = min(y for _, y in cabin)
    sides = list(_hull(body, half, half, 0, 1))
    house = list(_hull(cabin, half * 0.95, roof, belt, height))
    panes = [_pane(house[0], 0.1), _pane(house[-3], 0.14)]
    front, back, foot = length / 2, -length / 2, body[0][1]
    wheel = 0.33 if height < 2.5 else 0.5
    parts = [*sides]
    for side in (-1, 1):
        for axle in (0.31, -0.3):
            parts.append(_wheel(side * half, axle * length, wheel, "tyre", 12))
            parts.append(_wheel(side * half * 1.01, axle * length, wheel * 0.55, "hub", 8))
        sill = [(side * half, foot, front * 0.6), (side * half, foot + 0.1, front * 0.6)]
        sill += [(side * half, foot + 0.1, back * 0.6), (side * half, foot, back * 0.6)]
        parts.append(_panel(sill, "trim", fine=True, lift=0.01))
    for end, lamp in ((front, "lamp"), (back, "tail")):
        low = 0.46 * height if height < 2.5 else 0.25 * height
        parts.append(_plate(0.0, foot, half * 0.96, 0.14, end, "trim"))
        parts.append(_plate(0.0, foot + 0.16, 0.27, 0.12, end, "plate"))
        parts.extend(_plate(side * half * 0.74, low - 0.08, half * 0.2, 0.16, end, lamp) for side in (-1, 1))
    parts += [*house, *panes]
    for side in (-1, 1):
        low, high = belt + 0.12 * (height - belt), height - 0.14 * (height - belt)
        for begin, end in model.windows:
            parts.append(_side_window(side, begin * length, end * length, low, high, (half * 0.95, roof), (belt, height), cabin))
    return tuple(parts)


def _wheel(x: float, at: float, radius: float, paint: str, corners: int) -> Panel:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    rim = [(x, radius * (1 + float(np.sin(turn)) * 0.98), at + radius * float(np.cos(turn))) for turn in turns]
    if paint == "hub":
        rim = [(px, py - radius + 0.33 if radius < 0.2 else py - radius + 0.5, pf) for px, py, pf in rim]
    return _panel(rim, paint, fine=paint == "hub", lift=0.01)


def _plate(x: float, foot: float, half: float, high: float, end: float, paint: str) -> Panel:
    corners = [(x - half, foot, end), (x + half, foot, end), (x + half, foot + high, end), (x - half, foot + high, end)]
    return _panel(corners, paint, fine=paint != "tail", lift=0.01)


def _side_window(
    side: int, begin: float, end: float, low: float, high: float, halves: tuple[float, float], span: tuple[float, float],
    cabin: list[tuple[float, float]],
) -> Panel:  # fmt: skip
    """A pane on the leaning side of the cabin, drawn in where the cabin narrows to its roof."""
    bottom, top = (side * float(np.interp(y, span, halves)) for y in (low, high))
    ahead, behind = cabin[1][0] - 0.05, cabin[-2][0] + 0.05
    return _panel(
        [(bottom, low, begin), (top, high, min(begin, ahead)), (top, high, max(end, behind)), (bottom, low, end)],
        "glass",
        lift=0.01,
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """One model at one size; ``corners`` are its panels' in a row."""

    length: float
    width: float
    height: float
    panels: tuple[Panel, ...]
    corners: Floats


@dataclass(frozen=True, slots=True)
class Car:
    course: Course
    shape: Shape
    paint: Rgb
    braking: bool

    def distance(self, view: View) -> float:
        x, s = self.course.at(view.time)
        return view.distance(x, s)

    def seen(self, view: View) -> bool:
        _, s = self.course.at(view.time)
        return view.s - 1.0 < s < view.s + FAR

    def draw(self, pen: Pen) -> None:
        depth = max(pen.view.depth(self.course.at(pen.time)[1]), 0.5)
        pixels = pen.view.project(self.course.placed(self.shape.corners, pen.time))
        size = pen.view.focal / depth * self.shape.height
        self._dark(pen, depth)
        shapes, plain = fixed(pixels), pixels.tolist()
        paints, veil = self._paints(pen), pen.light.veil(depth)
        gains: dict[Normal, Rgb] = {}
        start = 0
        for panel in self.shape.panels:
            stop = start + len(panel.corners)
            if (size > 24 or not panel.fine) and _faces(plain[start : start + 3]):
                if panel.normal not in gains:
                    gains[panel.normal] = pen.light.gain(self.course.turned(panel.normal))
                pen.polygon(shapes[start:stop], lit(paints[panel.paint], gains[panel.normal], pen.light.air, veil), CAR)
            start = stop

    def _paints(self, pen: Pen) -> dict[str, Rgb]:
        air = pen.light.air
        return {
            "body": self.paint,
            "glass": (18 + 0.16 * air[0], 22 + 0.17 * air[1], 26 + 0.18 * air[2]),
            "tyre": (26.0, 26.0, 27.0),
            "hub": (128.0, 130.0, 132.0),
            "trim": (40.0, 41.0, 43.0),
            "plate": (214.0, 206.0, 160.0),
            "lamp": (900.0, 880.0, 800.0) if pen.light.dusk else (210.0, 212.0, 210.0),
            "tail": (520.0, 40.0, 36.0) if self.braking or pen.light.dusk else (146.0, 26.0, 28.0),
        }

    def _dark(self, pen: Pen, depth: float) -> None:
        """What is under a car is never lit."""
        half, end = self.shape.width / 2 * 0.96, self.shape.length / 2 * 0.97
        under = np.array([[-half, 0, -end], [half, 0, -end], [half, 0, end], [-half, 0, end]])
        shape = fixed(pen.view.project(self.course.placed(under, pen.time)))
        pen.polygon(shape, pen.light.colour((22, 22, 24), (0, 1, 0), depth))

    def shadow(self, fall: Floats, time: float = 0.0) -> Floats:
        half, end = self.shape.width / 2, self.shape.length / 2
        foot = np.array([[-half, 0, -end], [half, 0, -end], [half, 0, end], [-half, 0, end]])
        base = self.course.placed(foot, time)[:, [0, 2]]
        return np.concatenate([base, base + fall * self.shape.height])


def _faces(corners: list[list[float]]) -> bool:
    (x0, y0), (x1, y1), (x2, y2) = corners
    return (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0) > 0


def fleet(rng: np.random.Generator, count: int = 12) -> tuple[Shape, ...]:
    """The shapes that the cars of one street share, the large ones last."""
    shares = np.array([model.share for model in MODELS])
    return tuple(_shape(rng, MODELS[model]) for model in sorted(rng.choice(len(MODELS), count, p=shares).tolist()))


def _shape(rng: np.random.Generator, model: Model) -> Shape:
    length, width, height = (between(rng, *span) for span in (model.length, model.width, model.height))
    panels = mesh(model, length, width, height)
    return Shape(length, width, height, panels, np.concatenate([panel.corners for panel in panels]))


def car(rng: np.random.Generator, course: Course, shapes: tuple[Shape, ...]) -> Car:
    return Car(course, shapes[int(rng.integers(len(shapes)))], pick(rng, PAINTS), happens(rng, 0.4))
