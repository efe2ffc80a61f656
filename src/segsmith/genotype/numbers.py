"""The number lists that the first two papers publish their networks as, read and written back.

A decoder is ``[cell, connections]``, a template network ``[templates, rows]``. Both point by position into a pool
of what exists so far; nothing outside this file does.
"""

from collections.abc import Sequence
from typing import TypeVar

from segsmith.errors import UserError
from segsmith.genotype.core import Align, Genotype, Graph, Node
from segsmith.genotype.order import letter, ordered, unread
from segsmith.genotype.vocabulary import TAPS

Row = Sequence[int]
Cell = tuple[int, Sequence[Row]]
Choice = TypeVar("Choice")

DECODER_OPS = (
    *("conv1", "conv3", "sep3", "sep5", "gap", "conv3d3", "conv3d12", "sep3d3", "sep5d6"),
    *("skip", "none"),
)
TEMPLATE_OPS = ("sep3", "sep5", "gap", "maxpool3", "sep5d6", "skip")
TEMPLATE_AGGREGATIONS = ("wsum", "concat")


def joined(name: str, aggregation: str, *operations: tuple[str, str]) -> list[Node]:
    """Operations, each ``(operation, input)``, and behind them the aggregation ``name`` that joins them."""
    nodes = [Node(f"{name}.{letter(i)}", op, (source,)) for i, (op, source) in enumerate(operations)]
    return [*nodes, Node(name, aggregation, tuple(node.name for node in nodes))]


def decoder_from_numbers(numbers: Sequence[Sequence[int | Row]]) -> Genotype:
    """``[[first operation, row, ...], [connection, ...]]`` as a decoder on MobileNet-v2."""
    cell, connections = numbers
    return Genotype("decoder", _connections(connections), {"context": _context(cell)})


def _context(cell: Sequence[int | Row]) -> Graph:
    first, *rows = cell
    nodes, pool, sums = [Node("first", _pick(DECODER_OPS, first), ("x",))], ["x", "first"], ["first"]
    for index, row in enumerate(rows):
        pos1, pos2, op1, op2 = _row(row, 4)
        left, right = ((_pick(DECODER_OPS, op), _pick(pool, pos)) for op, pos in ((op1, pos1), (op2, pos2)))
        trio = joined(f"r{index}", "sum", left, right)
        nodes += trio
        pool += [node.name for node in trio]
        sums.append(f"r{index}")
    outputs = unread(sums, nodes)
    if len(outputs) > 1:
        nodes.append(Node("out", "sum", outputs))
        outputs = ("out",)
    return Graph(("x",), tuple(nodes), outputs)


def _connections(rows: Sequence[int | Row]) -> Graph:
    pool, nodes = list(TAPS), list[Node]()
    for index, row in enumerate(rows):
        i, j = _row(row, 2)
        nodes += joined(f"n{index}", "merge", ("context", _pick(pool, i)), ("context", _pick(pool, j)))
        pool.append(f"n{index}")
    return Graph(TAPS, tuple(nodes), unread(pool[len(TAPS) :], nodes))


def template_from_numbers(numbers: Sequence[Sequence[Row]]) -> Genotype:
    """``[[template, ...], [row, ...]]``; the outputs are those of the rows that no row reads, never a tap."""
    templates, rows = numbers
    cells = {f"t{index}": _template(row) for index, row in enumerate(templates)}
    pool, nodes = list(TAPS[:2]), list[Node]()
    for index, row in enumerate(rows):
        loc1, loc2, template, repeats, log_stride = _row(row, 5)
        inputs, align = (_pick(pool, loc1), _pick(pool, loc2)), _align(index, len(rows))
        nodes.append(Node(f"n{index}", _pick(list(cells), template), inputs, 2**log_stride, repeats + 1, align))
        pool.append(f"n{index}")
    return Genotype("template", Graph(TAPS[:2], tuple(nodes), unread(pool[2:], nodes)), cells)


def _template(row: Row) -> Graph:
    op1, op2, aggregation = _row(row, 3)
    left, right = (_pick(TEMPLATE_OPS, op1), "a"), (_pick(TEMPLATE_OPS, op2), "b")
    return Graph(("a", "b"), tuple(joined("out", _pick(TEMPLATE_AGGREGATIONS, aggregation), left, right)), ("out",))


def _align(row: int, rows: int) -> Align:
    return "smaller" if row < rows // 2 else "larger"


def _row(row: int | Row, length: int) -> Row:
    if isinstance(row, int) or len(row) != length:
        raise UserError(f"a row of a number list has {length} numbers, not {row!r}")
    return row


def _pick(choices: Sequence[Choice], index: int | Row) -> Choice:
    if not isinstance(index, int) or not 0 <= index < len(choices):
        raise UserError(f"a number of a number list is {index!r}, not one of 0..{len(choices) - 1}")
    return choices[index]
