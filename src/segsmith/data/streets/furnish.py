"""Puts what stands still on the plan: houses, gardens, trees, posts, signs, railings, bins."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from segsmith.data.streets import panels, posts
from segsmith.data.streets.buildings import House, house
from segsmith.data.streets.camera import View
from segsmith.data.streets.chance import Floats, between, happens, pick
from segsmith.data.streets.draw import Pen
from segsmith.data.streets.foliage import Crown, Tree, crown, tree
from segsmith.data.streets.panels import Panel
from segsmith.data.streets.plan import START, Plot, Street
from segsmith.data.streets.posts import Bin, Post
from segsmith.data.streets.textures import Noise


class Thing(Protocol):
    """Anything that draws itself; ``distance`` decides what is drawn over what."""

    def seen(self, view: View) -> bool: ...

    def distance(self, view: View) -> float: ...

    def draw(self, pen: Pen) -> None: ...


@dataclass(frozen=True, slots=True)
class Furniture:
    houses: tuple[House, ...]
    panels: tuple[Panel, ...]
    trees: tuple[Tree, ...]
    posts: tuple[Post | Bin, ...]

    def things(self) -> tuple[Thing, ...]:
        return (*self.houses, *self.panels, *self.trees, *self.posts)

    def shadows(self, fall: Floats) -> Iterator[Floats]:
        for thing in (*self.houses, *self.panels, *self.posts):
            yield thing.shadow(fall)
        for plant in self.trees:
            trunk = np.array([[plant.x - 0.15, plant.s], [plant.x + 0.15, plant.s]])
            yield np.concatenate([trunk, trunk + fall * (plant.height - plant.spread / 2)])

    def crowns(self, fall: Floats) -> list[Floats]:
        """Where the shadows of the crowns lie."""
        turns = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ring = np.stack([np.cos(turns), np.sin(turns)], 1)
        return [
            np.array([plant.x, plant.s]) + fall * (plant.height - plant.spread / 2) + ring * plant.spread / 2
            for plant in self.trees
        ]


def furnish(rng: np.random.Generator, street: Street, noise: Noise, scale: float, dusk: bool) -> Furniture:
    """``scale``: pixels of texture for each metre."""
    bare = between(rng, 0, 1)
    crowns = tuple(crown(rng, noise, happens(rng, bare * 0.8)) for _ in range(5))
    houses, walls, trees = [], [], []
    for plot in street.plots:
        if plot.kind == "house":
            houses.append(house(rng, noise, plot, street.district, scale, dusk))
        walls += _border(rng, noise, plot, street, scale)
        trees += _grown(rng, plot, street, crowns)
    standing: list[Post | Bin] = []
    for side in (-1, 1):
        trees += _avenue(rng, street, side, crowns)
        walls += _guard(rng, noise, street, side, scale)
        standing += _kerbside(rng, street, side)
    return Furniture(tuple(houses), tuple(walls), tuple(trees), tuple(standing))


def _border(rng: np.random.Generator, noise: Noise, plot: Plot, street: Street, scale: float) -> list[Panel]:
    """What closes a plot off from the pavement."""
    wanted = {"park": 0.85, "yard": 0.8, "house": street.district.garden if street.district.setback[0] > 1 else 0.0}
    if not happens(rng, wanted[plot.kind]):
        return []
    shares = (0.26, 0.14, 0.12, 0.16, 0.18, 0.14)
    kind = panels.KINDS[int(rng.choice(len(panels.KINDS), p=shares))]
    gate = between(rng, 1.0, 2.5) if plot.kind == "house" else 0.0
    if plot.end - plot.begin - gate < 1:
        return []
    x = plot.side * (plot.line + 0.05)
    return panels.row(rng, noise, kind, x, plot.begin, plot.end - gate, scale)


def _grown(rng: np.random.Generator, plot: Plot, street: Street, crowns: tuple[Crown, ...]) -> list[Tree]:
    """Trees behind the border."""
    every = {"park": 4.0, "yard": 5.0, "house": 14.0}[plot.kind]
    deep = {"park": (1.5, 14.0), "yard": (1.5, 6.0), "house": (1.0, street.district.setback[0])}[plot.kind]
    if deep[1] <= deep[0]:
        return []
    count = int(rng.poisson((plot.end - plot.begin) / every))
    return [
        tree(rng, crowns, plot.side * (plot.line + between(rng, *deep)), between(rng, plot.begin, plot.end))
        for _ in range(count)
    ]


def _avenue(rng: np.random.Generator, street: Street, side: int, crowns: tuple[Crown, ...]) -> list[Tree]:
    """Trees along the kerb, evenly, or none."""
    if not happens(rng, 0.5) or street.pavement[side > 0] < 2.0:
        return []
    apart, x = between(rng, *street.district.tree_every), side * (street.half + 0.7)
    return [
        tree(rng, crowns, x, s)
        for s in np.arange(START + between(rng, 0, apart), street.end, apart).tolist()
        if not street.open_at(s, 2.0)
    ]


def _guard(rng: np.random.Generator, noise: Noise, street: Street, side: int, scale: float) -> list[Panel]:
    """Railings along the kerb, mostly before a side street."""
    found: list[Panel] = []
    for begin, end in street.crossings:
        for low, high in ((begin - between(rng, 6, 16), begin - 1.5), (end + 1.5, end + between(rng, 5, 14))):
            if happens(rng, 0.5):
                found += panels.row(rng, noise, "railing", side * (street.half + 0.35), low, high, scale)
    for s in np.arange(START, street.end, 40.0).tolist():
        low = s + between(rng, 0, 25)
        if happens(rng, 0.5) and not street.open_at(low, 12):
            kind = "railing" if happens(rng, 0.7) else "boards"
            found += panels.row(rng, noise, kind, side * (street.half + 0.35), low, low + between(rng, 6, 16), scale)
    return found


def _kerbside(rng: np.random.Generator, street: Street, side: int) -> list[Post | Bin]:
    """Lamps at even distances, traffic lights at side streets, and signs, bollards, boards and bins as they come."""
    found: list[Post | Bin] = []
    kerb, back = side * (street.half + 0.45), side * (street.edge(side) - 0.4)
    apart = between(rng, 20.0, 38.0)
    lamps = np.arange(START + between(rng, 0, apart), street.end, apart).tolist()
    at = kerb if happens(rng, 0.75) else back
    found += [posts.lamp(rng, at, s) for s in lamps if not street.open_at(s)]
    for begin, end in street.crossings:
        if happens(rng, 0.6):
            found += [posts.traffic_light(rng, kerb, s) for s in (begin - 1.8, end + 1.8)]
    metal = pick(rng, posts.METALS)
    s = START + between(rng, 0, 6)
    while s < street.end:
        kind = float(rng.random())
        if street.open_at(s, 1.5):
            pass
        elif kind < 0.38:
            found.append(posts.sign_post(rng, kerb, s))
        elif kind < 0.58:
            found.append(posts.placard(rng, between(rng, min(kerb, back), max(kerb, back)), s))
        elif kind < 0.7:
            bin_ = Bin(
                back if happens(rng, 0.5) else kerb,
                s,
                between(rng, 0.4, 0.8),
                between(rng, 0.8, 1.3),
                pick(rng, posts.METALS),
            )
            found.append(bin_)
        elif kind < 0.86:
            found += [posts.bollard(rng, kerb, s + 1.4 * step, metal) for step in range(int(rng.integers(2, 7)))]
        else:
            high = between(rng, 2.5, 7.0)
            found.append(Post(kerb, s, high, between(rng, 0.14, 0.26), pick(rng, posts.METALS)))
        s += between(rng, 6.0, 18.0)
    return found
