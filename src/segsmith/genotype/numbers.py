"""The number lists that the first two papers publish their networks as, read and written back.

A decoder is ``[cell, connections]``, a template network ``[templates, rows]``. Both point by position into a pool
of what exists so far; nothing outside this file does.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from segsmith.errors import UserError
from segsmith.genotype.canonical import fingerprint
from segsmith.genotype.core import Align, Genotype, Graph, Node
from segsmith.genotype.names import letter
from segsmith.genotype.order import ordered, unread
from segsmith.genotype.vocabulary import TAPS

Row = Sequence[int]
DecoderNumbers = Sequence[Sequence[int | Row]]
TemplateNumbers = Sequence[Sequence[Row]]
Choice = TypeVar("Choice")
Numbers = TypeVar("Numbers", bound=Sequence[Any])

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


def decoder_from_numbers(numbers: DecoderNumbers) -> Genotype:
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


def decoder_to_numbers(genotype: Genotype) -> list[list[int | list[int]]]:
    """The number list of a decoder whose cell is written in rows; a UserError where it is not."""
    if genotype.kind != "decoder":
        raise UserError(f"a decoder's number list cannot hold a genotype of kind {genotype.kind!r}")
    cell, nodes = genotype.cells["context"], {node.name: node for node in genotype.cells["context"].nodes}
    rows = _rows(cell, nodes)
    first = [node for node in cell.nodes if node.op != "sum" and not any(node.name in row.inputs for row in rows)]
    if len(first) != 1:
        raise UserError("cells.context: beside its rows of two operations and their sum stands not just one operation")
    pool, numbers = [cell.inputs[0], first[0].name], list[int | list[int]]([_number(DECODER_OPS, first[0].op)])
    for row in rows:
        operations = [nodes[name] for name in row.inputs]
        places = [_number(pool, node.inputs[0]) for node in operations]
        numbers.append([*places, *(_number(DECODER_OPS, node.op) for node in operations)])
        pool += [*row.inputs, row.name]
    return _proven([numbers, _connection_numbers(genotype.net)], decoder_from_numbers, genotype)


def _rows(cell: Graph, nodes: dict[str, Node]) -> list[Node]:
    """The sums of two operations, each behind the rows that its operations read."""
    rows = [node for node in cell.nodes if node.op == "sum" and _joins_operations(node, nodes)]
    row_of = {name: row.name for row in rows for name in (*row.inputs, row.name)}
    reads = [tuple(row_of.get(nodes[name].inputs[0], "") for name in row.inputs) for row in rows]
    whole = tuple(replace(row, inputs=inputs) for row, inputs in zip(rows, reads, strict=True))
    return [nodes[row.name] for row in ordered(Graph((), whole, ()))]


def _joins_operations(node: Node, nodes: dict[str, Node]) -> bool:
    return len(node.inputs) == 2 and all(name in nodes and nodes[name].op != "sum" for name in node.inputs)


def _connection_numbers(net: Graph) -> list[int | list[int]]:
    nodes, pool, numbers = {node.name: node for node in net.nodes}, list(TAPS), list[int | list[int]]()
    for merge in (node for node in ordered(net) if node.op == "merge"):
        numbers.append([_number(pool, nodes[name].inputs[0]) for name in merge.inputs])
        pool.append(merge.name)
    return numbers


def template_from_numbers(numbers: TemplateNumbers) -> Genotype:
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


def template_to_numbers(genotype: Genotype) -> list[list[list[int]]]:
    """The number list of a template network; a UserError where it is not written in such rows."""
    if genotype.kind != "template":
        raise UserError(f"a template network's number list cannot hold a genotype of kind {genotype.kind!r}")
    names, pool, rows = list(genotype.cells), list(TAPS[:2]), list[list[int]]()
    shrinking_first = sorted(genotype.net.nodes, key=lambda node: node.align != "smaller")
    for node in ordered(replace(genotype.net, nodes=tuple(shrinking_first))):
        places = [_number(pool, name) for name in node.inputs]
        rows.append([*places, names.index(node.op), node.repeat - 1, node.stride.bit_length() - 1])
        pool.append(node.name)
    return _proven([[_template_row(cell) for cell in genotype.cells.values()], rows], template_from_numbers, genotype)


def _template_row(cell: Graph) -> list[int]:
    nodes = {node.name: node for node in cell.nodes}
    out = nodes[cell.outputs[0]]
    by_input = {nodes[name].inputs[0]: nodes[name].op for name in out.inputs}
    operations = [_number(TEMPLATE_OPS, by_input[name]) for name in cell.inputs]
    return [*operations, _number(TEMPLATE_AGGREGATIONS, out.op)]


def _proven(numbers: Numbers, read: Callable[[Numbers], Genotype], genotype: Genotype) -> Numbers:
    """The numbers, if they are read back as the same network."""
    if fingerprint(replace(read(numbers), settings=genotype.settings)) != fingerprint(genotype):
        raise UserError("this network has a structure that its number list cannot hold", fix="write it as JSON or text")
    return numbers


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


def _number(choices: Sequence[str], name: str) -> int:
    if name not in choices:
        raise UserError(f"{name!r} has no number in a number list", fix=f"one of {', '.join(choices)}")
    return choices.index(name)
