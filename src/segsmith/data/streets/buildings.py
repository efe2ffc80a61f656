"""Houses: a front, the side wall that faces the camera, a roof, chimneys."""

from dataclasses import dataclass

import numpy as np

from segsmith.data.streets import facades
from segsmith.data.streets.camera import FAR, NEAR, View
from segsmith.data.streets.chance import Floats, between, happens
from segsmith.data.streets.draw import Pen, fixed
from segsmith.data.streets.labels import BUILDING
from segsmith.data.streets.light import BACK, LEFT, RIGHT, UP, Normal
from segsmith.data.streets.plan import District, Plot
from segsmith.data.streets.textures import Noise, Texture

DEPTH = 10.0


@dataclass(frozen=True, slots=True)
class House:
    """``line`` is the front's distance from the street's middle, on ``side``."""

    side: int
    begin: float
    end: float
    line: float
    height: float
    ridge: float
    front: Texture
    flank: Texture
    roof: Texture
    chimneys: tuple[float, ...]

    def distance(self, view: View) -> float:
        """Of the farthest corner, since a front is long and all that stands before it is nearer."""
        far = view.distance(self.side * self.line, self.end)
        return max(far, view.distance(self.side * (self.line + DEPTH), self.begin))

    def seen(self, view: View) -> bool:
        return self.end > view.s + 1 and self.begin < view.s + FAR

    def draw(self, pen: Pen) -> None:
        x, back = self.side * self.line, self.side * (self.line + DEPTH)
        towards: Normal = LEFT if self.side > 0 else RIGHT
        begin, end, high = max(self.begin, pen.view.s + NEAR), self.end, self.height
        top, eave, ridge = x + self.side * DEPTH / 2, x - self.side * 0.3, high + self.ridge
        corners = pen.view.project(
            np.array(
                [[x, high, begin], [x, high, end], [x, 0, end], [x, 0, begin],
                 [x, high, begin], [back, high, begin], [back, 0, begin], [x, 0, begin],
                 [top, ridge, begin], [top, ridge, end], [eave, high, end], [eave, high, begin]]
            )
        )  # fmt: skip
        part = ((begin - self.begin) / (end - self.begin), 1.0)
        depth = (begin + end) / 2 - pen.view.s
        if self.begin > pen.view.s + 1:
            away = pen.light.matrix(BACK, self.begin - pen.view.s)
            pen.face(corners[4:8], self.flank, away, BUILDING)
            if self.ridge:
                gable = fixed(corners[[4, 8, 5]])
                pen.polygon(gable, pen.light.colour(self.flank.mean, BACK, self.begin - pen.view.s), BUILDING)
        pen.face(corners[:4], self.front, pen.light.matrix(towards, depth), BUILDING, part)
        if self.ridge:
            for at in self.chimneys:
                if pen.view.s + 2 < at < pen.view.s + FAR / 3:
                    self._chimney(pen, top, at, ridge)
            slope: Normal = (-0.5 * self.side, 0.85, 0.0)
            pen.face(corners[8:], self.roof, pen.light.matrix(slope, depth), BUILDING, part)

    def _chimney(self, pen: Pen, x: float, s: float, high: float) -> None:
        stack = np.array(
            [[x - 0.4, high + 1.1, s], [x + 0.4, high + 1.1, s], [x + 0.4, high - 1, s], [x - 0.4, high - 1, s]]
        )
        pen.polygon(fixed(pen.view.project(stack)), pen.light.colour((120, 80, 66), BACK, s - pen.view.s), BUILDING)
        cap = stack[[0, 1, 1, 0]] + np.array([[-0.05, 0.12, 0], [0.05, 0.12, 0], [0.05, 0, 0], [-0.05, 0, 0]])
        pen.polygon(fixed(pen.view.project(cap)), pen.light.colour((150, 140, 130), UP, s - pen.view.s), BUILDING)

    def shadow(self, fall: Floats) -> Floats:
        """Outline of the house and its shadow; ``fall`` is how far a shadow goes for each metre of height."""
        x, back = self.side * self.line, self.side * (self.line + DEPTH)
        base = np.array([[x, self.begin], [x, self.end], [back, self.end], [back, self.begin]])
        return np.concatenate([base, base + fall * self.height])


def house(rng: np.random.Generator, noise: Noise, plot: Plot, district: District, scale: float, dusk: bool) -> House:
    look = facades.style(rng, district.walls, district.storeys, district.shops, dusk)
    width = plot.end - plot.begin
    pitched = happens(rng, district.pitched)
    chimneys = (plot.begin + between(rng, 0.5, 1.5), plot.end - between(rng, 0.5, 1.5)) if happens(rng, 0.6) else ()
    return House(
        side=plot.side,
        begin=plot.begin,
        end=plot.end,
        line=plot.line + between(rng, *district.setback),
        height=look.height,
        ridge=between(rng, 1.5, 3.5) if pitched else 0.0,
        front=facades.front(rng, noise, look, width, scale),
        flank=facades.flank(rng, noise, look, DEPTH, scale),
        roof=facades.roof(rng, noise, width, 6.0, scale / 2),
        chimneys=chimneys,
    )
