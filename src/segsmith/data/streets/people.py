"""People on foot and on bicycles: limbs between joints, walking and pedalling."""

from dataclasses import dataclass

import numpy as np

from segsmith.data.streets.camera import FAR, View
from segsmith.data.streets.chance import Floats, Rgb, between, happens, pick
from segsmith.data.streets.draw import Dot, Pen, dots, fixed
from segsmith.data.streets.labels import BICYCLIST, PEDESTRIAN
from segsmith.data.streets.light import Normal
from segsmith.data.streets.motion import Course

SKINS: tuple[Rgb, ...] = ((224, 182, 156), (198, 148, 116), (140, 96, 70), (88, 60, 46))
CLOTHES: tuple[Rgb, ...] = (
    (40, 42, 52), (62, 66, 78), (150, 40, 44), (54, 84, 130), (196, 186, 166), (86, 96, 66), (214, 210, 204),
    (120, 96, 76), (28, 28, 30), (206, 150, 60), (110, 60, 96), (60, 120, 120),
)  # fmt: skip
TROUSERS: tuple[Rgb, ...] = ((44, 52, 76), (34, 34, 38), (94, 86, 74), (120, 120, 124), (70, 58, 48))
HAIR: tuple[Rgb, ...] = ((48, 36, 28), (24, 22, 22), (150, 116, 70), (150, 148, 146))
METAL: tuple[Rgb, ...] = ((40, 42, 46), (150, 36, 38), (38, 70, 120), (170, 172, 174))
BRIGHT: tuple[Rgb, ...] = ((210, 220, 60), (226, 110, 40), (60, 70, 90), (180, 40, 60), (230, 228, 222))
_LIT: Normal = (0.0, 0.45, -0.7)
_SPOKES = 16
_FAR = 26.0
"""Pixels of height under which a figure is drawn with fewer strokes."""


@dataclass(frozen=True, slots=True)
class Wear:
    skin: Rgb
    hair: Rgb
    coat: Rgb
    trousers: Rgb
    bag: bool
    skirt: bool


@dataclass(frozen=True, slots=True)
class Walker:
    """Standing where its course has no speed."""

    course: Course
    height: float
    wear: Wear
    phase: float
    pace: float

    def distance(self, view: View) -> float:
        x, s = self.course.at(view.time)
        return view.distance(x, s)

    def seen(self, view: View) -> bool:
        return view.s + 0.8 < self.course.at(view.time)[1] < view.s + 0.34 * FAR

    def draw(self, pen: Pen) -> None:
        depth = pen.view.depth(self.course.at(pen.time)[1])
        swing = float(np.sin(self.phase + self.pace * pen.time)) * (0.2 if self.pace else 0.05)
        joints = np.concatenate([_walking(swing), _COATS[self.wear.skirt]]) * self.height
        pixels = pen.view.project(self.course.placed(joints, pen.time))
        at = dots(pixels)
        scale = pen.view.focal / depth * self.height
        wear = self.wear
        if scale < _FAR:
            _far(pen, [at[j] for j in (10, 17, 16, 4, 5)], scale, self.wear, depth, PEDESTRIAN)
            return
        coat, trousers, skin, hair, dark = (
            pen.light.colour(colour, _LIT, depth)
            for colour in (wear.coat, wear.trousers, wear.skin, wear.hair, (34, 30, 28))
        )
        label = PEDESTRIAN
        for hip, knee, foot, toe in ((0, 2, 4, 6), (1, 3, 5, 7)):
            pen.stroke(at[hip], at[knee], 0.088 * scale, trousers, label)
            pen.stroke(at[knee], at[foot], 0.066 * scale, trousers, label)
            pen.stroke(at[foot], at[toe], 0.045 * scale, dark, label)
        pen.stroke(at[8], at[12], 0.055 * scale, coat, label)
        pen.stroke(at[12], at[14], 0.048 * scale, coat, label)
        pen.polygon(fixed(pixels[-4:]), coat, label)
        pen.stroke(at[16], at[17], 0.17 * scale, coat, label)
        if wear.bag:
            pen.stroke(at[18], at[18], 0.15 * scale, pen.light.colour(wear.trousers, (0, 1, 0), depth), label)
        pen.stroke(at[9], at[13], 0.055 * scale, _darker(coat, 0.85), label)
        pen.stroke(at[13], at[15], 0.048 * scale, _darker(coat, 0.85), label)
        pen.disc(at[15], 0.022 * scale, skin, label)
        pen.stroke(at[17], at[10], 0.05 * scale, skin, label)
        pen.disc(at[10], 0.062 * scale, skin, label)
        pen.disc(at[11], 0.056 * scale, hair, label)

    def shadow(self, fall: Floats, time: float = 0.0) -> Floats:
        return _shadow(self.course, fall, time, 0.22, 0.2, self.height)


