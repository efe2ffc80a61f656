"""Cars on the street, parked and driving."""

from dataclasses import dataclass

import numpy as np

from segsmith.data.streets.camera import FAR, View
from segsmith.data.streets.chance import Floats, Rgb, happens, pick
from segsmith.data.streets.draw import Pen, fixed
from segsmith.data.streets.labels import CAR
from segsmith.data.streets.light import UP, Normal, lit
from segsmith.data.streets.models import Shape
from segsmith.data.streets.motion import Course

PAINTS: tuple[Rgb, ...] = (
    (186, 188, 190), (232, 232, 230), (34, 36, 40), (74, 78, 84), (140, 28, 30), (34, 58, 112), (120, 124, 128),
    (44, 74, 60), (196, 180, 150), (70, 110, 150), (206, 150, 40), (96, 40, 60),
)  # fmt: skip
_FINE = 24.0
"""Pixels of height under which fine panels are left out."""


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
        self._underneath(pen, depth)
        pixels = pen.view.project(self.course.placed(self.shape.corners, pen.time))
        fine = pen.view.focal / depth * self.shape.height > _FINE
        shapes, plain = fixed(pixels), pixels.tolist()
        paints, veil = self._paints(pen), pen.light.veil(depth)
        gains: dict[Normal, Rgb] = {}
        start = 0
        for panel in self.shape.panels:
            stop = start + len(panel.corners)
            if (fine or not panel.fine) and _faces(plain[start : start + 3]):
                if panel.normal not in gains:
                    gains[panel.normal] = pen.light.gain(self.course.turned(panel.normal))
                colour = lit(paints[panel.paint], gains[panel.normal], pen.light.air, veil)
                pen.polygon(shapes[start:stop], colour, CAR)
            start = stop

    def _paints(self, pen: Pen) -> dict[str, Rgb]:
        """Glass mirrors the sky; lamps are brighter than anything the light of dusk falls on."""
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

    def _underneath(self, pen: Pen, depth: float) -> None:
        """Where no light comes."""
        shape = fixed(pen.view.project(self.course.placed(self._foot(0.96), pen.time)))
        pen.polygon(shape, pen.light.colour((22, 22, 24), UP, depth))

    def _foot(self, share: float) -> Floats:
        half, end = self.shape.width / 2 * share, self.shape.length / 2 * share
        return np.array([[-half, 0, -end], [half, 0, -end], [half, 0, end], [-half, 0, end]])

    def shadow(self, fall: Floats, time: float = 0.0) -> Floats:
        base = self.course.placed(self._foot(1.0), time)[:, [0, 2]]
        return np.concatenate([base, base + fall * self.shape.height])


def _faces(corners: list[list[float]]) -> bool:
    """Whether they go round clockwise in the picture, which only the outward side does."""
    (x0, y0), (x1, y1), (x2, y2) = corners
    return (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0) > 0


def car(rng: np.random.Generator, course: Course, shapes: tuple[Shape, ...]) -> Car:
    return Car(course, shapes[int(rng.integers(len(shapes)))], pick(rng, PAINTS), happens(rng, 0.4))
