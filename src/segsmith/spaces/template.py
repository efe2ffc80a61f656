"""Networks of a few templates, each used wherever, as often and with the stride that the search likes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node
from segsmith.genotype.numbers import joined
from segsmith.genotype.order import ordered, unread
from segsmith.spaces.base import Decision, Option, Picks, Space, check_at_least, check_names, offered
from segsmith.spaces.rows import location_decisions, locations, row_name

OPERATIONS = ("sep3", "sep5", "gap", "maxpool3", "sep5d6", "skip")
AGGREGATIONS = ("wsum", "concat")
POOL = ("layer1", "layer2")


@dataclass(frozen=True)
class TemplateSpace(Space):
    """Rows of the first half (``row < rows // 2``) choose a stride and join at the smaller size, the others neither.

    ``adapt`` brings both taps to that many channels first (0: they stay as they are, as in the published networks;
    the published search had 48 and a head of 48).
    """

    name: ClassVar[str] = "template"

    templates: int = 3
    rows: int = 7
    repeats: int = 4
    strides: tuple[int, ...] = (1, 2)
    operations: tuple[str, ...] = OPERATIONS
    aggregations: tuple[str, ...] = AGGREGATIONS
    multiplier: int = 2
    adapt: int = 0
    head: int = 64

    def __post_init__(self) -> None:
        for what in ("templates", "rows", "repeats", "multiplier", "head"):
            check_at_least(what, getattr(self, what), 1)
        check_at_least("adapt", self.adapt, 0)
        # a bare pooling cannot widen its input, which a stride asks for
        widening = [name for name in offered("template cell", "operation") if name != "pool3"]
        check_names("operations", self.operations, widening)
        check_names("aggregations", self.aggregations, offered("template cell", "aggregation"))
        check_names("strides", [str(stride) for stride in self.strides], ("1", "2"))

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        templates = (decision for index in range(self.templates) for decision in self._template_decisions(index))
        rows = (decision for row in range(self.rows) for decision in self._row_decisions(row))
        return (*templates, *rows)

    def _template_decisions(self, index: int) -> Iterator[Decision]:
        name = _template_name(index)
        yield Decision(f"{name}.op1", "op", self.operations)
        yield Decision(f"{name}.op2", "op", self.operations)
        yield Decision(f"{name}.agg", "agg", self.aggregations)

    def _row_decisions(self, row: int) -> Iterator[Decision]:
        name = row_name(row)
        yield from location_decisions(POOL, row)
        yield Decision(f"{name}.template", "template", tuple(_template_name(i) for i in range(self.templates)))
        yield Decision(f"{name}.repeat", "repeat", tuple(range(1, self.repeats + 1)))
        if row < self.rows // 2:
            yield Decision(f"{name}.stride", "stride", self.strides)

    def build(self, picks: Picks) -> Genotype:
        nodes = tuple(self._node(picks, row) for row in range(self.rows))
        read = {name for node in nodes for name in node.inputs}
        used = {node.op for node in nodes}
        names = (_template_name(index) for index in range(self.templates))
        return Genotype(
            self.name,
            Graph(tuple(name for name in POOL if name in read), nodes, unread([node.name for node in nodes], nodes)),
            cells={name: _template(picks, name) for name in names if name in used},
            settings={"multiplier": self.multiplier, "adapt": self.adapt, "head": self.head},
        )

    def _node(self, picks: Picks, row: int) -> Node:
        name = row_name(row)
        return Node(
            name,
            str(picks[f"{name}.template"]),
            locations(picks, row),
            stride=int(picks.get(f"{name}.stride", 1)),
            repeat=int(picks[f"{name}.repeat"]),
            align="smaller" if row < self.rows // 2 else "larger",
        )

    def read(self, genotype: Genotype) -> dict[str, Option]:
        rows = ordered(genotype.net)
        if genotype.kind != self.name or len(rows) != self.rows or len(genotype.cells) > self.templates:
            raise UserError(
                f"this is no network of {self.rows} rows and {self.templates} templates",
                fix=f"it has {len(rows)} and {len(genotype.cells)}: set rows and templates to those",
            )
        own = [_template_name(index) for index in range(self.templates)]
        free = iter([name for name in own if name not in genotype.cells])
        templates = {name: name if name in own else next(free) for name in genotype.cells}
        names = {node.name: row_name(row) for row, node in enumerate(rows)}
        picks: dict[str, Option] = {}
        for name, cell in genotype.cells.items():
            picks.update(_read_template(templates[name], cell))
        for node in rows:
            name = names[node.name]
            picks[f"{name}.template"] = templates[node.op]
            picks[f"{name}.repeat"], picks[f"{name}.stride"] = node.repeat, node.stride
            for side, source in enumerate(node.inputs, start=1):
                picks[f"{name}.loc{side}"] = names.get(source, source)
        return picks


def _template_name(index: int) -> str:
    return f"t{index}"


def _template(picks: Picks, name: str) -> Graph:
    sides = (str(picks[f"{name}.op1"]), "a"), (str(picks[f"{name}.op2"]), "b")
    return Graph(("a", "b"), tuple(joined("out", str(picks[f"{name}.agg"]), *sides)), ("out",))


def _read_template(name: str, cell: Graph) -> dict[str, Option]:
    nodes = {node.name: node for node in cell.nodes}
    last = nodes[cell.outputs[0]]
    by_input = {nodes[source].inputs[0]: nodes[source].op for source in last.inputs}
    first, second = (by_input[source] for source in cell.inputs)
    return {f"{name}.op1": first, f"{name}.op2": second, f"{name}.agg": last.op}
