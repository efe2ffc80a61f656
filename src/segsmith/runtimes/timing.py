"""Timing several things beside each other, so that whatever disturbs the machine disturbs them alike."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

BURST = 3
"""How often a call is timed before the next one has its turn."""
FEWEST = 9
"""Timings below which no interval is believed."""
Z = 1.96


@dataclass(frozen=True, slots=True)
class Timing:
    """``spread`` is half the width of the median's 95 % interval, as a share of the median; it is ``stable`` where
    that is no more than was asked for."""

    median_ms: float
    p95_ms: float
    p99_ms: float
    spread: float
    count: int
    stable: bool

    @classmethod
    def of(cls, milliseconds: Sequence[float], tolerance: float) -> "Timing":
        ordered = sorted(milliseconds)
        median, spread = statistics.median(ordered), spread_of(ordered)
        stable = len(ordered) >= FEWEST and spread <= tolerance
        return cls(median, percentile(ordered, 0.95), percentile(ordered, 0.99), spread, len(ordered), stable)

    def record(self) -> dict[str, Any]:
        return {
            "median_ms": self.median_ms,
            "p95_ms": self.p95_ms,
            "p99_ms": self.p99_ms,
            "spread": self.spread,
            "count": self.count,
            "stable": self.stable,
        }


def measure(
    calls: Mapping[str, Callable[[], object]],
    *,
    seconds: float,
    warmup: int = 3,
    tolerance: float = 0.02,
    seed: int = 0,
    told: Callable[[int, int], None] = lambda stable, calls: None,
) -> dict[str, Timing]:
    """Every call in turns, in an order drawn anew for each round, until its median is known within ``tolerance`` or
    the ``seconds`` of all together are spent. Each is timed ``FEWEST`` times at least.

    A turn is a few calls in a row, the first of them untimed where others had the machine before.
    """
    for call in calls.values():
        for _ in range(warmup):
            call()
    found: dict[str, list[float]] = {name: [] for name in calls}
    rng, end = Random(seed), time.perf_counter() + seconds
    waiting = list(calls)
    while waiting:
        rng.shuffle(waiting)
        for name in waiting:
            found[name] += turn(calls[name], again=len(calls) > 1)
        late = time.perf_counter() > end
        waiting = [name for name in waiting if not _done(found[name], tolerance, late)]
        told(len(calls) - len(waiting), len(calls))
    return {name: Timing.of(timings, tolerance) for name, timings in found.items()}


def turn(call: Callable[[], object], again: bool = True) -> list[float]:
    """Milliseconds of a few calls in a row."""
    if again:
        call()
    timings = []
    for _ in range(BURST):
        start = time.perf_counter()
        call()
        timings.append(1000 * (time.perf_counter() - start))
    return timings


def spread_of(ordered: Sequence[float]) -> float:
    """Half the width of the median's 95 % interval, by ranks: no form of the distribution is assumed."""
    n, median = len(ordered), statistics.median(ordered)
    reach = Z * math.sqrt(n) / 2
    low, high = max(0, math.floor(n / 2 - reach)), min(n - 1, math.ceil(n / 2 + reach) - 1)
    return (ordered[high] - ordered[low]) / 2 / median if median > 0 else 0.0


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that so large a share does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _done(timings: Sequence[float], tolerance: float, late: bool) -> bool:
    enough = len(timings) >= FEWEST
    return enough and (late or spread_of(sorted(timings)) <= tolerance)
