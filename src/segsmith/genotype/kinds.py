"""What each kind of network asks of its genotype beyond being a graph: see ``check.py``, which has looked before."""

from collections.abc import Callable, Collection

from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.faults import StructureError, nearest
from segsmith.genotype.vocabulary import KINDS, OPERATIONS, ROLES, STATIC_TAPS

# Which of a node's stride, repeat and align the net of a kind may set; cells never do.
NODE_OPTIONS: dict[str, frozenset[str]] = {
    "template": frozenset({"stride", "repeat", "align"}),
    "lgc": frozenset({"stride"}),
}
DEFAULTS = {"stride": 1, "repeat": 1, "align": "larger"}


def check_kind(genotype: Genotype, prefix: str) -> None:
    net, place = genotype.net, f"{prefix}net"
    allowed = _inputs(genotype)
    if allowed is not None:
        for name in net.inputs:
            if name not in allowed:
                raise StructureError(f"{place}.inputs", f"no input {name!r} here", fix=nearest(name, allowed))
    for name, cell in genotype.cells.items():
        _check_options(cell, f"{prefix}cells.{name}", frozenset())
        if not cell.outputs:
            raise StructureError(f"{prefix}cells.{name}.outputs", "a cell has at least one output")
    _check_options(net, place, NODE_OPTIONS.get(genotype.kind, frozenset()))
    if genotype.kind != "external" and not net.outputs:
        raise StructureError(f"{place}.outputs", "a network has at least one output")
    for name in net.outputs:
        if name in net.inputs:
            raise StructureError(f"{place}.outputs", f"{name!r} is an input; an output of the net is a node")
    if genotype.kind in RULES:
        RULES[genotype.kind](genotype, prefix)


def _inputs(genotype: Genotype) -> Collection[str] | None:
    """The names that the net may read; None where the names cannot be known from here."""
    static = genotype.static
    if static is None or static.kind == "decoder":
        return KINDS[genotype.kind][0]
    taps = STATIC_TAPS[static.kind]
    return None if taps is None else ("prev:dec", *taps, *(f"prev:{tap}" for tap in taps))


def _check_options(graph: Graph, place: str, allowed: frozenset[str]) -> None:
    for node in graph.nodes:
        for option, default in DEFAULTS.items():
            value = getattr(node, option)
            if value != default and option not in allowed:
                raise StructureError(f"{place}.{node.name}", f"{option} {value} has no meaning here")


def _check_decoder(genotype: Genotype, prefix: str) -> None:
    name, nodes = ROLES["decoder"], {node.name: node for node in genotype.net.nodes}
    if set(genotype.cells) != {name}:
        raise StructureError(f"{prefix}cells", f"a decoder has one cell, {name!r}, not {sorted(genotype.cells)}")
    cell, place = genotype.cells[name], f"{prefix}cells.{name}"
    if len(cell.inputs) != 1 or len(cell.outputs) != 1:
        raise StructureError(place, "a contextual cell has one input and one output")
    for node in genotype.net.nodes:
        ops = {nodes[source].op if source in nodes else "" for source in node.inputs}
        if node.op == "merge" and ops != {name}:
            raise StructureError(f"{prefix}net.{node.name}", f"merge joins two {name!r} cells, not {sorted(ops)}")
        if node.op == name and name in ops:
            raise StructureError(f"{prefix}net.{node.name}", f"{name!r} reads a layer or a merge, not another cell")
    for output in genotype.net.outputs:
        if nodes[output].op != "merge":
            raise StructureError(f"{prefix}net.outputs", f"{output!r} is no merge")


def _check_template(genotype: Genotype, prefix: str) -> None:
    for name, cell in genotype.cells.items():
        nodes = {node.name: node for node in cell.nodes}
        if len(cell.inputs) != 2 or len(cell.outputs) != 1 or not _is_template(cell, nodes):
            raise StructureError(
                f"{prefix}cells.{name}", "a template is one aggregation of one operation on each of its two inputs"
            )


def _is_template(cell: Graph, nodes: dict[str, Node]) -> bool:
    out = nodes.get(cell.outputs[0])
    if out is None or len(nodes) != 3 or not _of(out, "aggregation"):
        return False
    parts = [nodes[name] for name in out.inputs if name in nodes]
    return all(_of(part, "operation") for part in parts) and {part.inputs[0] for part in parts} == set(cell.inputs)


def _of(node: Node, group: str) -> bool:
    return OPERATIONS[node.op].group == group


def _check_lgc(genotype: Genotype, prefix: str) -> None:
    role = ROLES["lgc"]
    searched = genotype.settings.get("fusion", KINDS["lgc"][1]["fusion"]) == "searched"
    if searched != (role in genotype.cells):
        what = "needs a cell" if searched else "has no cell"
        raise StructureError(f"{prefix}cells", f"fusion {'searched' if searched else 'not searched'} {what} {role!r}")
    for name, cell in genotype.cells.items():
        most = 3 if name == role else 2
        if not 1 <= len(cell.inputs) <= most:
            raise StructureError(f"{prefix}cells.{name}.inputs", f"1 to {most} inputs, not {len(cell.inputs)}")
    if len(genotype.net.outputs) != 1:
        raise StructureError(f"{prefix}net.outputs", f"an LGC network has one output, not {len(genotype.net.outputs)}")
    fused = [node for node in genotype.net.nodes if node.op == role]
    if searched and (len(fused) != 1 or genotype.net.outputs != (fused[0].name,)):
        raise StructureError(f"{prefix}net.outputs", f"one node with the op {role!r} is the only output")
    if searched and fused[0].stride != 1:
        raise StructureError(f"{prefix}net.{fused[0].name}", f"stride {fused[0].stride} has no meaning here")


def _check_external(genotype: Genotype, prefix: str) -> None:
    source = str(genotype.settings.get("source", ""))
    before, _, after = source.partition(":")
    if not before or not after:
        raise StructureError(
            f"{prefix}settings.source", f"{source!r} names no backbone", fix="timm:NAME or module:function"
        )


RULES: dict[str, Callable[[Genotype, str], None]] = {
    "decoder": _check_decoder,
    "template": _check_template,
    "lgc": _check_lgc,
    "external": _check_external,
}
