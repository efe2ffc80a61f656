"""What a drawing of a genotype shows, whatever it is drawn with: panels of boxes and arrows."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.order import ordered
from segsmith.genotype.presets import preset_name
from segsmith.genotype.prune import prune
from segsmith.genotype.vocabulary import KINDS, OPERATIONS, ROLES

RESULT = "\0result"  # no node is called so

STYLES = {
    "input": "input",
    "previous": "from the previous frame",
    "operation": "operation",
    "aggregation": "aggregation",
    "output": "output",
    "cell": "cell, drawn in a panel of its own",
}

KIND_WORDS = {
    "decoder": "decoder",
    "template": "template network",
    "lgc": "LGC network",
    "dynamic": "dynamic cell",
    "external": "network from elsewhere",
}
SCALES = {"layer1": "1/4", "layer2": "1/8", "layer3": "1/16", "layer4": "1/32", "stem": "1/4"}


@dataclass(frozen=True)
class Box:
    key: str
    lines: tuple[str, ...]
    style: str


@dataclass(frozen=True)
class Arrow:
    """``port`` tells inputs apart whose order counts."""

    source: str
    target: str
    port: str
    dashed: bool


@dataclass(frozen=True)
class Panel:
    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def panels(genotype: Genotype, cell: str = "") -> list[Panel]:
    """The net, then its cells, of what is alive in the genotype, or one cell alone; boxes stand behind their
    sources."""
    living = prune(genotype)
    if cell:
        return [_cell_panel(cell, living.cells[cell], 1)]
    if living.kind == "external":
        source = str(living.settings["source"])
        return [Panel("network", (Box("source", (source,), "cell"),), ())]
    uses = Counter(node.op for node in living.net.nodes)
    net = _panel("dynamic cell" if living.kind == "dynamic" else "network", living.net, living.cells, _result(living))
    return [net, *(_cell_panel(name, cell, uses[name]) for name, cell in living.cells.items())]


def heading(genotype: Genotype) -> str:
    """Name, kind and settings in a line."""
    name = preset_name(genotype)
    words = f"{name}: {KIND_WORDS[genotype.kind]}" if name else KIND_WORDS[genotype.kind]
    if genotype.static is not None:
        words += f" on {preset_name(genotype.static) or heading(genotype.static)}"
    return ", ".join([words, *(f"{setting} {value}" for setting, value in genotype.settings.items())])


def _result(genotype: Genotype) -> str:
    fusion = genotype.settings.get("fusion", KINDS["lgc"][1]["fusion"])
    first = "concatenate, " if len(genotype.net.outputs) > 1 else ""
    if genotype.kind == "dynamic":
        return f"{first}dec, classify"
    if genotype.kind == "lgc":
        first = "" if fusion in ("searched", "none") else f"{str(fusion).upper()}, "
    return f"{first}classify"


def _cell_panel(name: str, cell: Graph, uses: int) -> Panel:
    result = "sum" if name == ROLES["lgc"] else "concatenate"
    title = name if uses == 1 else f"{name} (used {uses} times)"
    return _panel(title, cell, {}, result if len(cell.outputs) > 1 else "output")


def _panel(title: str, graph: Graph, cells: Mapping[str, Graph], result: str) -> Panel:
    inputs = [_input(name) for name in graph.inputs]
    nodes = ordered(graph)
    boxes = [*inputs, *(_box(node) for node in nodes), Box(RESULT, (result,), "output")]
    arrows = [_arrow(node, index, cells) for node in nodes for index in range(len(node.inputs))]
    arrows += [Arrow(name, RESULT, "", name.startswith("prev:")) for name in graph.outputs]
    return Panel(title, tuple(boxes), tuple(arrows))


def _input(name: str) -> Box:
    previous = name.startswith("prev:")
    scale = SCALES.get(name.removeprefix("prev:"))
    return Box(name, (name, scale) if scale else (name,), "previous" if previous else "input")


def _box(node: Node) -> Box:
    info = OPERATIONS.get(node.op)
    words = [
        *((f"stride {node.stride}",) if node.stride > 1 else ()),
        *((f"×{node.repeat}",) if node.repeat > 1 else ()),
    ]
    if node.align == "smaller":
        words.append("to smaller")
    if info is None:
        return Box(node.name, (node.op, " · ".join([node.name, *words])), "cell")
    if info.group == "aggregation":
        words = [*(() if "." in node.name else (node.name,)), *words]
    first, _, second = info.label.partition(", ")
    second = " · ".join([*((second,) if second else ()), *words])
    return Box(node.name, (first, second) if second else (first,), info.group)


def _arrow(node: Node, index: int, cells: Mapping[str, Graph]) -> Arrow:
    source, info = node.inputs[index], OPERATIONS.get(node.op)
    if info is None:
        parameters = cells[node.op].inputs
        port = parameters[index] if len(parameters) > 1 else ""
    else:
        port = "" if info.commutative or len(node.inputs) == 1 else str(index + 1)
    return Arrow(source, node.name, port, source.startswith("prev:"))
