"""Posts and what hangs on them: street lamps, traffic lights, signs, bollards; and bins, which have no class."""

from dataclasses import dataclass

import numpy as np

from segsmith.data.base import VOID
from segsmith.data.streets.camera import FAR, View
from segsmith.data.streets.chance import Floats, Rgb, between, happens, pick
from segsmith.data.streets.draw import SAMPLES, Pen, dots, fixed
from segsmith.data.streets.labels import POLE, SIGN
from segsmith.data.streets.light import BACK, UP

METALS: tuple[Rgb, ...] = ((96, 100, 102), (150, 152, 152), (52, 56, 58), (36, 58, 46), (196, 194, 186), (110, 88, 66))
INKS: tuple[Rgb, ...] = ((236, 234, 226), (30, 30, 34))
RED, WHITE, BLUE, GREEN, YELLOW, BLACK = (
    (196.0, 30.0, 36.0), (236.0, 236.0, 232.0), (28.0, 70.0, 160.0), (24.0, 106.0, 66.0), (236.0, 190.0, 40.0),
    (28.0, 28.0, 30.0),
)  # fmt: skip
Shape = tuple[tuple[float, float], ...]


def _round(corners: int, radius: float) -> Shape:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False) + np.pi / corners
    return tuple((radius * float(np.cos(turn)), radius * float(np.sin(turn))) for turn in turns)


def _box(half_width: float, half_height: float, x: float = 0.0, y: float = 0.0) -> Shape:
    return (
        (x - half_width, y + half_height),
        (x + half_width, y + half_height),
        (x + half_width, y - half_height),
        (x - half_width, y - half_height),
    )


def _triangle(size: float) -> Shape:
    return ((0.0, 0.62 * size), (0.56 * size, -0.36 * size), (-0.56 * size, -0.36 * size))


@dataclass(frozen=True, slots=True)
class Board:
    """Flat shapes one upon another, turned to the camera, the first of them the outline. Metres from its middle."""

    y: float
    shapes: tuple[tuple[Shape, Rgb], ...]
    glows: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """An upright with boards, and perhaps an arm that ends in a lamp."""

    x: float
    s: float
    height: float
    radius: float
    colour: Rgb
    arm: float = 0.0
    boards: tuple[Board, ...] = ()
    label: int = POLE

    def distance(self, view: View) -> float:
        return view.distance(self.x, self.s)

    def seen(self, view: View) -> bool:
        return view.s + 1.0 < self.s < view.s + (0.44 if self.height > 4 else 0.34) * FAR

    def draw(self, pen: Pen) -> None:
        depth = pen.view.depth(self.s)
        x, foot, scale = pen.view.spot(self.x, self.s)
        if not -2 * scale < x < pen.view.width + 2 * scale:
            return
        wide, top = max(self.radius * scale, SAMPLES / 2), foot - self.height * scale
        if self.height:
            self._upright(pen, x, foot, top, wide, depth)
        if self.arm:
            self._lamp(pen, np.array([x, top]), scale, wide, depth)
        for board in self.boards:
            self._board(pen, board, np.array([x, foot - board.y * scale]), scale, depth)

    def _upright(self, pen: Pen, x: float, foot: float, top: float, wide: float, depth: float) -> None:
        """A dark and a light strip, the whole no thinner than the mask can keep."""
        slim = (0.8 if self.height > 4 else 1.0) * wide
        whole = fixed(np.array([[x - slim, top], [x + slim, top], [x + wide, foot], [x - wide, foot]]))
        pen.polygon(whole, pen.light.colour(self.colour, (-0.8, 0.0, -0.6), depth), self.label)
        if wide > SAMPLES:
            half = fixed(np.array([[x, top], [x + slim, top], [x + wide, foot], [x, foot]]))
            pen.polygon(half, pen.light.colour(self.colour, (0.8, 0.0, -0.6), depth), self.label)

    def _lamp(self, pen: Pen, top: Floats, scale: float, wide: float, depth: float) -> None:
        tip = top + np.array([self.arm * scale, -0.15 * scale])
        glow = (255.0, 226.0, 150.0) if pen.light.dusk else pen.light.colour((190, 190, 184), BACK, depth)
        end = tip + np.array([np.sign(self.arm) * 0.5 * scale, 0.0])
        start, bend, stop = dots(np.stack([top, tip, end]))
        pen.stroke(start, bend, 1.2 * wide, pen.light.colour(self.colour, UP, depth), self.label)
        pen.stroke(bend, stop, max(0.16 * scale, wide), glow, self.label)

    def _board(self, pen: Pen, board: Board, middle: Floats, scale: float, depth: float) -> None:
        for order, (shape, colour) in enumerate(board.shapes):
            pixels = middle + np.array(shape) * (scale, -scale)
            if order and np.ptp(pixels[:, 0]) < 1.5:
                continue
            shade = colour if board.glows and order else pen.light.colour(colour, BACK, depth)
            pen.polygon(fixed(pixels), shade, SIGN)

    def shadow(self, fall: Floats) -> Floats:
        base = np.array([[self.x - self.radius, self.s], [self.x + self.radius, self.s]])
        return np.concatenate([base, base + fall * self.height])


