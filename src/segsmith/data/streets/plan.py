"""The plan of a street: how wide it is, where side streets leave it, and what stands on each plot of either side."""

from dataclasses import dataclass

import numpy as np

from segsmith.data.streets.chance import between, happens

START = -14.0
"""Where the street begins, a little behind the camera's first place."""


@dataclass(frozen=True, slots=True)
class District:
    """What a kind of neighbourhood is made of. Pairs are ranges, plain numbers are shares."""

    width: tuple[float, float]
    storeys: tuple[int, int]
    setback: tuple[float, float]
    walls: tuple[str, ...]
    pitched: float
    shops: float
    yards: float
    parks: float
    garden: float
    tree_every: tuple[float, float]


DISTRICTS = (
    District((5, 8), (2, 3), (0.0, 0.4), ("brick", "render", "stone"), 0.9, 0.12, 0.16, 0.16, 0.35, (10, 26)),
    District((6, 13), (2, 4), (0.0, 0.5), ("brick", "render", "stone", "panel"), 0.5, 0.9, 0.10, 0.12, 0.0, (12, 30)),
    District((13, 24), (3, 7), (0.0, 2.0), ("panel", "glass", "stone", "brick"), 0.05, 0.5, 0.2, 0.2, 0.0, (8, 16)),
    District((8, 12), (1, 3), (2.5, 6.0), ("brick", "render"), 0.95, 0.0, 0.3, 0.2, 0.95, (7, 14)),
    District((7, 14), (2, 4), (0.0, 1.0), ("stone", "brick", "render"), 0.6, 0.25, 0.15, 0.6, 0.2, (6, 11)),
)


@dataclass(frozen=True, slots=True)
class Plot:
    """A stretch of one side. ``line`` is how far from the street's middle it begins, behind the pavement."""

    side: int
    begin: float
    end: float
    kind: str
    line: float

    @property
    def middle(self) -> float:
        return (self.begin + self.end) / 2


@dataclass(frozen=True, slots=True)
class Street:
    """Left is side -1, right is side +1; widths are given for (left, right)."""

    district: District
    half: float
    lane: float
    parking: tuple[bool, bool]
    pavement: tuple[float, float]
    crossings: tuple[tuple[float, float], ...]
    plots: tuple[Plot, ...]
    end: float

    def edge(self, side: int) -> float:
        """Where that side's pavement ends."""
        return self.half + self.pavement[side > 0]

    def open_at(self, s: float, margin: float = 1.0) -> bool:
        """Whether a side street is here, where nothing may stand."""
        return any(begin - margin < s < end + margin for begin, end in self.crossings)


def street(rng: np.random.Generator, end: float) -> Street:
    district = DISTRICTS[int(rng.integers(len(DISTRICTS)))]
    parking = (happens(rng, 0.4), happens(rng, 0.4))
    lane_width = between(rng, 2.5, 3.2)
    half = lane_width + (2.0 if any(parking) else between(rng, 0.2, 0.8))
    pavement = (between(rng, 2.8, 6.0), between(rng, 2.8, 6.0))
    crossings = tuple(_crossings(rng, end))
    keeps = 1 if happens(rng, 0.5) else -1
    plots = (*_side(rng, -1, half + pavement[0], district, crossings, end),
             *_side(rng, 1, half + pavement[1], district, crossings, end))  # fmt: skip
    return Street(district, half, keeps * lane_width * 0.52, parking, pavement, crossings, plots, end)


def _crossings(rng: np.random.Generator, end: float) -> list[tuple[float, float]]:
    """Side streets: the first near enough to be seen in the clip, mostly."""
    found = []
    s = between(rng, 8.0, 60.0)
    while s < end - 20:
        width = between(rng, 6.0, 9.0)
        found.append((s, s + width))
        s += width + between(rng, 35.0, 90.0)
    return found


def _side(
    rng: np.random.Generator,
    side: int,
    line: float,
    district: District,
    crossings: tuple[tuple[float, float], ...],
    end: float,
) -> list[Plot]:
    plots = []
    s = START
    while s < end:
        kind = _kind(rng, district)
        stretch = {"park": (14.0, 36.0), "yard": (3.0, 9.0)}.get(kind, district.width)
        until = s + between(rng, *stretch)
        ahead = [crossing for crossing in crossings if crossing[1] > s]
        if ahead and until > ahead[0][0] - 2:
            if ahead[0][0] - s > 3:
                plots.append(Plot(side, s, ahead[0][0] - 1.5, kind, line))
            s = ahead[0][1] + 1.5
            continue
        plots.append(Plot(side, s, until, kind, line))
        s = until
    return plots


def _kind(rng: np.random.Generator, district: District) -> str:
    roll = float(rng.random())
    if roll < district.parks:
        return "park"
    return "yard" if roll < district.parks + district.yards else "house"
