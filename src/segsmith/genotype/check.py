"""Is this a network? Every fault is one line that names its place, as ``net.n3: ...`` or ``cells.t0.out: ...``."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from segsmith.genotype.core import Align, Genotype, Graph, Node
from segsmith.genotype.faults import StructureError, nearest
from segsmith.genotype.kinds import check_kind
from segsmith.genotype.names import NAME, RESERVED
from segsmith.genotype.order import ordered
from segsmith.genotype.vocabulary import (
    KINDS,
    OPERATIONS,
    PART_OPERATIONS,
    ROLES,
    SETTING_CHOICES,
    SETTING_MINIMUM,
    Setting,
)


def validate(genotype: Genotype, where: str = "") -> Genotype:
    """The same genotype, or a StructureError about the first fault; ``where`` is the file it came from."""
    try:
        _check(genotype, "")
    except StructureError as fault:
        raise StructureError(fault.place, fault.reason, fix=fault.fix, path=where or None) from None
    return genotype


def _check(genotype: Genotype, prefix: str) -> None:
    if genotype.kind not in KINDS:
        raise StructureError(f"{prefix}kind", f"unknown kind {genotype.kind!r}", fix=nearest(genotype.kind, KINDS))
    _check_settings(genotype, prefix)
    if genotype.cells and f"{genotype.kind} cell" not in PART_OPERATIONS:
        raise StructureError(f"{prefix}cells", f"a genotype of kind {genotype.kind!r} has no cells")
    for name, cell in genotype.cells.items():
        _check_cell_name(name, f"{prefix}cells.{name}")
        role = "fusion" if genotype.kind == "lgc" and name == ROLES["lgc"] else "cell"
        part = f"{genotype.kind} {role}"
        _check_graph(cell, f"{prefix}cells.{name}", part, PART_OPERATIONS[part], {})
    part = f"{genotype.kind} net"
    _check_graph(genotype.net, f"{prefix}net", part, PART_OPERATIONS[part], genotype.cells)
    _check_static(genotype, prefix)
    check_kind(genotype, prefix)


def _check_static(genotype: Genotype, prefix: str) -> None:
    static = genotype.static
    if (static is not None) != (genotype.kind == "dynamic"):
        if static is None:
            raise StructureError(f"{prefix}static", "a dynamic cell needs the static network that it stands on")
        raise StructureError(f"{prefix}static", f"a genotype of kind {genotype.kind!r} stands on no static network")
    if static is not None:
        if static.kind == "dynamic":
            raise StructureError(f"{prefix}static", "a dynamic cell cannot stand on another one")
        _check(static, f"{prefix}static.")


def _check_settings(genotype: Genotype, prefix: str) -> None:
    defaults = KINDS[genotype.kind][1]
    for name, value in genotype.settings.items():
        place = f"{prefix}settings.{name}"
        if name not in defaults:
            raise StructureError(
                place, f"unknown setting {name!r} for kind {genotype.kind!r}", fix=nearest(name, defaults)
            )
        _check_setting(name, value, defaults[name], place)


def _check_setting(name: str, value: Setting, default: Setting, place: str) -> None:
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise StructureError(place, f"{value!r} is not of the type {type(default).__name__}")
    if isinstance(value, str) and not value.isprintable():
        raise StructureError(place, f"{value!r} has characters that cannot be printed")
    choices = SETTING_CHOICES.get(name)
    if choices is not None and value not in choices:
        raise StructureError(place, f"{value!r} is not a choice", fix=nearest(value, choices))
    least = SETTING_MINIMUM.get(name, 1)
    if choices is None and not isinstance(value, str) and value < least:
        raise StructureError(place, f"{value!r} is too small", fix=f"at least {least}")


def _check_cell_name(name: str, place: str) -> None:
    _check_name(name, place)
    if name in OPERATIONS or name in RESERVED:
        raise StructureError(place, f"{name!r} is taken", fix="call the cell something else")


def _check_name(name: str, place: str) -> None:
    if not NAME.fullmatch(name):
        raise StructureError(place, f"{name!r} is not a name", fix="letters, digits and _ . : -, a letter or _ first")


def _check_graph(graph: Graph, place: str, part: str, allowed: Collection[str], cells: Mapping[str, Graph]) -> None:
    for name in graph.inputs:
        _check_name(name, f"{place}.inputs")
    for node in graph.nodes:
        _check_name(node.name, place)
    _check_unique([*graph.inputs, *(node.name for node in graph.nodes)], place)
    known = {*graph.inputs, *(node.name for node in graph.nodes)}
    for node in graph.nodes:
        _check_node(node, f"{place}.{node.name}", part, allowed, cells)
        _check_known(node.inputs, known, f"{place}.{node.name}")
    left = {node.name for node in graph.nodes} - {node.name for node in ordered(graph)}
    if left:
        raise StructureError(place, f"a cycle: {', '.join(sorted(left))} wait for each other")
    _check_unique(graph.outputs, f"{place}.outputs")
    _check_known(graph.outputs, known, f"{place}.outputs")


def _check_unique(names: Sequence[str], place: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise StructureError(place, f"the name {twice[0]!r} is there more than once")


def _check_known(names: Sequence[str], known: Collection[str], place: str) -> None:
    for name in names:
        if name not in known:
            raise StructureError(place, f"nothing is called {name!r}", fix=nearest(name, known))


def _check_node(node: Node, place: str, part: str, allowed: Collection[str], cells: Mapping[str, Graph]) -> None:
    if node.op not in cells and node.op not in allowed:
        what = f"no operation of a {part}" if node.op in OPERATIONS else "unknown operation"
        raise StructureError(place, f"{what}: {node.op!r}", fix=nearest(node.op, {*allowed, *cells}))
    arity = len(cells[node.op].inputs) if node.op in cells else OPERATIONS[node.op].arity
    if arity is not None and len(node.inputs) != arity:
        raise StructureError(place, f"{node.op} reads {arity} input{'s' * (arity != 1)}, not {len(node.inputs)}")
    if not node.inputs:
        raise StructureError(place, f"{node.op} reads at least one input")
    if node.stride < 1 or node.stride & (node.stride - 1):
        raise StructureError(place, f"stride {node.stride} is not 1, 2, 4, ...")
    if node.repeat < 1:
        raise StructureError(place, f"repeat {node.repeat} is not at least 1")
    if node.align not in get_args(Align):
        raise StructureError(place, f"unknown align {node.align!r}", fix=nearest(node.align, get_args(Align)))