@dataclass(frozen=True, slots=True)
class Bin:
    """Litter bins, boxes, sacks: nothing that has a class."""

    x: float
    s: float
    width: float
    height: float
    colour: Rgb

    def distance(self, view: View) -> float:
        return view.distance(self.x, self.s)

    def seen(self, view: View) -> bool:
        return view.s + 1.0 < self.s < view.s + 0.5 * FAR

    def draw(self, pen: Pen) -> None:
        depth, half, high = pen.view.depth(self.s), self.width / 2, self.height
        front = np.array([[self.x - half, 0, self.s], [self.x + half, 0, self.s], [self.x + half, high, self.s],
                          [self.x - half, high, self.s], [self.x + half, high, self.s + self.width],
                          [self.x - half, high, self.s + self.width]])  # fmt: skip
        pixels = fixed(pen.view.project(front))
        pen.polygon(pixels[:4], pen.light.colour(self.colour, BACK, depth), VOID)
        pen.polygon(pixels[2:], pen.light.colour(self.colour, UP, depth), VOID)
        band = np.array([[self.x - half, 0.7 * high, self.s], [self.x + half, 0.7 * high, self.s],
                         [self.x + half, 0.8 * high, self.s], [self.x - half, 0.8 * high, self.s]])  # fmt: skip
        pen.polygon(fixed(pen.view.project(band)), pen.light.colour(INKS[0], BACK, depth), VOID)

    def shadow(self, fall: Floats) -> Floats:
        half = self.width / 2
        base = np.array([[self.x - half, self.s], [self.x + half, self.s], [self.x, self.s + self.width]])
        return np.concatenate([base, base + fall * self.height])


def lamp(rng: np.random.Generator, x: float, s: float) -> Post:
    arm = -np.sign(x) * between(rng, 0.6, 1.8)
    return Post(x, s, between(rng, 5.0, 8.5), between(rng, 0.12, 0.22), pick(rng, METALS), arm=float(arm))


def bollard(rng: np.random.Generator, x: float, s: float, colour: Rgb) -> Post:
    return Post(x, s, between(rng, 0.9, 1.15), 0.13, colour)


def traffic_light(rng: np.random.Generator, x: float, s: float) -> Post:
    y, on = between(rng, 2.4, 3.0), int(rng.integers(3))
    lamps = tuple(
        (
            tuple((px, py + 0.3 - 0.3 * place) for px, py in _round(10, 0.11)),
            colour if place == on else (52.0, 40.0, 38.0),
        )
        for place, colour in enumerate(((255.0, 50.0, 40.0), (255.0, 190.0, 40.0), (60.0, 240.0, 120.0)))
    )
    back = ((_box(0.24, 0.56), BLACK), *lamps)
    return Post(x, s, y + 0.7, 0.11, pick(rng, METALS), boards=(Board(y, back, glows=True),))


def sign_post(rng: np.random.Generator, x: float, s: float) -> Post:
    """A post with one or two traffic signs, or a larger board with directions."""
    y, size = between(rng, 2.0, 2.8), between(rng, 0.36, 0.55)
    boards = [Board(y, _sign(rng, size))]
    if happens(rng, 0.35):
        boards.append(Board(y - 1.9 * size, _plate(rng, size * 0.8, size * 0.5)))
    if happens(rng, 0.25):
        boards = [Board(y + 0.3, _plate(rng, between(rng, 0.7, 1.2), between(rng, 0.4, 0.8)))]
    return Post(x, s, y + 0.3, between(rng, 0.06, 0.11), pick(rng, METALS), boards=tuple(boards))


def placard(rng: np.random.Generator, x: float, s: float) -> Post:
    """An advertisement that stands on the pavement."""
    half, high = between(rng, 0.3, 0.65), between(rng, 0.5, 0.95)
    return Post(x, s, 0.0, 0.05, BLACK, boards=(Board(high + 0.1, _plate(rng, half, high)),))


def _sign(rng: np.random.Generator, size: float) -> tuple[tuple[Shape, Rgb], ...]:
    ink = tuple((_box(size * 0.1, size * 0.3, dx * size), BLACK) for dx in (-0.2, 0.2)[: int(rng.integers(1, 3))])
    bar = ((_box(size * 0.6, size * 0.16), WHITE),)
    kinds: tuple[tuple[tuple[Shape, Rgb], ...], ...] = (
        ((_round(14, size), RED), (_round(14, 0.74 * size), WHITE), *ink),
        ((_triangle(2 * size), RED), (_triangle(1.45 * size), WHITE), *ink),
        ((_round(14, size), BLUE), (_box(size * 0.14, size * 0.55), WHITE)),
        ((_round(14, size), RED), *bar),
        ((_round(8, size), RED), *bar),
        ((_box(0.8 * size, 0.8 * size), BLUE), (_box(0.3 * size, 0.5 * size), WHITE)),
        ((_round(4, size), YELLOW), (_round(4, 0.6 * size), WHITE)),
    )
    return kinds[int(rng.integers(len(kinds)))]


def _plate(rng: np.random.Generator, half: float, high: float) -> tuple[tuple[Shape, Rgb], ...]:
    """A board with lines of writing."""
    ground = (WHITE, BLUE, GREEN, YELLOW, RED, pick(rng, METALS))[int(rng.integers(6))]
    ink = WHITE if sum(ground) < 420 else BLACK
    lines = tuple((_box(half * between(rng, 0.4, 0.8), high * 0.09, 0.0, high * y), ink) for y in (-0.55, -0.1, 0.35))
    head = (
        ((_box(half * 0.9, high * 0.2, 0.0, high * 0.72), pick(rng, (RED, BLUE, YELLOW))),) if happens(rng, 0.4) else ()
    )
    return ((_box(half, high), ground), *lines, *head)
