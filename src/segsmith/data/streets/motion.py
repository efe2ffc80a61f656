"""How things move: evenly, from where they are at time 0, so that any moment is known without the ones before it."""

import math
from dataclasses import dataclass

import numpy as np

from segsmith.data.streets.chance import Floats


@dataclass(frozen=True, slots=True)
class Course:
    x: float
    s: float
    vx: float = 0.0
    vs: float = 0.0
    heading: float = 0.0
    """Radians from the direction of the street, clockwise from above."""

    def at(self, time: float) -> tuple[float, float]:
        return self.x + self.vx * time, self.s + self.vs * time

    def placed(self, points: Floats, time: float) -> Floats:
        """(n, 3) points of a thing, (to its right, up, forward), where they are in the street."""
        x, s = self.at(time)
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        turned = np.empty_like(points)
        turned[:, 0] = points[:, 0] * cos + points[:, 2] * sin + x
        turned[:, 1] = points[:, 1]
        turned[:, 2] = points[:, 2] * cos - points[:, 0] * sin + s
        return turned

    def turned(self, normal: tuple[float, float, float]) -> tuple[float, float, float]:
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        return normal[0] * cos + normal[2] * sin, normal[1], normal[2] * cos - normal[0] * sin


def course(x: float, s: float, vx: float = 0.0, vs: float = 0.0, heading: float | None = None) -> Course:
    """Looking where it goes unless said otherwise."""
    return Course(x, s, vx, vs, math.atan2(vx, vs) if heading is None else heading)
