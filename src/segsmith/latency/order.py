"""What cannot be: a wider operation that is faster than a narrower one."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from math import prod

from segsmith.latency.piece import Piece
from segsmith.latency.table import Table

SLACK = 0.8
"""So much faster than the narrower one is out of line; some widths do suit a processor better than others."""
FLOOR = 0.02
"""Milliseconds that are no difference."""


def out_of_line(table: Table, pieces: Iterable[Piece]) -> list[Piece]:
    """Both of each such pair, and what was not faster by itself than nothing at all but should be."""
    kinds: dict[tuple[object, ...], list[Piece]] = defaultdict(list)
    for piece in pieces:
        if not (piece.starts or piece.whole):
            kinds[piece.op, piece.stride, piece.count, piece.size, piece.to].append(piece)
    odd = set[Piece]()
    for alike in kinds.values():
        ordered = sorted(alike, key=lambda piece: piece.c_in * piece.c_out)
        for narrow, wide in pairwise(ordered):
            wider = narrow.c_in <= wide.c_in and narrow.c_out <= wide.c_out
            if wider and table.net_ms(wide) < SLACK * table.net_ms(narrow) - FLOOR:
                odd |= {narrow, wide}
    return sorted(odd | _by_size(table, pieces), key=str)


def _by_size(table: Table, pieces: Iterable[Piece]) -> set[Piece]:
    """The same operation on a larger map."""
    kinds: dict[tuple[object, ...], list[Piece]] = defaultdict(list)
    for piece in pieces:
        if not (piece.starts or piece.whole or piece.ends or piece.to):
            kinds[piece.op, piece.stride, piece.count, piece.c_in, piece.c_out].append(piece)
    odd = set[Piece]()
    for alike in kinds.values():
        for small, large in pairwise(sorted(alike, key=lambda piece: prod(piece.size))):
            if table.net_ms(large) < SLACK * table.net_ms(small) - FLOOR:
                odd |= {small, large}
    return odd
