"""The space of cells in a chain and a fusion cell, against the paper."""

import pytest

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, validate
from segsmith.spaces import LgcSpace
from segsmith.spaces.fusion import LAYOUTS


def all_of(space: LgcSpace, op: str, up: str = "up2", fusion: str = "skip") -> Genotype:
    by_kind = {"edge": op, "up": up, "fusion": fusion}
    return space.build({edge.name: by_kind[edge.kind] for edge in space.edges})


def test_fourteen_cells_of_five_edges_and_a_fusion_of_thirteen() -> None:
    space = LgcSpace()
    cells = [edge.cell for edge in space.edges]
    assert {cell: cells.count(cell) for cell in cells} == {f"cell{i}": 5 for i in range(14)} | {"fusion": 13}
    assert {len(edge.options) for edge in space.edges if edge.kind == "edge"} == {8}
    assert {len(edge.options) for edge in space.edges if edge.kind == "fusion"} == {10}
    assert {edge.options for edge in space.edges if edge.kind == "up"} == {("up2", "deconv2")}


@pytest.mark.parametrize(("layout", "edges", "ups"), [("x2", 13, [1] * 4), ("dense", 13, [1, 2, 1] * 2)])
def test_layouts_of_the_fusion(layout: str, edges: int, ups: list[int]) -> None:
    routes = LAYOUTS[layout]
    assert len(routes) == len(set(routes)) == edges
    assert [route.levels for route in routes if route.levels] == ups
    nodes = {name for route in routes for name in (route.source, route.target)}
    assert len(nodes) == 9
    for route in routes:
        assert route.levels == int(route.source[-1]) - int(route.target[-1])


def test_reductions_halve_and_the_fusion_reads_the_last_cell_of_each_resolution() -> None:
    net = LgcSpace().net
    assert [node.name for node in net.nodes if node.stride == 2] == ["c1", "c8"]
    assert [node.inputs for node in net.nodes[:3]] == [("stem", "stem"), ("stem", "c0"), ("c0", "c1")]
    assert net.nodes[-1].inputs == ("c0", "c7", "c13")
    assert LgcSpace(aggregate=(0, 5, 11)).net.nodes[-1].inputs == ("c0", "c5", "c11")
    assert LgcSpace(fusion="multiscale").net.nodes[-1].inputs == ("c7", "c13")
    assert LgcSpace(fusion="none").net.outputs == ("c13",)


def test_edges_of_none_are_gone() -> None:
    space = LgcSpace()
    names = ("older_x1", "newer_x1", "older_x2", "newer_x2", "x1_x2")
    ops = dict(zip(names, ("none", "conv3", "none", "skip", "none"), strict=True))
    picks = {e.name: ops[e.name.split(".")[1]] if e.kind == "edge" else e.options[0] for e in space.edges}
    cell = space.build(picks).cells["cell4"]
    assert [(node.op, node.inputs) for node in cell.nodes if node.op != "sum"] == [
        ("conv3", ("newer",)),
        ("skip", ("newer",)),
    ]
    assert cell.outputs == ("x1", "x2")


@pytest.mark.parametrize(
    ("ops", "left"),
    [
        (("none", "none", "none", "none", "none"), {"newer_x2": "skip"}),
        # x1 is made of nothing, so the edge from it is nothing, too
        (("none", "none", "none", "none", "conv3"), {"newer_x2": "skip"}),
        # the cell before would be bypassed
        (("conv3", "none", "dw3", "none", "none"), {"older_x1": "conv3", "older_x2": "dw3", "newer_x2": "skip"}),
        # x2 is made of nothing
        (("none", "conv3", "none", "none", "none"), {"newer_x1": "conv3", "newer_x2": "skip"}),
        # fine as it is
        (("none", "conv3", "none", "none", "dw3"), {"newer_x1": "conv3", "x1_x2": "dw3"}),
    ],
)
def test_every_cell_hands_on_the_one_before_it(ops: tuple[str, ...], left: dict[str, str]) -> None:
    space = LgcSpace()
    names = ("older_x1", "newer_x1", "older_x2", "newer_x2", "x1_x2")
    chosen = dict(zip(names, ops, strict=True))
    picks = {e.name: chosen[e.name.split(".")[1]] if e.kind == "edge" else e.options[0] for e in space.edges}
    cell = validate(space.build(picks)).cells["cell9"]
    assert edges_of(cell) == left
    assert cell.outputs[-1] == "x2"


def edges_of(cell: Graph) -> dict[str, str]:
    ops = {node.name: node for node in cell.nodes}
    sums = [node for node in cell.nodes if node.op == "sum"]
    return {f"{ops[name].inputs[0]}_{node.name}": ops[name].op for node in sums for name in node.inputs}


def test_shared_cells_are_one_normal_and_one_reduction_cell() -> None:
    genotype = all_of(LgcSpace(shared=True), "conv3")
    assert set(genotype.cells) == {"normal", "reduction", "fusion"}
    assert [node.op for node in genotype.net.nodes].count("reduction") == 2


def test_an_edge_of_two_levels_goes_up_twice() -> None:
    fusion = all_of(LgcSpace(fusion="dense"), "skip", up="deconv2").cells["fusion"]
    nodes = {node.name: node for node in fusion.nodes}
    mid = nodes["mid0"]
    ops = [nodes[name].op for name in mid.inputs]
    assert ops == ["skip", "deconv2", "deconv2"]
    below = nodes[nodes[mid.inputs[2]].inputs[0]]
    assert (below.op, below.inputs) == ("deconv2", ("in2",))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"reductions": (0, 8)}, "reductions 0 and 8"),
        ({"reductions": (1, 14)}, "reductions 1 and 14"),
        ({"aggregate": (0, 8, 13)}, "0, 8, 13"),
        ({"aggregate": (0, 7, 14)}, "0, 7, 14"),
        ({"operations": ("none", "conv3")}, "skip"),
        ({"operations": ("sep3",)}, "sep3"),
        ({"fusion": "fpn"}, "fpn"),
        ({"fusion_operations": ("none",)}, "none"),
        ({"up_operations": ("skip",)}, "skip"),
        ({"width": 0}, "width 0"),
    ],
)
def test_a_space_that_cannot_be(options: dict[str, object], what: str) -> None:
    with pytest.raises(UserError, match=what):
        LgcSpace(**options)
