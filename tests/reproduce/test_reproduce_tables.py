"""Our numbers beside the published ones, from stages whose results are made up."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reproduce_made import context

from segsmith.reproduce import page
from segsmith.reproduce.compared import QUOTED, Ours, compared
from segsmith.reproduce.papers import PAPERS
from segsmith.reproduce.published import OTHERS, Line, PrintedTable
from segsmith.reproduce.scales import SCALES
from segsmith.reproduce.stage import Context
from segsmith.study.gradient.settings import PAPER

HOSTILE = "<script>alert('1')</script> \"ж\""


def tables(paper: str, one: Context) -> dict[str, dict[str, Any]]:
    return {table["table"]: table for table in PAPERS[paper].tables(one)}


def ours(table: dict[str, Any], column: str) -> dict[str, Any]:
    return {row["name"]: row["cells"][column]["ours"] for row in table["rows"]}


def remarks(table: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["remark"] for row in table["rows"]}


@pytest.mark.parametrize("paper", SCALES)
@pytest.mark.parametrize("city", [False, True], ids=["alone", "with Cityscapes"])
def test_every_row_has_a_number_or_says_why(paper: str, city: bool, tmp_path: Path) -> None:
    for table in tables(paper, context(paper, tmp_path, city=city)).values():
        for row in table["rows"]:
            numbers = [cell["ours"] for cell in row["cells"].values() if cell["ours"] is not None]
            assert numbers or row["remark"], (table["table"], row["name"])
            if row["remark"] == QUOTED:
                assert not numbers


def test_cells_beside_the_baseline(tmp_path: Path) -> None:
    found = tables("dynamic-cells", context("dynamic-cells", tmp_path))
    scores = ours(found["3"], "mIoU %")
    assert (scores["per-frame baseline"], scores["w/ cell0"], scores["w/ cell1"]) == pytest.approx((50, 51, 52))
    assert scores["cell1: copy the key frame (control)"] == pytest.approx(42)
    assert set(ours(found["4"], "mIoU %").values()) == {None}
    assert "--cityscapes" in remarks(found["4"])["w/ cell2"]
    runtime = ours(found["5"], "ms a frame")
    assert runtime["Baseline"] == pytest.approx(28.5)
    assert runtime["w/ cell2"] is None
    whole = tables("dynamic-cells", context("dynamic-cells", tmp_path, city=True))
    assert ours(whole["4"], "mIoU %")["w/ cell3"] == pytest.approx(52)
    assert ours(whole["5"], "ms a frame")["w/ cell2"] == pytest.approx(31)


def test_networks_of_the_search_stand_below_the_published_ones(tmp_path: Path) -> None:
    found = tables("template-search", context("template-search", tmp_path))
    assert ours(found["2"], "mIoU %")["arch1"] == pytest.approx(42)
    assert list(ours(found["2"], "mIoU %"))[-1] == "found0 (searched here)"
    assert ours(found["2"], "parameters M")["arch1"] == pytest.approx(0.26, abs=1e-4), "with the classes of the data"
    assert ours(found["3"], "parameters K")["arch1"] == pytest.approx(280, abs=0.01), "with 19, as printed"
    assert ours(found["3"], "output stride") == {"arch0": 4, "arch1": 4, "found0 (searched here)": 4}
    assert ours(found["figure 9"], "Spearman's rho") == {"from the controller": 0.5, "by chance": 0.5}
    one = context("template-search", tmp_path)
    one.found["rank"]["random"]["spearman"] = float("nan")
    ranks = tables("template-search", one)["figure 9"]
    assert ours(ranks, "Spearman's rho") == {"from the controller": 0.5, "by chance": None}
    assert "not defined" in remarks(ranks)["by chance"]


def test_ablations_with_their_spread(tmp_path: Path) -> None:
    found = tables("lgcnet", context("lgcnet", tmp_path))
    graph = next(row for row in found["VI"]["rows"] if row["name"].startswith("d)"))
    cell = graph["cells"]["mIoU %"]
    assert (cell["published"], cell["published_spread"]) == (73.0, 0.5)
    assert (cell["ours"], cell["ours_spread"]) == pytest.approx((33, 3.3))
    speed = graph["cells"]["FPS"]
    assert (speed["ours"], speed["ours_spread"]) == pytest.approx((50, 5))
    assert ours(found["XI"], "mIoU %") == dict.fromkeys(ours(found["XI"], "mIoU %"))
    assert set(remarks(found["XI"]).values()) == {"not at scale minutes: the search has too few cells"}
    assert ours(found["IV"], "mIoU %")["LGCNet, 769x1537"] is None
    assert ours(found["IV"], "FPS")["LGCNet, 769x1537"] == pytest.approx(50)
    assert ours(found["section IV-D"], "light operations")["random (figure 11)"] == 30
    city = tables("lgcnet", context("lgcnet", tmp_path, city=True))
    assert ours(city["IV"], "mIoU %")["LGCNet, 769x1537"] == pytest.approx(45)


@pytest.mark.parametrize("paper", SCALES)
@pytest.mark.parametrize("scale", ["paper", "hour", "minutes"])
def test_differences_are_named(paper: str, scale: str, tmp_path: Path) -> None:
    one = context(paper, tmp_path, scale)
    found = {entry["what"]: entry for entry in PAPERS[paper].differences(one)}
    assert {"data", "Cityscapes", "latency"} <= set(found)
    assert any(what.startswith("pre-training") for what in found)
    assert found["Cityscapes"]["here"] == "not at hand: no row of it"
    assert "judged on test" in found["data"]["here"]
    short = {"dynamic-cells": "static network", "template-search": "networks", "lgcnet": "derived networks"}[paper]
    assert (short in found) == (scale != "paper")
    if short in found:
        assert found[short]["here"].startswith(f"{one.scale.image.minutes:g} minute")
    assert all(entry["paper"] != entry["here"] for entry in found.values())


def test_settings_of_the_search_are_compared_one_by_one(tmp_path: Path) -> None:
    found = {entry["what"]: entry for entry in PAPERS["lgcnet"].differences(context("lgcnet", tmp_path))}
    assert found["search: batch"] == {"what": "search: batch", "paper": str(PAPER.batch), "here": "8"}
    assert "search: momentum" not in found


def test_weights_that_are_given_are_said(tmp_path: Path) -> None:
    one = context("dynamic-cells", tmp_path)
    one.options = replace(one.options, encoder_weights="secret/place.pth")
    (said,) = (entry for entry in PAPERS["dynamic-cells"].differences(one) if entry["what"] == "pre-training")
    assert said["here"] == "encoder weights from a file"


def test_what_is_no_number_is_none() -> None:
    printed = PrintedTable("9", "t", ("a", "b"), (Line("x", "x", (1.0, None)), Line("y", OTHERS, ("> 4", 2.0))))
    found = compared(printed, {"x": Ours({"a": float("nan"), "b": None})}, "nothing")
    assert [cell["ours"] for row in found["rows"] for cell in row["cells"].values()] == [None] * 4
    assert [row["remark"] for row in found["rows"]] == ["", QUOTED]


def test_the_page_escapes_names_and_shows_both_numbers(tmp_path: Path) -> None:
    printed = PrintedTable("9", "A table", ("mIoU %",), (Line(HOSTILE, "x", (65.31,), (0.5,)), Line("y", "y", (1.0,))))
    entry = {"figure": "3", "title": HOSTILE, "file": None, "note": "no data"}
    found = {
        "title": "T",
        "scale": "minutes",
        "data": HOSTILE,
        "differences": [{"what": "data", "paper": "CamVid", "here": HOSTILE}],
        "tables": [compared(printed, {"x": Ours({"mIoU %": 12.346}, {"mIoU %": 0.25}, "2 runs")}, "left out")],
        "figures": [entry],
        "stages": [{"name": "a", "seconds": 61.0}],
    }
    page.write_page(found, tmp_path / "results.html")
    html = (tmp_path / "results.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 4
    for words in ("65.31 ± 0.50", "12.35 ± 0.25", "1.00", "2 runs", "left out", "not drawn, no data", "1 min 1 s"):
        assert words in html, words