def _far(pen: Pen, joints: list[Dot], scale: float, wear: Wear, depth: float, label: int) -> None:
    """Head, neck, waist and two feet, or hubs: all that is left of a figure far away."""
    head, neck, waist, *feet = joints
    coat, trousers, skin = (pen.light.colour(colour, _LIT, depth) for colour in (wear.coat, wear.trousers, wear.skin))
    for foot in feet:
        pen.stroke(waist, foot, 0.08 * scale, trousers, label)
    pen.stroke(waist, neck, 0.24 * scale, coat, label)
    pen.disc(head, 0.065 * scale, skin, label)


def _darker(colour: Rgb, gain: float) -> Rgb:
    return colour[0] * gain, colour[1] * gain, colour[2] * gain


def _walking(swing: float) -> Floats:
    """Hips, knees, feet, toes, shoulders, head, hair, elbows, hands, waist, neck, bag; (right, up, forward)."""
    bent = 0.05 * abs(swing) / 0.2
    joints = [
        [-0.05, 0.51, 0.0], [0.05, 0.51, 0.0],
        [-0.05, 0.28, 0.55 * swing + bent], [0.05, 0.28, -0.55 * swing + bent],
        [-0.055, 0.03 + 0.2 * max(-swing, 0), swing], [0.055, 0.03 + 0.2 * max(swing, 0), -swing],
        [-0.055, 0.015, swing + 0.09], [0.055, 0.015, 0.09 - swing],
        [-0.115, 0.8, 0.0], [0.115, 0.8, 0.0],
        [0.0, 0.92, 0.015], [0.0, 0.945, -0.012],
        [-0.14, 0.64, -0.4 * swing], [0.14, 0.64, 0.4 * swing],
        [-0.13, 0.5, -0.7 * swing + 0.05], [0.13, 0.5, 0.7 * swing + 0.05],
        [0.0, 0.58, 0.0], [0.0, 0.76, 0.0], [0.02, 0.68, -0.11],
    ]  # fmt: skip
    return np.array(joints)


_COATS = {
    skirt: np.array([[-0.125, 0.82, -0.03], [0.125, 0.82, 0.03], [flare, hem, 0.05], [-flare, hem, -0.05]])
    for skirt, hem, flare in ((True, 0.3, 0.13), (False, 0.47, 0.09))
}
"""A flat outline by whether it is a skirt; it lies across and a little along, so that it is not lost from the side."""


def _shadow(course: Course, fall: Floats, time: float, half: float, end: float, height: float) -> Floats:
    foot = np.array([[-half, 0, -end], [half, 0, -end], [half, 0, end], [-half, 0, end]])
    base = course.placed(foot, time)[:, [0, 2]]
    return np.concatenate([base, base + fall * height])


