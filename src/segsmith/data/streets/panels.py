"""Everything long and thin that stands along the street, in panels: railings, boards, mesh, hedges, garden walls."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from segsmith.data.base import Image
from segsmith.data.streets import foliage
from segsmith.data.streets.camera import FAR, NEAR, View
from segsmith.data.streets.chance import Floats, Rgb, between, pick
from segsmith.data.streets.draw import Pen
from segsmith.data.streets.facades import PAINTS, WALLS
from segsmith.data.streets.labels import BUILDING, FENCE, TREE
from segsmith.data.streets.light import LEFT, RIGHT
from segsmith.data.streets.textures import Noise, Texture, finished, opaque, pierced, plain

LENGTH = 2.5
KINDS = ("railing", "boards", "mesh", "pickets", "hedge", "wall")
HEIGHTS = {"railing": (1.0, 1.6), "boards": (1.3, 2.1), "mesh": (1.6, 2.6), "pickets": (0.9, 1.4), "hedge": (0.9, 2.0),
           "wall": (0.6, 1.6)}  # fmt: skip
LABELS = {"hedge": TREE, "wall": BUILDING}
METALS: tuple[Rgb, ...] = ((60, 64, 66), (150, 154, 156), (38, 62, 48), (206, 206, 200), (34, 40, 66))
WOODS: tuple[Rgb, ...] = ((136, 100, 66), (108, 90, 74), (160, 132, 96), (92, 66, 46), (216, 212, 200))


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel along the street at ``x``."""

    x: float
    begin: float
    end: float
    height: float
    label: int
    texture: Texture

    def distance(self, view: View) -> float:
        return view.distance(self.x, (self.begin + self.end) / 2)

    def seen(self, view: View) -> bool:
        return self.end > view.s + 0.8 and self.begin < view.s + 0.6 * FAR

    def draw(self, pen: Pen) -> None:
        begin = max(self.begin, pen.view.s + NEAR)
        part = ((begin - self.begin) / (self.end - self.begin), 1.0)
        high, x = self.height, self.x
        corners = np.array([[x, high, begin], [x, high, self.end], [x, 0, self.end], [x, 0, begin]])
        towards = LEFT if x > pen.view.x else RIGHT
        depth = (begin + self.end) / 2 - pen.view.s
        pen.face(pen.view.project(corners), self.texture, pen.light.matrix(towards, depth), self.label, part)

    def shadow(self, fall: Floats) -> Floats:
        base = np.array([[self.x, self.begin], [self.x, self.end]])
        return np.concatenate([base, base + fall * self.height])


def row(
    rng: np.random.Generator, noise: Noise, kind: str, x: float, begin: float, end: float, scale: float
) -> list[Panel]:
    """Panels of one kind from ``begin`` to ``end``; they share a texture."""
    height = between(rng, *HEIGHTS[kind])
    texture = _texture(rng, noise, kind, height, scale)
    count = max(1, round((end - begin) / LENGTH))
    edges = np.linspace(begin, end, count + 1).tolist()
    label = LABELS.get(kind, FENCE)
    return [Panel(x, left, right, height, label, texture) for left, right in pairwise(edges)]


def _texture(rng: np.random.Generator, noise: Noise, kind: str, height: float, scale: float) -> Texture:
    if kind == "hedge":
        return foliage.hedge(rng, noise, LENGTH, height, scale)
    rows, columns = max(16, int(height * scale)), max(16, int(LENGTH * scale))
    if kind == "wall":
        return opaque(_courses(rng, noise, rows, columns, scale))
    colour = pick(rng, WOODS if kind in ("boards", "pickets") else METALS if kind != "mesh" else (*METALS, *PAINTS))
    picture = finished(plain(rows, columns, colour), noise.cut(rng, rows, columns, fine=0.06, coarse=0.2))
    if kind == "boards":
        step = max(2, int(0.14 * scale))
        picture[:, ::step] = picture[:, ::step] // 2
        return opaque(picture)
    alpha = _holes(kind, rows, columns, scale)
    return pierced(picture, alpha, np.full((rows, columns), 255, np.uint8))


def _courses(rng: np.random.Generator, noise: Noise, rows: int, columns: int, scale: float) -> Image:
    picture = plain(rows, columns, pick(rng, WALLS["brick"] + WALLS["stone"]))
    picture[:: max(2, int(0.16 * scale))] *= 0.8
    picture[: max(1, int(0.1 * scale))] *= 1.3
    return finished(picture, noise.cut(rng, rows, columns, fine=0.1, coarse=0.2))


def _holes(kind: str, rows: int, columns: int, scale: float) -> Image:
    """Alpha of bars, pales or wires: how far apart they are and how wide, in metres."""
    apart, wide = {"railing": (0.14, 0.045), "pickets": (0.13, 0.085), "mesh": (0.1, 0.02)}[kind]
    step, bar = max(3, round(apart * scale)), max(1, round(wide * scale))
    alpha = np.zeros((rows, columns), np.uint8)
    for left in range(0, columns, step):
        alpha[:, left : left + bar] = 255
    rail = max(1, round(0.06 * scale))
    for top in (0, rows - 3 * rail) if kind != "mesh" else range(0, rows, step):
        alpha[top : top + (rail if kind != "mesh" else bar)] = 255
    alpha[:, : max(2, round(0.08 * scale))] = 255
    return alpha
