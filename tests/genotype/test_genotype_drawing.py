"""Drawings: everything is in them, nothing overlaps, and nothing hostile gets through."""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
import strategies
import typer
from hypothesis import assume, given, settings
from typer.testing import CliRunner

from segsmith.cli.genotype import draw
from segsmith.errors import UserError
from segsmith.genotype import PRESETS, Genotype, Graph, preset
from segsmith.genotype.diagram import panels
from segsmith.genotype.dot import to_dot
from segsmith.genotype.draw import write_drawing
from segsmith.genotype.faults import StructureError
from segsmith.genotype.layout import place
from segsmith.genotype.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"
Frame = tuple[float, float, float, float]


def panel_groups(text: str) -> list[ElementTree.Element]:
    """The groups that hold the boxes of one panel each."""
    return [inner for outer in ElementTree.fromstring(text).findall(f"{SVG}g") for inner in outer.findall(f"{SVG}g")]


def frames(group: ElementTree.Element) -> Iterator[Frame]:
    for rect in group.findall(f"{SVG}rect"):
        x, y, width, height = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        yield x, y, x + width, y + height


def overlap(a: Frame, b: Frame) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@given(strategies.genotypes())
@settings(max_examples=60, deadline=None)
def test_boxes_do_not_overlap_and_arrows_go_down(genotype: Genotype) -> None:
    try:
        text = to_svg(genotype)
    except StructureError:
        assume(False)
    for group in panel_groups(text):
        assert not any(overlap(a, b) for a, b in combinations(frames(group), 2))
        for arrow in group.findall(f"{SVG}path"):
            heights = [float(y) for y in re.findall(r"(?:[ML][\d.-]+ |V)([\d.-]+)", arrow.attrib["d"])]
            assert heights == sorted(heights)


@pytest.mark.parametrize("name", PRESETS)
def test_every_node_is_a_box_and_every_input_an_arrow(name: str) -> None:
    genotype = preset(name)
    graphs = [genotype.net, *genotype.cells.values()]
    nodes = sum(len(graph.nodes) for graph in graphs)
    arrows = sum(len(node.inputs) for graph in graphs for node in graph.nodes) + sum(len(g.outputs) for g in graphs)
    groups = panel_groups(to_svg(genotype))
    styles = Counter(rect.attrib["class"] for group in groups for rect in group.findall(f"{SVG}rect"))
    assert styles["sg-operation"] + styles["sg-aggregation"] + styles["sg-cell"] == nodes
    assert sum(path.attrib["class"] != "sg-head" for g in groups for path in g.findall(f"{SVG}path")) == arrows
    assert to_dot(genotype).count(" -> ") == arrows


def test_the_previous_frame_is_dashed() -> None:
    text = to_svg(preset("light"))
    assert text.count('class="sg-arrow sg-dashed"') == 2
    assert 'class="sg-previous"' in text
    assert "style=dashed" in to_dot(preset("light"))
    assert "sg-arrow sg-dashed" not in to_svg(preset("arch2"))


def test_it_says_what_it_shows() -> None:
    text = to_svg(preset("template-arch0"))
    assert "<title>template-arch0: template network</title>" in text
    assert "n0 · stride 2 · to smaller" in text
    assert "n5 · ×2" in text
    assert "t2 (used 4 times)" in text
    assert "concatenate, classify" in text
    assert "prefers-color-scheme: dark" in text
    assert "dynamic cell on arch2, step_scale 0.5" in to_svg(replace(preset("light"), settings={"step_scale": 0.5}))


def test_none_edges_are_not_drawn() -> None:
    lgc = strategies.example_lgc()
    assert any(node.op == "none" for cell in lgc.cells.values() for node in cell.nodes)
    boxes = [box for panel in panels(lgc) for box in panel.boxes]
    assert boxes
    assert all("none" not in box.lines for box in boxes)


def test_hostile_names_are_only_text() -> None:
    hostile = Genotype("external", Graph((), (), ()), settings={"source": 'timm:<script>"&]]>\\'})
    texts = [element.text for element in ElementTree.fromstring(to_svg(hostile)).iter() if element.text]
    assert 'timm:<script>"&]]>\\' in texts
    assert '\\"&]]>\\\\' in to_dot(hostile)


def test_a_straight_chain_is_straight_and_a_long_edge_goes_round() -> None:
    placed = place({"a": 50, "b": 50, "c": 50}, [("a", "b"), ("b", "c"), ("a", "c")])
    assert placed.layer == {"a": 0, "b": 1, "c": 2}
    ((bend, layer),) = placed.bends[2]
    assert layer == 1
    assert abs(bend - placed.x["b"]) > 25
    straight = place({"a": 50, "b": 70, "c": 50}, [("a", "b"), ("b", "c")])
    assert len(set(straight.x.values())) == 1


def test_crossings_are_undone() -> None:
    placed = place({"a": 50, "b": 50, "p": 50, "q": 50}, [("a", "q"), ("b", "p")])
    assert (placed.x["a"] < placed.x["b"]) == (placed.x["q"] < placed.x["p"])


def test_the_command(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(draw)
    for name, start in (("cell.svg", "<svg "), ("cell.dot", "digraph")):
        result = CliRunner().invoke(app, ["typical", "-o", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cell.dot", "cell.svg"]


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cell\.png: cannot draw as \.png \(FILE\.svg or FILE\.dot\)"):
        write_drawing(preset("light"), tmp_path / "cell.png")
    with pytest.raises(UserError, match="there is no such folder to write to"):
        write_drawing(preset("light"), tmp_path / "none" / "cell.svg")
