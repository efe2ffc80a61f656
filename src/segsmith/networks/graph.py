"""A genotype's graph as a module: every node is built once, and run in order."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from torch import Tensor, nn

from segsmith import ops
from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.order import ordered
from segsmith.genotype.vocabulary import KINDS, OPERATIONS, Setting
from segsmith.networks.interface import Tap

Made: TypeAlias = tuple[nn.Module, Tap]
Make: TypeAlias = Callable[[Node, Sequence[Tap]], Made]
"""Builds a node from what its inputs look like, and says what its output looks like."""


class GraphNet(nn.Module):
    """The nodes of a graph that its outputs depend on; others are not built.

    ``inputs`` and ``taps`` say what each input has to look like and what each output does.
    """

    def __init__(self, graph: Graph, inputs: Mapping[str, Tap], make: Make) -> None:
        super().__init__()
        self.inputs = tuple(name for name in graph.inputs if name in reads(graph))
        self.outputs = graph.outputs
        self.steps = [(node.name, module_name(node.name), node.inputs) for node in live(graph)]
        self.ops = {module_name(node.name): node.op for node in live(graph)}
        self.nodes = nn.ModuleDict()
        known = {name: inputs[name] for name in self.inputs}
        for node in live(graph):
            module, known[node.name] = make(node, [known[name] for name in node.inputs])
            self.nodes[module_name(node.name)] = module
        self.taps = [known[name] for name in self.outputs]

    def run(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What every node gives, by name, beside the inputs."""
        known = dict(values)
        for name, module, inputs in self.steps:
            known[name] = self.nodes[module](*(known[source] for source in inputs))
        return known

    def results(self, values: Mapping[str, Tensor]) -> list[Tensor]:
        """The outputs alone."""
        known = self.run(values)
        return [known[name] for name in self.outputs]


class Cell(nn.Module):
    """A graph with one output as the module of a node: its inputs are the node's, in order."""

    def __init__(self, graph: Graph, inputs: Sequence[Tap], make: Make) -> None:
        super().__init__()
        self.names = graph.inputs
        self.graph = GraphNet(graph, dict(zip(graph.inputs, inputs, strict=True)), make)
        (self.tap,) = self.graph.taps

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.graph.results(dict(zip(self.names, inputs, strict=True)))[0]


def uniform(channels: int, cells: Mapping[str, Graph]) -> Make:
    """Every node gives ``channels``; a node whose operation is a cell's name is that cell, with weights of its own."""

    def make(node: Node, inputs: Sequence[Tap]) -> Made:
        if node.op in cells:
            cell = Cell(cells[node.op], inputs, make)
            return cell, cell.tap
        return primitive(node, inputs, channels)

    return make


def primitive(node: Node, inputs: Sequence[Tap], channels: int) -> Made:
    """An operation or an aggregation that gives ``channels``."""
    if OPERATIONS[node.op].group == "operation":
        (tap,) = inputs
        module = ops.build(node.op, tap.channels, channels, node.stride)
        return module, Tap(channels, tap.stride * node.stride ** _halves(node.op) // _grows(node.op))
    pick = min if node.align == "larger" else max
    module = ops.aggregate(node.op, [tap.channels for tap in inputs], channels, node.align)
    return module, Tap(channels, pick(tap.stride for tap in inputs))


def live(graph: Graph) -> list[Node]:
    """The nodes that the outputs depend on, each behind what it reads."""
    wanted = set(graph.outputs)
    found = []
    for node in reversed(ordered(graph)):
        if node.name in wanted:
            wanted.update(node.inputs)
            found.append(node)
    return found[::-1]


def reads(graph: Graph) -> set[str]:
    """The inputs that the outputs depend on."""
    read = {name for node in live(graph) for name in node.inputs} | set(graph.outputs)
    return read & set(graph.inputs)


def setting(genotype: Genotype, name: str) -> Setting:
    return genotype.settings.get(name, KINDS[genotype.kind][1][name])


def module_name(name: str) -> str:
    """A node's name as torch allows it: no dots, and none of the names that a ModuleDict uses itself.

    No node's name has a slash, so no two names become one.
    """
    flat = name.replace(".", "/")
    return f"{flat}/" if hasattr(nn.ModuleDict(), flat) else flat


def _halves(op: str) -> int:
    """How often an operation applies its stride: a twice-repeated separable convolution does so twice."""
    return 2 if op.startswith("sep") else 1


def _grows(op: str) -> int:
    return 2 if op in ("up2", "deconv2") else 1
