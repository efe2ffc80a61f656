"""The papers' own numbers: all of them there, and free of slips of the pen as far as they can be checked."""

import pytest

from segsmith.genotype import preset
from segsmith.networks.cost import describe
from segsmith.reproduce import published_cells, published_lgc, published_templates
from segsmith.reproduce.compared import numbers_of
from segsmith.reproduce.published import OTHERS, PrintedTable
from segsmith.reproduce.scales import ALL_ABLATIONS, SCALES, scale_named
from segsmith.study.gradient.rows import TABLES as ROWS
from segsmith.study.gradient.settings import settings_named
from segsmith.study.proxy.presets import proxy_named

PAPERS = {
    "dynamic-cells": (published_cells, ["3", "4", "5"], "3 4 5 6 7"),
    "template-search": (published_templates, ["1", "2", "3", "figure 9"], "1b 5 6 7 8 9 10 11 12"),
    "lgcnet": (
        published_lgc,
        ["IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "section IV-D"],
        "1 6 7 8 9 10 11",
    ),
}
EVERY = [pytest.param(one, id=f"{name} {one.number}") for name, (m, *_) in PAPERS.items() for one in m.TABLES]


@pytest.mark.parametrize("paper", PAPERS)
def test_all_tables_and_figures(paper: str) -> None:
    module, tables, figures = PAPERS[paper]
    assert [table.number for table in module.TABLES] == tables
    numbers = [figure.number for figure in module.FIGURES]
    assert len(set(numbers)) == len(numbers)
    first = {number if number in figures.split() else number[0] for number in numbers}
    assert first == set(figures.split())


@pytest.mark.parametrize("table", EVERY)
def test_rows_are_whole(table: PrintedTable) -> None:
    assert table.keys, "a table of others alone would need no reproduction"
    for line in table.lines:
        assert len(line.values) == len(table.columns)
        assert len(line.spreads) in (0, len(table.columns))
        for column, value in zip(table.columns, line.values, strict=True):
            if "%" in column and value is not None:
                assert isinstance(value, float)
                assert 50 < value < 85
    names = [line.name for line in table.lines]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("table", [published_lgc.CITYSCAPES, published_lgc.CAMVID], ids=["IV", "V"])
def test_frames_a_second_are_those_of_the_latency(table: PrintedTable) -> None:
    latency, speed = numbers_of(table, "latency ms"), numbers_of(table, "FPS")
    assert latency.keys() == speed.keys()
    for name, value in latency.items():
        assert speed[name] == pytest.approx(1000 / value, rel=0.05), name


def test_margins_that_the_papers_state() -> None:
    camvid, city, runtime = published_cells.TABLES
    for table in (camvid, city):
        miou = numbers_of(table, "mIoU %")
        cells = [value for name, value in miou.items() if name.startswith("w/ cell")]
        assert min(cells) - miou["per-frame baseline"] > 1
    parameters = numbers_of(runtime, "parameters M")
    assert max(parameters.values()) < 3.4
    assert sorted(parameters.values())[1] - parameters["Baseline"] == pytest.approx(0.34)
    scores = numbers_of(published_lgc.CITYSCAPES, "mIoU %")
    ours = scores["LGCNet, 769x1537"]
    for rival, margin in (("BiSeNet-Xception39, 768x1536", 4.0), ("CAS, 768x1536", 1.9), ("ICNet, 1024x2048", 2.9)):
        assert ours - scores[rival] == pytest.approx(margin)
    fused = numbers_of(published_lgc.ABLATIONS["table10"], "mIoU %")
    assert [round(fused["e) LGCNet with DCFC"] - fused[name], 1) for name in list(fused)[1:4]] == [0.6, 0.5, 0.3]


def test_published_parameters_are_those_of_our_networks() -> None:
    sizes = numbers_of(published_templates.TABLES[2], "parameters K")
    for name, printed in sizes.items():
        assert describe(preset(f"template-{name}"), (64, 64), 19).parameters / 1e3 == pytest.approx(printed, abs=0.006)
    camvid = numbers_of(published_templates.TABLES[1], "parameters M")
    for name in sizes:
        assert describe(preset(f"template-{name}"), (64, 64), 11).parameters / 1e6 == pytest.approx(
            camvid[name], abs=0.005
        )
    baseline = numbers_of(published_cells.TABLES[2], "parameters M")["Baseline"]
    assert describe(preset("arch2"), (64, 64), 19).parameters / 1e6 == pytest.approx(baseline, abs=0.005)


def test_rows_of_ablations_are_those_that_can_be_searched() -> None:
    for name, table in published_lgc.ABLATIONS.items():
        assert [line.key for line in table.lines] == [row.name for row in ROWS[name]]
        assert OTHERS not in table.keys
    assert set(ALL_ABLATIONS) == {*published_lgc.ABLATIONS, "figure7"}


@pytest.mark.parametrize("paper", SCALES)
def test_scales_name_what_exists(paper: str) -> None:
    assert list(SCALES[paper]) == ["paper", "hour", "minutes"]
    for name in SCALES[paper]:
        scale = scale_named(paper, name)
        if paper == "lgcnet":
            assert settings_named(scale.gradient, "lgc")
            assert set(scale.ablations) <= set(ALL_ABLATIONS)
            continue
        space = "dynamic" if paper == "dynamic-cells" else "template"
        assert scale.trials > 0
        assert all(proxy_named(proxy, space) for proxy in (scale.proxy, scale.city_proxy) if proxy)


def test_at_the_papers_scale_recipes_stand_as_they_are() -> None:
    for paper in SCALES:
        assert vars(scale_named(paper, "paper").image) == dict.fromkeys(("minutes", "epochs", "batch", "crop"))
