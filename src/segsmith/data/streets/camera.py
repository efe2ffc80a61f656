"""Where the camera is in each frame, and how it sees points of the street.

A point of the street is (x, y, s): metres to the right of its middle line, above the ground, and along it. The
middle line bends; turning is a shear of the picture, which for the small angles of a ride along a street differs
little from a rotation and keeps one depth for each row of the ground.
"""

import math
from dataclasses import dataclass

import numpy as np

from segsmith.data.streets.chance import Floats, between, happens

RATE_HZ = 30.0
NEAR = 0.3
FAR = 130.0


@dataclass(frozen=True, slots=True)
class Bend:
    """How far the middle line swings to the side, as a wave along the street."""

    amplitude: float
    length: float
    phase: float

    def at(self, s: Floats) -> Floats:
        return self.amplitude * np.sin(s * (2 * math.pi / self.length) + self.phase)

    def here(self, s: float) -> float:
        return self.amplitude * math.sin(s * (2 * math.pi / self.length) + self.phase)

    def slope(self, s: float) -> float:
        turn = 2 * math.pi / self.length
        return self.amplitude * turn * math.cos(s * turn + self.phase)


@dataclass(frozen=True, slots=True)
class View:
    """The camera in one frame. Lengths of the picture are in pixels of the canvas. ``offset`` is the camera's x from a
    straight line, where ``x`` is that from the middle of the bending street."""

    height: int
    width: int
    focal: float
    horizon: float
    eye: float
    x: float
    offset: float
    s: float
    slope: float
    bend: Bend
    time: float

    def project(self, points: Floats) -> Floats:
        """(n, 3) street points to (n, 2) pixels. What lies behind the camera is drawn in to its near plane,
        which leaves lines along the street where they are."""
        depth = np.maximum(points[:, 2] - self.s, NEAR)
        aside = points[:, 0] + self.bend.at(depth + self.s) - self.offset - self.slope * depth
        scale = self.focal / depth
        pixels = np.empty((len(points), 2))
        pixels[:, 0] = aside * scale + (self.width / 2 - 0.5)
        pixels[:, 1] = (self.eye - points[:, 1]) * scale + (self.horizon - 0.5)
        return pixels

    def spot(self, x: float, s: float) -> tuple[float, float, float]:
        """Where a point of the ground before the camera is seen: column, row, and pixels for each metre there."""
        depth = s - self.s
        scale = self.focal / depth
        aside = x + self.bend.here(s) - self.offset - self.slope * depth
        return aside * scale + self.width / 2 - 0.5, self.eye * scale + self.horizon - 0.5, scale

    def depth(self, s: float) -> float:
        return s - self.s

    def distance(self, x: float, s: float) -> float:
        """Grows along every ray from the camera, so that drawing by it, far things first, hides what is hidden."""
        return (s - self.s) + abs(x - self.x)


@dataclass(frozen=True, slots=True)
class Ride:
    """The camera's way through one clip, at any time without the times before it."""

    eye: float
    focal: float
    horizon: float
    x: float
    speed: float
    surge: float
    sway: float
    shake: float
    phases: tuple[float, float, float, float]
    bend: Bend

    def way(self, time: float) -> float:
        return self.speed * time + self.surge * (math.sin(0.9 * time + self.phases[0]) - math.sin(self.phases[0]))

    def view(self, time: float, height: int, width: int) -> View:
        s, x = self.way(time), self.x + 0.15 * math.sin(0.8 * time + self.phases[1])
        yaw = self.sway * math.sin(1.3 * time + self.phases[1]) + self.shake * math.sin(17.0 * time + self.phases[2])
        pitch = 2.0 * self.shake * math.sin(11.0 * time + self.phases[3]) + self.shake * math.sin(4.0 * time)
        focal = self.focal * width
        return View(
            height=height,
            width=width,
            focal=focal,
            horizon=height * self.horizon + focal * pitch,
            eye=self.eye,
            x=x,
            offset=x + self.bend.here(s),
            s=s,
            slope=self.bend.slope(s) + yaw,
            bend=self.bend,
            time=time,
        )


def ride(rng: np.random.Generator) -> Ride:
    """A ride whose ``x`` is measured from the middle of its lane, as long as the street is not known."""
    bend = Bend(between(rng, 0.0, 7.0), between(rng, 160.0, 320.0), between(rng, 0.0, 2 * np.pi))
    speed = between(rng, 0.4, 2.5) if happens(rng, 0.2) else between(rng, 5.0, 13.0)
    phases = rng.uniform(0, 2 * np.pi, 4)
    return Ride(
        eye=between(rng, 1.25, 1.75),
        focal=between(rng, 0.95, 1.3),
        horizon=between(rng, 0.4, 0.52),
        x=between(rng, -0.4, 0.4),
        speed=speed,
        surge=between(rng, 0.0, 0.3) * min(speed, 1.0),
        sway=between(rng, 0.0, 0.035),
        shake=between(rng, 0.0003, 0.0022),
        phases=(float(phases[0]), float(phases[1]), float(phases[2]), float(phases[3])),
        bend=bend,
    )
