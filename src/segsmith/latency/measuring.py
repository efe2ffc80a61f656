"""Filling a table: what is not yet known well enough is opened, and timed in turns until it is."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TypeVar

from segsmith.latency.fit import Case, fitted
from segsmith.latency.opened import Call, open_pieces, open_whole
from segsmith.latency.order import out_of_line
from segsmith.latency.pack import network_name
from segsmith.latency.piece import Piece
from segsmith.latency.pieces import pieces_of
from segsmith.latency.rounds import Effort, Rounds, Shared, Told, parts_of
from segsmith.latency.surround import bases
from segsmith.latency.table import Table
from segsmith.latency.whole import wholes_of

ROOM, PIECES_FOR_ONE = 4_000_000, 16
"""Networks are open at once as long as their frames have no more pixels together, which takes 1-2 GB; a network takes
as much memory as so many pieces."""
Thing = TypeVar("Thing")


def needed(pieces: Sequence[Piece]) -> list[Piece]:
    """With what surrounds them."""
    return sorted({*pieces, *(base for piece in pieces for base in bases(piece))}, key=str)


def fill(table: Table, pieces: Sequence[Piece], path: Path, effort: Effort, told: Told = lambda line: None) -> bool:
    """Measure these pieces and all networks of the table, write it, and fit its model. False where the minutes were
    over before all of it was known."""
    end = time.monotonic() + 60 * effort.minutes if effort.minutes else float("inf")
    done = _time(table, needed(pieces), path, effort, end, told)
    if done and (odd := [piece for piece in out_of_line(table, pieces) if not table.pieces[piece].again]):
        told(f"measuring {len(odd)} again that are out of line")
        for piece in odd:
            table.pieces.pop(piece)
        done = _time(table, odd, path, effort, end, told)
        table.pieces.update({piece: replace(table.pieces[piece], again=True) for piece in odd if piece in table.pieces})
    refit(table)
    table.save(path)
    return done


def refit(table: Table) -> None:
    """The model, by the networks that are meant for that."""
    table.model = fitted(cases_of(table, "fit"), table.net_ms)


def cases_of(table: Table, use: str) -> list[Case]:
    """What was timed of networks whose pieces are all known."""
    found = []
    for network in table.networks:
        work = pieces_of(network.genotype, table.frames)
        for pieces, samples in ((work.key, network.key), (work.step, network.step)):
            if network.use == use and samples is not None and table.pieces.keys() >= set(needed(pieces)):
                found.append(Case(pieces, samples.ms))
    return found


def _time(table: Table, pieces: Sequence[Piece], path: Path, effort: Effort, end: float, told: Told) -> bool:
    """All that is not known well enough, as much of it beside each other as there is room for."""
    lacking = [piece for piece in pieces if not effort.enough(table.pieces.get(piece))]
    Random(0).shuffle(lacking)
    room = max(2, ROOM // (table.target.size[0] * table.target.size[1]))
    if not lacking and not _unknown(table, effort):
        return True
    # whichever it is: it only has to be the same one whenever something is added
    first = _open_networks(table, [0], told) if table.networks else []
    if not Rounds(table, first, path, effort, told).run(end):
        return False
    reference = first[0] if first else None
    for some in groups(lacking, PIECES_FOR_ONE * room):
        calls = _open_pieces(table, some, told)
        if not Rounds(table, calls, path, effort, told, reference).run(end):
            return False
    return all(
        Rounds(table, _open_networks(table, some, told), path, effort, told, reference).run(end)
        for some in groups(_unknown(table, effort), room)
    )


def _unknown(table: Table, effort: Effort) -> list[int]:
    return [n for n, network in enumerate(table.networks) if not all(map(effort.enough, parts_of(network).values()))]


def groups(things: Sequence[Thing], size: int) -> list[Sequence[Thing]]:
    return [things[place : place + size] for place in range(0, len(things), size)]


def _open_pieces(table: Table, pieces: Sequence[Piece], told: Told) -> list[Shared]:
    opened = open_pieces(pieces, table.subject.named, table.target, lambda n: told(f"pieces: {n}/{len(pieces)}"))
    return [Shared(call, (str(piece),)) for piece, call in zip(pieces, opened, strict=True)]


def _open_networks(table: Table, numbers: Sequence[int], told: Told) -> list[Shared]:
    """Key frames first. Networks may have a part in common: cells on one static network have its key frames."""
    known: dict[str, Call] = {}
    names: dict[Call, list[str]] = {}
    for place, number in enumerate(numbers, start=1):
        told(f"networks: {place}/{len(numbers)}")
        wholes = wholes_of(table.networks[number].genotype, table.target.size, table.subject.classes)
        for part, call in open_whole(wholes, table.target, known).items():
            names.setdefault(call, []).append(network_name(number, part))
    return [Shared(call, tuple(found)) for call, found in names.items()]
