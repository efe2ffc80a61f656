"""Networks of cells in a chain, each edge an operation of its own, and a cell that fuses three resolutions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, TypeAlias

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node
from segsmith.genotype.names import letter
from segsmith.genotype.vocabulary import Setting
from segsmith.spaces.base import Decision, Option, Picks, Space, check_at_least, check_names, offered
from segsmith.spaces.fusion import BRANCHES, LAYOUTS, Route

OPERATIONS = ("pool3", "skip", "conv3", "none", "dw3", "dw3d2", "dw3d4", "dw3d8")
FUSION_OPERATIONS = ("conv1", "conv3", "dw3", "dw3d2", "dw3d4", "dw3d8", "dw3d12", "gap", "gap5", "skip")
UP_OPERATIONS = ("up2", "deconv2")

Fusion: TypeAlias = Literal["x2", "dense", "multiscale", "aspp", "ppm", "none"]
FUSIONS: tuple[Fusion, ...] = ("x2", "dense", "multiscale", "aspp", "ppm", "none")

# A cell's inputs are the outputs of the two cells before it, older first; its output is x1 and x2 concatenated.
INPUTS = ("older", "newer")
X1_X2, NEWER_X2 = Route("x1", "x2"), Route("newer", "x2")
ROUTES = tuple(
    Route(a, b) for a, b in (("older", "x1"), ("newer", "x1"), ("older", "x2"), ("newer", "x2"), ("x1", "x2"))
)
FUSION = "fusion"


@dataclass(frozen=True, slots=True)
class Edge:
    """A place for an operation; the decision of its name has these options."""

    cell: str
    route: Route
    kind: str
    options: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.cell}.{self.route.source}_{self.route.target}"


@dataclass(frozen=True)
class LgcSpace(Space):
    """``reductions`` are the cells that halve the map; ``aggregate`` the cells that the fusion reads (empty: the
    last of each resolution). With ``shared`` cells there is one normal and one reduction cell."""

    name: ClassVar[str] = "lgc"

    cells: int = 14
    reductions: tuple[int, int] = (1, 8)
    aggregate: tuple[int, ...] = ()
    shared: bool = False
    fusion: Fusion = "x2"
    operations: tuple[str, ...] = OPERATIONS
    fusion_operations: tuple[str, ...] = FUSION_OPERATIONS
    up_operations: tuple[str, ...] = UP_OPERATIONS
    width: int = 32
    branch: int = 48

    def __post_init__(self) -> None:
        first, second = self.reductions
        if not 0 < first < second < self.cells:
            raise UserError(
                f"reductions {first} and {second} among {self.cells} cells", fix="two in order, neither the first cell"
            )
        # said in full, so that whoever shows the space shows what the fusion reads
        object.__setattr__(self, "aggregate", self.aggregate or (first - 1, second - 1, self.cells - 1))
        if [self.level(cell) for cell in self.aggregate] != [0, 1, 2] or self.aggregate[-1] >= self.cells:
            raise UserError(
                f"the fusion cannot read the cells {', '.join(map(str, self.aggregate))}",
                fix=f"one of 0-{first - 1}, one of {first}-{second - 1} and one of {second}-{self.cells - 1}",
            )
        check_at_least("width", self.width, 1)
        check_at_least("branch", self.branch, 1)
        self._check_operations()

    def _check_operations(self) -> None:
        check_names("fusion", (self.fusion,), FUSIONS)
        # twice-repeated separable convolutions take a stride twice
        once = [op for op in offered("lgc cell", "operation") if not op.startswith("sep")]
        check_names("operations", self.operations, once)
        beside = [op for op in offered("lgc fusion", "operation") if op not in ("none", *UP_OPERATIONS)]
        check_names("fusion operations", self.fusion_operations, beside)
        check_names("up operations", self.up_operations, UP_OPERATIONS)
        if "none" in self.operations and "skip" not in self.operations:
            raise UserError("'none' without 'skip' in operations", fix="a cell of nothing falls back on skip: add it")

    def level(self, cell: int) -> int:
        """Halvings since the stem."""
        return sum(cell >= reduction for reduction in self.reductions)

    def cell_of(self, index: int) -> str:
        if self.shared:
            return "reduction" if index in self.reductions else "normal"
        return f"cell{index}"

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every place for an operation, by cell in the order of the chain, the fusion cell's at the end."""
        cells = dict.fromkeys(self.cell_of(index) for index in range(self.cells))
        chain = (Edge(cell, route, "edge", self.operations) for cell in cells for route in ROUTES)
        return (*chain, *(self._fusion_edge(route) for route in LAYOUTS.get(self.fusion, ())))

    def _fusion_edge(self, route: Route) -> Edge:
        if route.levels:
            return Edge(FUSION, route, "up", self.up_operations)
        return Edge(FUSION, route, FUSION, self.fusion_operations)

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(Decision(edge.name, edge.kind, edge.options) for edge in self.edges)

    def build(self, picks: Picks) -> Genotype:
        ops: dict[str, dict[Route, str]] = {}
        for edge in self.edges:
            ops.setdefault(edge.cell, {})[edge.route] = str(picks[edge.name])
        cells = {name: _fusion_cell(chosen) if name == FUSION else _cell(chosen) for name, chosen in ops.items()}
        fusion = "searched" if self.fusion in LAYOUTS else self.fusion
        settings: dict[str, Setting] = {"width": self.width, "branch": self.branch, "fusion": fusion}
        return Genotype(self.name, self.net, cells, settings)

    @cached_property
    def net(self) -> Graph:
        """How the cells follow each other."""
        names = ["stem", "stem", *(f"c{index}" for index in range(self.cells))]
        nodes = [
            Node(names[i + 2], self.cell_of(i), (names[i], names[i + 1]), stride=2 if i in self.reductions else 1)
            for i in range(self.cells)
        ]
        if self.fusion in LAYOUTS:
            read = tuple(f"c{index}" for index in self.aggregate[-BRANCHES[self.fusion] :])
            nodes.append(Node(FUSION, FUSION, read))
        return Graph(("stem",), tuple(nodes), (nodes[-1].name,))

    def read(self, genotype: Genotype) -> dict[str, Option]:
        picks: dict[str, Option] = {}
        for edge in self.edges:
            if edge.cell not in genotype.cells:
                raise UserError(
                    f"this network has no cell {edge.cell!r}", fix="set cells, shared and fusion to its own"
                )
            picks[edge.name] = _read_cell(genotype.cells[edge.cell]).get((edge.route.source, edge.route.target), "none")
        return picks


