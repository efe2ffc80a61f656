"""Figures as files: from made-up series, records and genotypes."""

from pathlib import Path
from random import Random
from xml.etree import ElementTree as XML

import numpy as np
import pytest
from PIL import Image as Pillow
from reproduce_made import context, records

from segsmith.genotype import preset
from segsmith.genotype.diagram import panels
from segsmith.report.charts import Axis, Point, Series
from segsmith.reproduce import cells, lgc, templates
from segsmith.reproduce.album import Album
from segsmith.reproduce.drawn import outline, write_network
from segsmith.reproduce.page import drawing
from segsmith.reproduce.plots import areas, boxes, grid, plot, save
from segsmith.reproduce.published_lgc import FIGURES
from segsmith.reproduce.rewards import rewards_plot
from segsmith.spaces.make import make_space
from segsmith.study.analysis import analyse


def test_a_chart_is_the_same_every_time_as_both_files(tmp_path: Path) -> None:
    series = [Series("one", (Point(1, 2, "here"), Point(3, 4)), marks=True), Series("none", ())]
    for folder in ("a", "b"):
        save(plot(series, Axis("cost"), Axis("gain"), log=True), tmp_path / folder, "figure1")
    assert (tmp_path / "a/figure1.svg").read_bytes() == (tmp_path / "b/figure1.svg").read_bytes()
    with Pillow.open(tmp_path / "a/figure1.png") as image:
        assert image.size == (832, 546)
    shown = drawing(tmp_path / "a/figure1.svg", 'a "chart"')
    assert shown.startswith('<img src="data:image/svg+xml;base64,')
    assert 'alt="a &#34;chart&#34;"' in shown


def test_words_beside_points_cover_nothing() -> None:
    points = [Point(1 + i % 4 / 50, 2 + i // 4 / 50, f"network {i}") for i in range(12)] + [Point(3, 4, "alone")]
    axes = plot([Series("many", tuple(points), line=False, marks=True)], Axis("x"), Axis("y")).axes[0]
    boxes_of = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert "alone" in boxes_of
    assert 2 <= len(boxes_of) < 13, "some have room, some have none"
    places = axes.transData.transform([(point.x, point.y) for point in points])
    for name, box in boxes_of.items():
        assert not any(box.overlaps(other) for key, other in boxes_of.items() if key != name)
        assert not any(box.contains(x, y) for x, y in places)
        assert all(axes.get_window_extent().contains(x, y) for x, y in box.corners())


def test_pictures_of_a_search() -> None:
    analysis = analyse(records())
    lines = rewards_plot(analysis).axes[0].get_lines()
    assert {line.get_label() for line in lines} == {"trial", "stopped half way", "moving median", "best so far"}
    assert [np.size(line.get_xdata()) for line in lines if line.get_label() == "stopped half way"] == [4]
    figure = areas(analysis.shares)
    assert [axis.get_title() for axis in figure.axes] == ["operations", "aggregations", "inputs", "downsampling"]
    short = areas(analyse(records(4)).shares[:1])
    assert short.axes[0].collections, "one window is drawn, too"


def test_boxes_say_how_many() -> None:
    ticks = boxes("reward", {"1/1": (0.2, 0.3), "1/2": (0.1,)}).axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["1/1 (2)", "1/2 (1)"]


def test_a_grid_of_pictures() -> None:
    picture = np.zeros((8, 12, 3), np.uint8)
    figure = grid(["frame", "truth"], [("a $b", [picture, picture]), ("c", [picture, picture])])
    assert [axis.get_title() for axis in figure.axes] == ["frame", "truth", "", ""]


def test_networks_are_drawn_box_by_box(tmp_path: Path) -> None:
    write_network(preset("typical"), tmp_path, "cell")
    svg = XML.parse(tmp_path / "cell.svg").getroot()
    with Pillow.open(tmp_path / "cell.png") as image:
        size, pixels = image.size, np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert size == (int(svg.get("width", "0")), int(svg.get("height", "0")))
    found = {tuple(colour) for colour in np.unique(pixels, axis=0).tolist()}
    # operations, aggregations, inputs, the panel: the drawing's own colours
    assert {(251, 215, 162), (198, 230, 193), (227, 229, 232), (246, 247, 249)} <= found
    orange = int((pixels == (251, 215, 162)).all(1).sum())
    assert orange > 8 * 38 * 30, "eight operations"


def test_paths_of_drawings() -> None:
    points, codes = outline("M1.0 2.0C1 3 5 3 5.0 4.0V9", (10, 20))
    assert points == [(11, 22), (11, 23), (15, 23), (15, 24), (15, 29)]
    assert codes == [1, 4, 4, 4, 2]
    head, kinds = outline("M4 7 h8 l-4 7 z", (0, 0))
    assert head == [(4, 7), (12, 7), (8, 14), (4, 7)]
    assert kinds[-1] == 79


def test_a_fusion_cell_alone(tmp_path: Path) -> None:
    space = make_space("lgc", {"cells": "3", "reductions": "1,2"})
    genotype = space.decode(space.random(Random(0)))
    (panel,) = panels(genotype, "fusion")
    assert {box.key for box in panel.boxes} >= {"in0", "in1", "in2"}
    write_network(genotype, tmp_path, "cell", "fusion")
    write_network(genotype, tmp_path, "whole")
    cell, whole = ((tmp_path / f"{name}.svg").read_text() for name in ("cell", "whole"))
    assert "classify" in whole
    assert "classify" not in cell.partition("</desc>")[2]


def test_what_is_not_drawn_is_listed_with_its_reason(tmp_path: Path) -> None:
    album = Album(tmp_path)
    album.add("ours", "drift", plot([], Axis("x"), Axis("y")), "Drift")
    album.add("9", "figure9", preset("copy"))
    listed = album.listed(FIGURES, "not at this scale")
    assert [entry["figure"] for entry in listed] == [*(figure.number for figure in FIGURES), "ours"]
    assert [entry["figure"] for entry in listed if entry["file"]] == ["9", "ours"]
    assert {entry["note"] for entry in listed if not entry["file"]} == {"not at this scale"}
    assert listed[-2]["title"] == FIGURES[-1].title


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_figures_that_need_numbers_alone(kind: str, tmp_path: Path) -> None:
    charts = {
        "drift": cells.drift(context("dynamic-cells", tmp_path), context("dynamic-cells", tmp_path).home),
        "sizes": templates.sizes_plot(context("template-search", tmp_path)),
        "ranks": templates.ranks_plot(context("template-search", tmp_path).found["rank"]),
        "speed": lgc.speed_plot(context("lgcnet", tmp_path)),
        "curve": lgc.curve_plot(context("lgcnet", tmp_path)),
    }
    for name, figure in charts.items():
        save(figure, tmp_path, name)
        assert (tmp_path / f"{name}.{kind}").stat().st_size > 2000
    assert len(charts["curve"].axes[0].texts) == 5
    assert len(charts["drift"].axes[0].get_lines()) == 8
