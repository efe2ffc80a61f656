"""What latency a space can reach on the target, and which image network that leaves room for."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segsmith.errors import UserError
from segsmith.forge.options import DYNAMIC, LGC
from segsmith.forge.watch import seconds_of
from segsmith.genotype import Genotype, preset
from segsmith.genotype.presets import preset_name
from segsmith.latency.table import Table
from segsmith.spaces import Space
from segsmith.spaces.base import Decision
from segsmith.spaces.make import make_space
from segsmith.study.gradient.settings import settings_named
from segsmith.study.limits import HELD, parse_amount

Price = Callable[[Genotype], float]
"""Milliseconds of a network's mean frame on the target."""

STATICS = ((1200.0, ("arch2", "template-arch1", "template-arch0")), (0.0, ("template-arch1", "template-arch0")))
"""By budget in seconds, image networks to start from, the most able first; a large one learns little in minutes."""
LGC_SETTINGS = ((7200.0, "hour"), (0.0, "quick"))
"""By budget in seconds, how the lgc space is searched, and how many cells there are."""
ROOM = 0.8
"""As a share of the latency: a space whose leanest network takes no more has something to choose from."""
LEAN = {"op": "skip", "agg": "wsum", "edge": "skip", "fusion": "skip", "up": "up2"}
BEFORE = "prev:dec"
SHALLOW = {"loc1": (BEFORE,), "loc2": ("layer1", "layer2")}
"""Where the leanest cell reads: the first of these that there is. A template network reads its newest rows, which are
the smallest."""


@dataclass(frozen=True)
class Reached:
    """``limit_ms`` is what was asked for in milliseconds; ``static_ms`` what the image network takes on every frame;
    ``lean_ms`` the leanest network of the space; ``timed_s`` how long it took to find that out, for one network."""

    static: str
    space: Space
    limit_ms: float
    static_ms: float
    lean_ms: float
    timed_s: float

    @property
    def held_ms(self) -> float:
        """What candidates are held to, since the finished network is timed once more."""
        return HELD * self.limit_ms


def reached(space: str, latency: str, statics: Sequence[str], price: Price, said: str, budget: float = 0.0) -> Reached:
    """With the most able image network that leaves room. ``said`` is the target in words."""
    found = []
    for name in statics:
        one = measured(space_of(space, name, budget), latency, name, price)
        if one.lean_ms <= ROOM * one.limit_ms:
            return one
        found.append(one)
    best = min(found, key=lambda one: one.lean_ms / one.held_ms)
    if best.lean_ms > best.held_ms:
        nearest = math.ceil(10 * best.lean_ms / ROOM) / 10
        raise UserError(
            f"--latency {latency}: the leanest network of the {space} space takes {best.lean_ms:.1f} ms a frame "
            f"on {said}",
            fix=f"--latency {nearest:g}ms leaves something to choose from",
        )
    return best


def space_of(name: str, static: str, budget: float = 0.0, rows: int = 1) -> Space:
    """Of a cell the smallest has one row."""
    options = {DYNAMIC: {"rows": str(rows)}, LGC: dict(settings_named(lgc_settings(budget), LGC).options)}
    return make_space(name, options.get(name, {}), preset(static))


def lgc_settings(budget: float) -> str:
    return next(name for least, name in LGC_SETTINGS if budget >= least)


def measured(space: Space, latency: str, static: str, price: Price) -> Reached:
    static_ms = price(preset(static))
    lean = leanest(space)
    found: list[float] = []
    took = seconds_of(lambda: found.append(price(lean)))
    if lean.static is not None:  # its key frames are known by now, as those of most cells will be
        took = seconds_of(lambda: price(lean))
    return Reached(static, space, parse_amount(latency, "latency", static_ms), static_ms, found[0], took)


def leanest(space: Space) -> Genotype:
    """Of the cheapest option everywhere: known without counting or timing anything."""
    return space.decode(tuple(cheapest(decision) for decision in space.decisions))


def cheapest(decision: Decision) -> int:
    options = decision.options
    place = decision.name.rpartition(".")[2]
    if place in SHALLOW:
        places = [options.index(name) for name in SHALLOW[place] if name in options and BEFORE in options]
        return places[0] if places else len(options) - 1
    if decision.kind in LEAN:
        return options.index(LEAN[decision.kind]) if LEAN[decision.kind] in options else 0
    largest = decision.kind == "stride"
    order = sorted(range(len(options)), key=lambda n: options[n], reverse=largest)
    return order[0]


def statics_for(budget: float, asked: str, space: str, table: Table | None) -> tuple[str, ...]:
    """A table of cells speaks of those on one image network alone."""
    if asked:
        return (asked,)
    if space == DYNAMIC and table is not None and table.subject.static is not None:
        name = preset_name(table.subject.static)
        if not name:
            raise UserError(
                "the table is of cells on a network of its own", fix="segsmith latency measure dynamic --static arch2"
            )
        return (name,)
    return next(names for least, names in STATICS if budget >= least)
