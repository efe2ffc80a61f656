"""Filling a table: what is not yet known well enough is opened, and timed in turns until it is."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median

from segsmith.latency.fit import Case, fitted
from segsmith.latency.opened import Call, open_pieces, open_whole
from segsmith.latency.order import out_of_line
from segsmith.latency.pack import network_name
from segsmith.latency.piece import Piece
from segsmith.latency.pieces import pieces_of
from segsmith.latency.sample import Samples
from segsmith.latency.surround import bases
from segsmith.latency.table import Network, Table
from segsmith.latency.whole import wholes_of
from segsmith.runtimes.timing import spread_of, turn

FEWEST, MOST = 7, 40
"""Turns that each has at least and at most."""
SAVED = 15.0
"""Seconds between two writings of the table."""


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


Told = Callable[[str], None]


def needed(pieces: Sequence[Piece]) -> list[Piece]:
    """With what surrounds them."""
    return sorted({*pieces, *(base for piece in pieces for base in bases(piece))}, key=str)


def fill(table: Table, pieces: Sequence[Piece], path: Path, effort: Effort, told: Told = lambda line: None) -> bool:
    """Measure these pieces and all networks of the table, write it, and fit its model. False where the minutes were
    over before all of it was known."""
    end = time.monotonic() + 60 * effort.minutes if effort.minutes else float("inf")
    done = _time(table, needed(pieces), path, effort, end, told)
    if done and (odd := out_of_line(table, pieces)):
        told(f"measuring {len(odd)} again that are out of line")
        for piece in needed(sorted(odd)):
            table.pieces.pop(piece)
        done = _time(table, needed(sorted(odd)), path, effort, end, told)
        table.pieces.update({piece: replace(table.pieces[piece], again=True) for piece in odd if piece in table.pieces})
    refit(table)
    table.save(path)
    return done


def refit(table: Table) -> None:
    """The model, by the networks that are meant for that."""
    table.model = fitted(cases_of(table, "fit"), table.net_ms)


def cases_of(table: Table, use: str) -> list[Case]:
    found = []
    for network in table.networks:
        work = pieces_of(network.genotype, table.frames)
        pairs = (work.key, network.key), (work.step, network.step)
        if network.use == use:
            found += [Case(pieces, samples.ms) for pieces, samples in pairs if samples is not None]
    return found


def _time(table: Table, pieces: Sequence[Piece], path: Path, effort: Effort, end: float, told: Told) -> bool:
    """All that is not known well enough."""
    lacking = [piece for piece in pieces if not effort.enough(table.pieces.get(piece))]
    calls: dict[str, Call] = {}
    if lacking:
        opened = open_pieces(lacking, table.subject.named, table.target, lambda n: told(f"pieces: {n}/{len(lacking)}"))
        calls.update(zip(map(str, lacking), opened, strict=True))
    known: dict[str, Call] = {}
    for number, network in enumerate(table.networks):
        if not all(effort.enough(samples) for samples in _parts(table, network).values()):
            told(f"networks: {number + 1}/{len(table.networks)}")
            wholes = wholes_of(network.genotype, table.target.size, table.subject.classes)
            made = open_whole(wholes, table.target, known)
            calls.update({network_name(number, part): call for part, call in made.items()})
    return Rounds(table, calls, path, effort, told).run(end)


def _parts(table: Table, network: Network) -> dict[str, Samples | None]:
    video = network.genotype.static is not None
    return {"key": network.key, **({"step": network.step} if video else {})}


@dataclass
class Rounds:
    """Each round gives every call that is not known yet one turn, in an order of its own."""

    table: Table
    calls: Mapping[str, Call]
    path: Path
    effort: Effort
    told: Told
    turns: int = 0

    def run(self, end: float) -> bool:
        """False where the time was over before."""
        for call in self.calls.values():
            call()
        rng, saved, started = Random(0), time.monotonic(), time.monotonic()
        while waiting := [name for name in self.calls if not self.effort.enough(self._samples(name))]:
            rng.shuffle(waiting)
            for name in waiting:
                if time.monotonic() > end:
                    return False
                self._add(name, median(turn(self.calls[name])))
                if time.monotonic() > saved + SAVED:
                    self.table.save(self.path)
                    saved = time.monotonic()
            self.told(self._forecast(waiting, time.monotonic() - started))
        return True

    def _forecast(self, waiting: Sequence[str], seconds: float) -> str:
        """The interval narrows with the root of the number of turns."""
        left = sum(self.effort.lacking(self._samples(name)) for name in waiting)
        forecast = left * seconds / max(1, self.turns)
        return f"{len(self.calls) - len(waiting)} of {len(self.calls)} known, about {forecast:.0f} s to go"

    def _samples(self, name: str) -> Samples | None:
        if name.startswith(NETWORK):
            number, part = _number(name)
            return _parts(self.table, self.table.networks[number])[part]
        return self.table.pieces.get(Piece.parse(name))

    def _add(self, name: str, ms: float) -> None:
        before = self._samples(name)
        samples = Samples((*(before.values if before else ()), ms), before.again if before else False)
        self.turns += 1
        if name.startswith(NETWORK):
            number, part = _number(name)
            network = self.table.networks[number]
            changed = replace(network, key=samples) if part == "key" else replace(network, step=samples)
            self.table.networks[number] = changed
        else:
            self.table.pieces[Piece.parse(name)] = samples


NETWORK = network_name(0, "").split()[0] + " "


def _number(name: str) -> tuple[int, str]:
    _, number, part = name.split()
    return int(number), part
