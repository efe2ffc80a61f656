"""A space narrowed to what may keep to the latency: timing a candidate takes seconds, counting it does not."""

from dataclasses import dataclass
from random import Random

from segsmith.data.cache import Size
from segsmith.forge.options import DYNAMIC
from segsmith.forge.reachable import Reached, leanest, space_of
from segsmith.genotype import preset
from segsmith.study.meter import FlopsMeter

ROWS, DRAWN, FITTING = (4, 3, 2, 1), 12, 2
"""A cell has as many rows as let so many of those that are drawn by chance keep to the FLOPs."""


@dataclass(frozen=True)
class Narrowed:
    """``rows`` of a cell, 0 in other spaces; ``flops`` of the mean frame above which no candidate is timed."""

    rows: int
    flops: float


def narrowed(name: str, found: Reached, size: Size, classes: int, key_every: int) -> Narrowed:
    meter = FlopsMeter(size, classes, key_every)
    least, whole = meter(leanest(found.space)).flops, meter(preset(found.static)).flops
    # a straight line: the small operations of some cells take twice as long for their FLOPs as an image network's
    most = least + whole * max(0.0, found.held_ms - found.lean_ms) / found.static_ms
    if name != DYNAMIC:
        return Narrowed(0, most)
    fitting = (rows for rows in ROWS if fits(meter, found.static, rows, most))
    return Narrowed(next(fitting, ROWS[-1]), most)


def fits(meter: FlopsMeter, static: str, rows: int, most: float) -> bool:
    space, drawn = space_of(DYNAMIC, static, rows=rows), Random(0)
    counts = (meter(space.decode(space.random(drawn))).flops for _ in range(DRAWN))
    return sum(count <= most for count in counts) >= FITTING