def _cell(chosen: Mapping[Route, str]) -> Graph:
    ops = {route: op for route, op in keep_alive(chosen).items() if op != "none"}
    nodes = [node for target in ("x1", "x2") for node in _join(target, "sum", ops)]
    outputs = tuple(node.name for node in nodes if node.op == "sum")
    return Graph(INPUTS, tuple(nodes), outputs)


def keep_alive(chosen: Mapping[Route, str]) -> dict[Route, str]:
    """A cell's operations such that it reads the cell before it and that its second node is computed from something.

    An edge from a node that nothing reaches is none; where one of the two does not hold, the edge from the newer
    input to the second node becomes a skip. So no cell of the chain is ever bypassed, whatever was chosen.
    """
    ops = dict(chosen)
    if not _lives(ops, target="x1"):
        ops[X1_X2] = "none"
    if not (_lives(ops, target="x2") and _lives(ops, source="newer")):
        ops[NEWER_X2] = "skip"
    return ops


def _lives(ops: Mapping[Route, str], source: str = "", target: str = "") -> bool:
    """Whether an edge from there, or to there, is an operation at all."""
    return any(op != "none" for route, op in ops.items() if source == route.source or target == route.target)


def _fusion_cell(ops: Mapping[Route, str]) -> Graph:
    targets = dict.fromkeys(route.target for route in ops)
    inputs = dict.fromkeys(route.source for route in ops if route.source.startswith("in"))
    nodes = [node for target in targets for node in _join(target, "fuse", ops)]
    return Graph(tuple(inputs), tuple(nodes), tuple(target for target in targets if target.startswith("out")))


def _join(target: str, aggregation: str, ops: Mapping[Route, str]) -> list[Node]:
    """The edges into a node and the aggregation that makes it. An edge of several levels takes as many steps."""
    nodes: list[Node] = []
    last: list[str] = []
    for place, (route, op) in enumerate((route, op) for route, op in ops.items() if route.target == target):
        name = f"{target}.{letter(place)}"
        steps = [name + ".a" * step for step in range(max(1, route.levels))]
        sources = (*steps[1:], route.source)
        nodes += [Node(step, op, (source,)) for step, source in zip(steps[::-1], sources[::-1], strict=True)]
        last.append(name)
    return [*nodes, Node(target, aggregation, tuple(last))] if last else []


def _read_cell(cell: Graph) -> dict[tuple[str, str], str]:
    """The operation from each node to each other one: what ``_join`` wrote."""
    nodes = {node.name: node for node in cell.nodes}
    joins = {node.name for node in cell.nodes if node.op in ("sum", "fuse")}
    found = {}
    for target in joins:
        for name in nodes[target].inputs:
            source = nodes[name].inputs[0]
            while source in nodes and source not in joins:
                source = nodes[source].inputs[0]
            found[source, target] = nodes[name].op
    return found
