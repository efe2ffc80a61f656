"""A piece is measured with something before and behind it, as it will lie in a network; this takes that away again.

Before it is a 1x1 convolution that makes its input from few channels, behind it one that brings its output back to
few: the runtime then chooses the layout that it would choose in a network, and neither converts nor copies what a
network would not. ``base`` is the two without anything between.
"""

from collections.abc import Mapping

from segsmith.latency.piece import BASE, CARRY, GIVE, RUN, Piece, Size
from segsmith.latency.sample import Samples

NARROW = 16
"""Channels at the ends."""
START = Piece(RUN, NARROW, NARROW, 4, 4)
"""A run of next to nothing: every run of a network begins like this."""


def bases(piece: Piece) -> list[Piece]:
    """What has to be measured, too, before a piece's own cost is known."""
    if piece.op == RUN:
        return []
    return [START, *(base for base, _ in _halves(piece))]


def net_ms(piece: Piece, measured: Mapping[Piece, Samples]) -> float:
    """What a piece takes by itself; a KeyError where it or its base was not measured."""
    total = measured[piece].ms
    if piece.op == RUN:
        return total
    start = measured[START].ms
    ends = sum(count * (measured[base].ms - start) / 2 for base, count in _halves(piece))
    return max(0.0, total - start - ends)


def _halves(piece: Piece) -> list[tuple[Piece, int]]:
    """Halves of bases around a piece: of which, and how many."""
    if piece.whole or piece.op == BASE:
        return []
    if piece.op in (GIVE, CARRY):
        return [(base(piece.c_in, piece.size), 2)]
    before = [] if piece.starts else [(base(c, piece.size), n) for c, n in inputs_of(piece).items()]
    behind = [] if piece.ends else [(base(piece.c_out, piece.out_size), 1)]
    return [*before, *behind]


def inputs_of(piece: Piece) -> dict[int, int]:
    """How many inputs there are of each number of channels: equal parts, the first with what is left."""
    part = piece.c_in // piece.count
    first = piece.c_in - part * (piece.count - 1)
    if first == part:
        return {part: piece.count}
    return {first: 1, part: piece.count - 1}


def base(channels: int, size: Size) -> Piece:
    return Piece(BASE, channels, channels, *size)
