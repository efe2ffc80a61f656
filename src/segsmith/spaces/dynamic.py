"""Cells that carry a segmentation from one frame to the next, on top of a static network."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node, validate
from segsmith.genotype.numbers import joined
from segsmith.genotype.order import ordered, unread
from segsmith.genotype.vocabulary import SETTING_CHOICES
from segsmith.spaces.base import Decision, Option, Picks, Space, check_at_least, check_names, offered
from segsmith.spaces.rows import location_decisions, locations, row_name

OPERATIONS = ("sep3", "gap", "sep3d3", "sep5d6", "skip", "deform3")
AGGREGATIONS = ("wsum", "concat", "predict", "affine", "conv3d", "attention")

# What a cell reads, by kind of static network: the previous frame's deepest features and decoder output, and this
# frame's features.
INPUTS: dict[str, tuple[str, ...]] = {
    "decoder": ("prev:layer4", "prev:dec", "layer2", "layer3", "layer4"),
    "template": ("prev:layer2", "prev:dec", "layer1", "layer2"),
    "lgc": ("prev:layer3", "prev:dec", "layer1", "layer2", "layer3"),
}


@dataclass(frozen=True)
class DynamicSpace(Space):
    """``inputs`` empty stands for those of ``INPUTS``. Several ``step_scales`` make one more decision."""

    name: ClassVar[str] = "dynamic"

    static: Genotype
    rows: int = 4
    inputs: tuple[str, ...] = ()
    operations: tuple[str, ...] = OPERATIONS
    aggregations: tuple[str, ...] = AGGREGATIONS
    step_scales: tuple[float, ...] = (1.0,)
    channels: int = 64

    def __post_init__(self) -> None:
        check_at_least("rows", self.rows, 1)
        check_names("operations", self.operations, offered("dynamic net", "operation"))
        check_names("aggregations", self.aggregations, offered("dynamic net", "aggregation"))
        scales = [f"{float(scale):g}" for scale in SETTING_CHOICES["step_scale"]]
        check_names("step scales", [f"{scale:g}" for scale in self.step_scales], scales)
        # said in full, so that whoever shows the space shows what it reads
        object.__setattr__(self, "inputs", self.inputs or INPUTS.get(self.static.kind, ()))
        if not self.inputs:
            raise UserError(f"what a cell may read of a {self.static.kind} network is unknown", fix="name its inputs")
        probe = Graph(self.inputs, (Node("n0", "skip", self.inputs[:1]),), ("n0",))
        for scale in self.step_scales:
            validate(self._genotype(probe, scale))

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        rows = (decision for row in range(self.rows) for decision in self._row_decisions(row))
        scale = Decision("step_scale", "step_scale", self.step_scales)
        return (*rows, scale) if len(self.step_scales) > 1 else tuple(rows)

    def _row_decisions(self, row: int) -> Iterator[Decision]:
        yield from location_decisions(self.inputs, row)
        yield Decision(f"{row_name(row)}.op1", "op", self.operations)
        yield Decision(f"{row_name(row)}.op2", "op", self.operations)
        yield Decision(f"{row_name(row)}.agg", "agg", self.aggregations)

    def build(self, picks: Picks) -> Genotype:
        nodes = [node for row in range(self.rows) for node in _row_nodes(picks, row)]
        read = {name for node in nodes for name in node.inputs}
        inputs = tuple(name for name in self.inputs if name in read)
        outputs = unread([row_name(row) for row in range(self.rows)], nodes)
        return self._genotype(Graph(inputs, tuple(nodes), outputs), float(picks.get("step_scale", self.step_scales[0])))

    def _genotype(self, net: Graph, step_scale: float) -> Genotype:
        settings = {"channels": self.channels, "step_scale": step_scale}
        return Genotype(self.name, net, settings=settings, static=self.static)

    def read(self, genotype: Genotype) -> dict[str, Option]:
        nodes = {node.name: node for node in genotype.net.nodes}
        rows = [node for node in ordered(genotype.net) if len(node.inputs) == 2]
        if genotype.kind != self.name or len(rows) != self.rows:
            raise UserError(f"this is no dynamic cell of {self.rows} rows", fix=f"it has {len(rows)}: set rows to that")
        names = {node.name: row_name(row) for row, node in enumerate(rows)}
        picks: dict[str, Option] = {"step_scale": genotype.settings.get("step_scale", 1.0)}
        for row, node in enumerate(rows):
            picks[f"{row_name(row)}.agg"] = node.op
            for side, name in enumerate(node.inputs, start=1):
                if name not in nodes or name in names:
                    raise UserError(f"{node.name} reads {name!r} by no operation", fix="put a skip between the two")
                (source,) = nodes[name].inputs
                picks[f"{row_name(row)}.op{side}"] = nodes[name].op
                picks[f"{row_name(row)}.loc{side}"] = names.get(source, source)
        return picks


def _row_nodes(picks: Picks, row: int) -> list[Node]:
    name = row_name(row)
    first, second = locations(picks, row)
    sides = (str(picks[f"{name}.op1"]), first), (str(picks[f"{name}.op2"]), second)
    return joined(name, str(picks[f"{name}.agg"]), *sides)
