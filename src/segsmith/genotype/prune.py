"""What is alive of a genotype: what its outputs depend on once ``none`` is taken at its word.

A ``none`` is dead, and so is an operation on what is dead; a ``sum`` or ``fuse`` goes on with the inputs that live,
and a sum of one is that one. A cell with no living output is dead, and so are the edges that read it. Inputs that
nobody reads are dropped. What is left is the network that is built.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.faults import StructureError
from segsmith.genotype.names import letter
from segsmith.genotype.order import ordered
from segsmith.genotype.vocabulary import OPERATIONS, ROLES

Rewrite = Callable[[Node, Collection[str]], Node | None]


def prune(genotype: Genotype) -> Genotype:
    """The living part of a valid genotype, names kept; a StructureError where nothing lives."""
    if genotype.kind == "external":
        return genotype
    calls = _Calls(genotype.cells, ROLES.get(genotype.kind, ""))
    net = _living(genotype.net, (), calls.rewrite)
    if not net.outputs:
        raise StructureError("net", "nothing is left of it without its dead parts")
    if genotype.kind == "lgc":
        net = _same_scales(net, genotype.net)
    used = {node.op for node in net.nodes}
    places = list(genotype.cells)
    variants = sorted(calls.variants.items(), key=lambda variant: places.index(variant[0][0]))
    cells = {name: cell for _, (name, cell) in variants if name in used}
    static = None if genotype.static is None else prune(genotype.static)
    return replace(genotype, net=net, cells=cells, static=static)


class _Calls:
    """Rewrites the nodes of a net that are cells: a cell is its living part, which depends on its living inputs."""

    def __init__(self, cells: Mapping[str, Graph], role: str) -> None:
        self.cells, self.role = cells, role
        self.variants: dict[tuple[str, frozenset[int]], tuple[str, Graph]] = {}

    def rewrite(self, node: Node, dead: Collection[str]) -> Node | None:
        if node.op not in self.cells:
            return _operation(node, dead)
        missing = frozenset(i for i, name in enumerate(node.inputs) if name in dead)
        if (node.op, missing) not in self.variants:
            self.variants[node.op, missing] = self._variant(node.op, missing)
        name, living = self.variants[node.op, missing]
        if not living.outputs:
            return None
        parameters = self.cells[node.op].inputs
        inputs = tuple(
            source for parameter, source in zip(parameters, node.inputs, strict=True) if parameter in living.inputs
        )
        return replace(node, op=name, inputs=inputs)

    def _variant(self, name: str, missing: frozenset[int]) -> tuple[str, Graph]:
        cell = self.cells[name]
        living = _living(cell, [cell.inputs[i] for i in missing], _operation)
        if missing and name != self.role:
            name = f"{name}.without.{''.join(letter(i) for i in sorted(missing))}"
            while name in self.cells:
                name += "_"
        return name, living


def _operation(node: Node, dead: Collection[str]) -> Node | None:
    living = tuple(name for name in node.inputs if name not in dead)
    if node.op == "none" or not living:
        return None
    if len(living) == len(node.inputs):
        return node
    return replace(node, inputs=living) if OPERATIONS[node.op].arity is None else None


def _living(graph: Graph, missing: Collection[str], rewrite: Rewrite) -> Graph:
    dead, nodes = set(missing), list[Node]()
    for node in ordered(graph):
        living = rewrite(node, dead)
        if living is None:
            dead.add(node.name)
        else:
            nodes.append(living)
    outputs = tuple(name for name in graph.outputs if name not in dead)
    return _reached(_without_single_sums(Graph(graph.inputs, tuple(nodes), outputs)))


def _without_single_sums(graph: Graph) -> Graph:
    """A sum of one is that one, except where an output would become an input or the same as another output."""
    alias = _aliases(graph, ())
    outputs = {alias.get(name, name) for name in graph.outputs}
    if len(outputs) < len(graph.outputs) or not outputs.isdisjoint(graph.inputs):
        alias = _aliases(graph, graph.outputs)
    if not alias:
        return graph
    nodes = (
        replace(node, inputs=tuple(alias.get(name, name) for name in node.inputs))
        for node in graph.nodes
        if node.name not in alias
    )
    return Graph(graph.inputs, tuple(nodes), tuple(alias.get(name, name) for name in graph.outputs))


def _aliases(graph: Graph, kept: Collection[str]) -> dict[str, str]:
    alias: dict[str, str] = {}
    for node in graph.nodes:
        if node.op == "sum" and len(node.inputs) == 1 and node.name not in kept:
            alias[node.name] = alias.get(node.inputs[0], node.inputs[0])
    return alias


def _reached(graph: Graph) -> Graph:
    needed, nodes = set(graph.outputs), list[Node]()
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
            nodes.append(node)
    inputs = tuple(name for name in graph.inputs if name in needed)
    return Graph(inputs, tuple(reversed(nodes)), graph.outputs)


def _same_scales(net: Graph, whole: Graph) -> Graph:
    """Strides so that every cell works at the scale it had, also where the input that brought it there is gone."""
    before = _scales(whole)
    scale, nodes = dict.fromkeys(net.inputs, 1), list[Node]()
    for node in net.nodes:
        stride = before[node.name] // max(scale[name] for name in node.inputs)
        scale[node.name] = before[node.name]
        nodes.append(node if node.op == ROLES["lgc"] else replace(node, stride=stride))
    return replace(net, nodes=tuple(nodes))


def _scales(net: Graph) -> dict[str, int]:
    scale = dict.fromkeys(net.inputs, 1)
    for node in ordered(net):
        scale[node.name] = max(scale[name] for name in node.inputs) * node.stride
    return scale
