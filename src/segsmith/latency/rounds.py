"""Timing in rounds, in each of which all that is not yet known has a turn.

What else a machine does slows it down for seconds or for hours. So a network that is known is timed again all through a
round, and whatever the round says is told as if the machine were as quick as it was when that network became known.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median

from segsmith.latency.opened import Call
from segsmith.latency.pack import NETWORK
from segsmith.latency.piece import Piece
from segsmith.latency.sample import Samples
from segsmith.latency.table import Network, Table
from segsmith.runtimes.timing import spread_of, turn

FEWEST, MOST = 7, 40
"""Turns that each has at least and at most."""
AGAIN = 6
"""The reference has its turn before every so many calls."""
SAVED = 15.0
"""Seconds between two writings of the table."""
Told = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """``tolerance``: half the width of the median's 95 % interval, as a share of it. ``minutes`` 0: as long as it
    takes."""

    tolerance: float = 0.02
    minutes: float = 0.0
    fewest: int = FEWEST
    most: int = MOST

    def enough(self, samples: Samples | None) -> bool:
        if samples is None or len(samples.values) < self.fewest:
            return False
        return len(samples.values) >= self.most or spread_of(sorted(samples.values)) <= self.tolerance

    def lacking(self, samples: Samples | None) -> int:
        """How many more turns it will take, or so."""
        if samples is None or self.enough(samples):
            return 0 if samples is not None else self.fewest
        turns = len(samples.values)
        wanted = turns * (spread_of(sorted(samples.values)) / self.tolerance) ** 2
        return max(1, round(min(self.most, max(self.fewest, wanted))) - turns)


@dataclass(frozen=True)
class Shared:
    """A call, and all that it is the time of: pieces by their text, parts of networks by theirs."""

    call: Call
    names: tuple[str, ...]


@dataclass
class Rounds:
    """Each round gives every call that is not known yet one turn, in an order of its own. ``reference`` is known."""

    table: Table
    calls: Sequence[Shared]
    path: Path
    effort: Effort
    told: Told
    reference: Shared | None = None
    turns: int = 0

    def run(self, end: float) -> bool:
        """False where the time was over before."""
        for one in self.calls:
            one.call()
        rng, saved, started = Random(0), time.monotonic(), time.monotonic()
        while waiting := [one for one in self.calls if self._lacking(one)]:
            rng.shuffle(waiting)
            self._round(waiting, end)
            if time.monotonic() > end:
                return False
            if time.monotonic() > saved + SAVED:
                self.table.save(self.path)
                saved = time.monotonic()
            self.told(self._forecast(waiting, time.monotonic() - started))
        return True

    def _round(self, waiting: Sequence[Shared], end: float) -> None:
        taken: list[float] = []
        again: list[float] = []
        for place, one in enumerate(waiting):
            if time.monotonic() > end:
                break
            if self.reference is not None and place % AGAIN == 0:
                again.append(median(turn(self.reference.call)))
            taken.append(median(turn(one.call)))
        pace = self._pace(again)
        for one, ms in zip(waiting, taken, strict=False):
            self._add(one, ms / pace)

    def _pace(self, again: Sequence[float]) -> float:
        """How much longer everything takes than when the reference became known."""
        known = self._samples(self.reference.names[0]) if self.reference is not None else None
        return median(again) / known.ms if again and known is not None else 1.0

    def _forecast(self, waiting: Sequence[Shared], seconds: float) -> str:
        """The interval narrows with the root of the number of turns."""
        left = sum(max(self.effort.lacking(self._samples(name)) for name in one.names) for one in waiting)
        forecast = left * seconds / max(1, self.turns)
        return f"{len(self.calls) - len(waiting)} of {len(self.calls)} known, about {forecast:.0f} s to go"

    def _lacking(self, one: Shared) -> list[str]:
        return [name for name in one.names if not self.effort.enough(self._samples(name))]

    def _samples(self, name: str) -> Samples | None:
        if name.startswith(NETWORK):
            number, part = _number(name)
            return parts_of(self.table.networks[number])[part]
        return self.table.pieces.get(Piece.parse(name))

    def _add(self, one: Shared, ms: float) -> None:
        self.turns += 1
        for name in self._lacking(one):
            before = self._samples(name)
            samples = Samples((*(before.values if before else ()), ms), before.again if before else False)
            if name.startswith(NETWORK):
                number, part = _number(name)
                network = self.table.networks[number]
                changed = replace(network, key=samples) if part == "key" else replace(network, step=samples)
                self.table.networks[number] = changed
            else:
                self.table.pieces[Piece.parse(name)] = samples


def parts_of(network: Network) -> dict[str, Samples | None]:
    """What is known of a network, by part."""
    video = network.genotype.static is not None
    return {"key": network.key, **({"step": network.step} if video else {})}


def _number(name: str) -> tuple[int, str]:
    _, number, part = name.split()
    return int(number), part
