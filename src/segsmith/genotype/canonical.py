"""One form for all spellings of a network, and its fingerprint.

Only what is alive stays (``prune``), settings that have their default go, commutative inputs and outputs are put in
order, cells of one structure become one, and nodes and cells are named by their place. A node that is read twice stays
different from two equal nodes, which have weights of their own.
"""

import json
from collections import Counter
from dataclasses import replace
from hashlib import sha256

from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.jsonform import to_data
from segsmith.genotype.labelling import canonical_colours, plan
from segsmith.genotype.names import letter
from segsmith.genotype.order import ordered
from segsmith.genotype.prune import prune
from segsmith.genotype.vocabulary import KINDS, OPERATIONS, ROLES, Setting


def fingerprint(genotype: Genotype) -> str:
    """Sixteen hexadecimal digits, the same for every spelling of one network."""
    data = json.dumps(to_data(canonical(genotype)), sort_keys=True, separators=(",", ":"))
    return sha256(data.encode()).hexdigest()[:16]


def canonical(genotype: Genotype) -> Genotype:
    """The form that all spellings of a valid genotype share; a StructureError where nothing of it is alive."""
    return _canonical(prune(genotype))


def _canonical(living: Genotype) -> Genotype:
    role = ROLES.get(living.kind, "")
    once = {cell: canonical_graph(cell, _parameters(len(cell.inputs)), {}) for cell in living.cells.values()}
    content = {name: once[cell] for name, cell in living.cells.items()}
    labels = {name: f"{name == role}{cell}" for name, cell in content.items()}
    inputs = _in_order(living.kind, living.net.inputs)
    net = canonical_graph(replace(living.net, inputs=inputs), inputs, labels)
    names = _cell_names(net, content, living.kind)
    nodes = tuple(replace(node, op=names.get(node.op, node.op)) for node in net.nodes)
    cells = {new: content[old] for old, new in names.items()}
    static = None if living.static is None else _canonical(living.static)
    return Genotype(living.kind, replace(net, nodes=nodes), cells, _settings(living), static)


def _settings(genotype: Genotype) -> dict[str, Setting]:
    defaults = KINDS[genotype.kind][1].items()
    given = {name: type(default)(genotype.settings.get(name, default)) for name, default in defaults}
    return {name: given[name] for name, default in defaults if given[name] != default}


def _parameters(count: int) -> tuple[str, ...]:
    return tuple(letter(index) for index in range(count)) if count > 1 else ("x",)


def _in_order(kind: str, inputs: tuple[str, ...]) -> tuple[str, ...]:
    known = KINDS[kind][0]
    return tuple(sorted(inputs, key=lambda name: (known.index(name) if name in known else len(known), name)))


def _cell_names(net: Graph, content: dict[str, Graph], kind: str) -> dict[str, str]:
    """New names for the cells that the net uses, in the order of their first use; equal cells get the same."""
    names, seen = dict[str, str](), dict[Graph, str]()
    for node in net.nodes:
        if node.op == ROLES.get(kind):
            names[node.op] = node.op
        elif node.op in content:
            names[node.op] = seen.setdefault(content[node.op], f"{'t' if kind == 'template' else 'cell'}{len(seen)}")
    return names


def canonical_graph(graph: Graph, inputs: tuple[str, ...], cells: dict[str, str]) -> Graph:
    """The one spelling of a graph; ``inputs`` are new names for its inputs, ``cells`` says what each cell is."""
    place = _colours(graph, cells)
    nodes = (replace(node, inputs=_sorted_inputs(node, place)) for node in graph.nodes)
    order = ordered(replace(graph, nodes=tuple(sorted(nodes, key=lambda node: place[node.name]))))
    return _renamed(order, graph, inputs)


def _colours(graph: Graph, cells: dict[str, str]) -> dict[str, int]:
    names = [*graph.inputs, *(node.name for node in graph.nodes)]
    index = {name: i for i, name in enumerate(names)}
    labels = [f"0 {i:04d}" for i in range(len(graph.inputs))]
    labels += [
        f"1 {cells.get(node.op, node.op)} {node.stride} {node.repeat} {node.align} {node.name in graph.outputs}"
        for node in graph.nodes
    ]
    none: list[tuple[int, ...]] = [()] * len(graph.inputs)
    sources = [*none, *(tuple(index[name] for name in node.inputs) for node in graph.nodes)]
    unordered = [*(False for _ in none), *(_commutes(node) for node in graph.nodes)]
    return dict(zip(names, canonical_colours(plan(labels, sources, unordered)), strict=True))


def _commutes(node: Node) -> bool:
    return node.op in OPERATIONS and OPERATIONS[node.op].commutative


def _sorted_inputs(node: Node, place: dict[str, int]) -> tuple[str, ...]:
    return tuple(sorted(node.inputs, key=place.__getitem__)) if _commutes(node) else node.inputs


def _renamed(order: tuple[Node, ...], graph: Graph, inputs: tuple[str, ...]) -> Graph:
    """Names by place: n0, n1, ...; a single input's operation gets the name of the aggregation that alone reads it."""
    reads = Counter(name for node in order for name in node.inputs)
    nodes = {node.name: node for node in order}
    inside = {
        name
        for reader in order
        if reader.op in OPERATIONS
        for name in reader.inputs
        if name in nodes and len(nodes[name].inputs) == 1 and reads[name] == 1 and name not in graph.outputs
    }
    new, result = dict(zip(graph.inputs, inputs, strict=True)), list[Node]()

    def emit(node: Node, name: str) -> None:
        for index, source in enumerate(node.inputs):
            if source in inside:
                emit(nodes[source], f"{name}.{letter(index)}")
        new[node.name] = name
        result.append(replace(node, name=name, inputs=tuple(new[source] for source in node.inputs)))

    stem = _stem(inputs)
    for index, node in enumerate(node for node in order if node.name not in inside):
        emit(node, f"{stem}{index}")
    outputs = {new[name] for name in graph.outputs}
    names = [*inputs, *(node.name for node in result)]
    return Graph(inputs, tuple(result), tuple(name for name in names if name in outputs))


def _stem(inputs: tuple[str, ...]) -> str:
    """The letter before a node's number, doubled until no input is called so."""
    stem = "n"
    while any(name.startswith(stem) for name in inputs):
        stem += "n"
    return stem
