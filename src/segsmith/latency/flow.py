"""How maps flow through a graph, and which pieces make them: the rules of ``networks/`` without a network.

Building a network takes a hundred times as long, and a search asks for thousands; a test holds the two together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from segsmith.genotype.core import Graph, Node
from segsmith.genotype.order import ordered
from segsmith.genotype.vocabulary import OPERATIONS
from segsmith.latency.piece import CAT, FUSE, RESIZE, Piece, Size


@dataclass(frozen=True, slots=True)
class Map:
    channels: int
    stride: int
    size: Size


Make = Callable[[Node, Sequence[Map]], Map]
"""Adds the pieces of a node to a flow, and says what it gives."""


@dataclass
class Flow:
    """The pieces so far."""

    pieces: list[Piece] = field(default_factory=list)

    def add(self, op: str, x: Map, c_out: int, stride: int = 1, count: int = 1, to: Size | None = None) -> Map:
        """``x`` has the channels of all inputs together."""
        piece = Piece(op, x.channels, c_out, *x.size, stride=stride, count=count, to=to)
        self.pieces.append(piece)
        grown = stride**2 if op.startswith("sep") else stride
        shrunk = 2 if op in ("up2", "deconv2") else 1
        return Map(c_out, x.stride * grown // shrunk, piece.out_size)

    def operation(self, op: str, x: Map, c_out: int, stride: int = 1) -> Map:
        """A skip that changes nothing is nothing."""
        if op == "skip" and stride == 1 and x.channels == c_out:
            return x
        return self.add(op, x, c_out, stride)

    def fit(self, x: Map, size: Size) -> Map:
        if x.size == size:
            return x
        self.add(RESIZE, x, x.channels, to=size)
        return replace(x, size=size)

    def adapt(self, x: Map, channels: int, always: bool = False) -> Map:
        return self.add("conv1", x, channels) if always or x.channels != channels else x

    def aggregation(self, op: str, inputs: Sequence[Map], c_out: int, align: str) -> Map:
        size, stride = common_size(inputs, align), common_stride(inputs, align)
        if op in ("fuse", "sum") and [x.channels for x in inputs] == [c_out]:
            return inputs[0]
        if op in ("predict", "affine"):
            return self._moved(op, inputs, c_out, Map(c_out, stride, size))
        if op == "fuse":
            return self.join(FUSE, inputs, c_out, size)
        adapted = [self.adapt(x, c_out, always=op == "merge") for x in inputs]
        for x in adapted:
            self.fit(x, size)
        given = Map(c_out * len(inputs), stride, size)
        return self.add("sum" if op == "merge" else op, given, c_out, count=len(inputs))

    def join(self, op: str, inputs: Sequence[Map], c_out: int, size: Size) -> Map:
        """Resize, concatenate, reduce."""
        fitted = [self.fit(x, size) for x in inputs]
        together = Map(sum(x.channels for x in fitted), min(x.stride for x in fitted), size)
        return self.add(op, together, c_out, count=len(inputs))

    def cat(self, inputs: Sequence[Map]) -> Map:
        if len(inputs) == 1:
            return inputs[0]
        together = replace(inputs[0], channels=sum(x.channels for x in inputs))
        return self.add(CAT, together, together.channels, count=len(inputs))

    def graph(self, graph: Graph, inputs: Mapping[str, Map], make: Make) -> list[Map]:
        """The maps of a living graph's outputs."""
        known = {name: inputs[name] for name in graph.inputs if name in inputs}
        for node in ordered(graph):
            known[node.name] = make(node, [known[name] for name in node.inputs])
        return [known[name] for name in graph.outputs]

    def primitive(self, node: Node, inputs: Sequence[Map], channels: int) -> Map:
        if OPERATIONS[node.op].group == "operation":
            return self.operation(node.op, inputs[0], channels, node.stride)
        return self.aggregation(node.op, inputs, channels, node.align)

    def _moved(self, op: str, inputs: Sequence[Map], c_out: int, target: Map) -> Map:
        """Predicted filters are resized in the second input and in their nine numbers, affine sampling resizes by
        itself; either adapts the input that it moves."""
        first, second = inputs
        moved = self.adapt(second if op == "predict" else first, c_out)
        if op == "predict":
            self.fit(replace(first, channels=9), target.size)
            self.fit(moved, target.size)
        return self.add(op, replace(target, channels=2 * c_out), c_out, count=2)


def common_size(maps: Sequence[Map], align: str) -> Size:
    pick = max if align == "larger" else min
    return pick(x.size[0] for x in maps), pick(x.size[1] for x in maps)


def common_stride(maps: Sequence[Map], align: str) -> int:
    pick = min if align == "larger" else max
    return pick(x.stride for x in maps)