@dataclass(frozen=True, slots=True)
class Cyclist:
    course: Course
    size: float
    wear: Wear
    frame: Rgb
    helmet: bool
    phase: float
    pace: float

    def distance(self, view: View) -> float:
        x, s = self.course.at(view.time)
        return view.distance(x, s)

    def seen(self, view: View) -> bool:
        return view.s + 1.2 < self.course.at(view.time)[1] < view.s + 0.34 * FAR

    def draw(self, pen: Pen) -> None:
        depth = pen.view.depth(self.course.at(pen.time)[1])
        turn = self.phase + self.pace * pen.time
        joints = np.concatenate([_riding(turn), _WHEELS]) * self.size
        pixels = pen.view.project(self.course.placed(joints, pen.time))
        at = dots(pixels)
        scale = pen.view.focal / depth * self.size
        wear, label = self.wear, BICYCLIST
        if 1.6 * scale < _FAR:
            _far(pen, [at[j] for j in (15, 8, 7, 0, 1)], 1.6 * scale, wear, depth, label)
            return
        coat, trousers, skin, top, frame, tyre = (
            pen.light.colour(colour, _LIT, depth)
            for colour in (
                wear.coat,
                wear.trousers,
                wear.skin,
                self.frame if self.helmet else wear.hair,
                self.frame,
                (30, 30, 32),
            )
        )
        for rim in (pixels[-2 * _SPOKES : -_SPOKES], pixels[-_SPOKES:]):
            pen.ring(fixed(rim), 0.05 * scale, tyre, label)
        for start, end in ((0, 2), (0, 3), (2, 3), (3, 4), (2, 4), (4, 1), (0, 2)):
            pen.stroke(at[start], at[end], 0.045 * scale, frame, label)
        pen.stroke(at[5], at[6], 0.045 * scale, tyre, label)
        for knee, foot in ((9, 11), (10, 12)):
            pen.stroke(at[7], at[knee], 0.15 * scale, trousers, label)
            pen.stroke(at[knee], at[foot], 0.11 * scale, trousers, label)
        pen.stroke(at[7], at[8], 0.34 * scale, coat, label)
        for shoulder, hand in ((13, 5), (14, 6)):
            pen.stroke(at[8], at[shoulder], 0.14 * scale, coat, label)
            pen.stroke(at[shoulder], at[hand], 0.09 * scale, coat, label)
        pen.stroke(at[8], at[15], 0.1 * scale, skin, label)
        pen.disc(at[15], 0.105 * scale, skin, label)
        pen.disc(at[16], 0.1 * scale, top, label)

    def shadow(self, fall: Floats, time: float = 0.0) -> Floats:
        return _shadow(self.course, fall, time, 0.15, 0.8, 1.5 * self.size)


def _wheel(at: float, radius: float = 0.34) -> Floats:
    turns = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    return np.stack([np.zeros(_SPOKES), radius + radius * np.sin(turns), at + radius * np.cos(turns)], 1)


_WHEELS = np.concatenate([_wheel(-0.52), _wheel(0.52)])


def _riding(turn: float) -> Floats:
    """Hubs, saddle post, pedals' axle, head tube, handlebar ends, hip, neck, knees, feet, shoulders, head, its top."""
    feet = [
        [side * 0.1, 0.3 + 0.17 * np.sin(turn + rest), 0.17 * np.cos(turn + rest)]
        for side, rest in ((-1, 0.0), (1, np.pi))
    ]
    knees = [[foot[0], 0.5 * (foot[1] + 0.95) + 0.06, 0.5 * (foot[2] - 0.18) + 0.24] for foot in feet]
    joints = [
        [0, 0.34, -0.52], [0, 0.34, 0.52], [0, 0.88, -0.2], [0, 0.3, 0.0], [0, 0.9, 0.38],
        [-0.26, 1.02, 0.42], [0.26, 1.02, 0.42], [0, 0.98, -0.2], [0, 1.42, 0.12],
        *knees, *feet, [-0.2, 1.38, 0.12], [0.2, 1.38, 0.12], [0, 1.58, 0.2], [0, 1.63, 0.17],
    ]  # fmt: skip
    return np.array(joints, np.float64)


def wear(rng: np.random.Generator, bright: float = 0.0) -> Wear:
    return Wear(
        skin=pick(rng, SKINS),
        hair=pick(rng, HAIR),
        coat=pick(rng, BRIGHT if happens(rng, bright) else CLOTHES),
        trousers=pick(rng, TROUSERS),
        bag=happens(rng, 0.3),
        skirt=happens(rng, 0.3),
    )


def walker(rng: np.random.Generator, course: Course) -> Walker:
    height = between(rng, 1.1, 1.4) if happens(rng, 0.1) else between(rng, 1.55, 1.9)
    speed = float(np.hypot(course.vx, course.vs))
    return Walker(course, height, wear(rng), between(rng, 0, 2 * np.pi), 4.6 * speed)


def cyclist(rng: np.random.Generator, course: Course) -> Cyclist:
    pace = 1.6 * float(np.hypot(course.vx, course.vs))
    phase = between(rng, 0, 2 * np.pi)
    return Cyclist(course, between(rng, 0.95, 1.08), wear(rng, 0.5), pick(rng, METAL), happens(rng, 0.5), phase, pace)
