"""What a page says in sentences: what was asked of every command, what came out, how far it is."""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from report_made import DATA, record_of, search_run, train_run

from segsmith.report.compare import states_words
from segsmith.report.demands import demand_words
from segsmith.report.page import Reporter
from segsmith.report.read import read_run
from segsmith.report.run_page import article, asked, asked_words, facts_of, summary
from segsmith.report.story import opening
from segsmith.study.gradient.settings import GradientOptions
from segsmith.study.options import plain
from segsmith.training.runfolder import RunFolder, write_json

DERIVED = {
    "unit": "ms",
    "predicted": 18.3498,
    "measured_ms": 54.4341,
    "budget": None,
    "kept_budget": True,
    "swapped": 0,
    "expected": 19.0959,
    "beta": 0.05,
    "entropy": 0.606,
    "counts": {"light": 16, "edges": 30, "large": 4, "last_edges": 20},
    "picks": {"a": "skip"},
}


def said(folder: Path) -> str:
    return re.sub(r"\s+", " ", opening(read_run(folder), None))


def gradient_run(folder: Path, found: dict[str, Any], **more: Any) -> Path:
    options = GradientOptions("lgc", DATA, str(folder), table="tables/quick.json", epochs=2, **more)
    write_json(folder / "run.json", record_of("gradient search", plain(options.record()), seconds=116.2))
    write_json(folder / "metrics.json", found)
    return folder


def test_a_gradient_search_says_what_came_out(tmp_path: Path) -> None:
    run = gradient_run(tmp_path / "run", DERIVED)
    text = said(run)
    for words in (
        "Search the lgc space by gradient on streets",
        "with costs in ms by the table quick.json. It finished after 1 min 56 s",
        "foretold to take 18.3 ms a frame, and took 54.4 ms when it was timed",
        "16 of its 30 operations are light, and 4 of 20 in its last cells see far",
    ):
        assert words in text, words
    facts = {fact.label: fact.value for fact in facts_of(read_run(run), None)}
    assert facts["measured"] == "54.4\u00a0ms"
    shown = repr(list(summary(read_run(run), None)))
    for raw in ("kept budget", "swapped", "54.4341", "guide width"):
        assert raw not in shown.split("What was left")[0], raw


@pytest.mark.parametrize(("kept", "words"), [(True, "which it keeps, with 3 next"), (False, "which it does not keep")])
def test_a_gradient_search_says_whether_it_kept_its_budget(tmp_path: Path, kept: bool, words: str) -> None:
    found = DERIVED | {"budget": 20.0, "kept_budget": kept, "swapped": 3}
    text = said(gradient_run(tmp_path / "run", found, latency="20ms"))
    assert "within 20 ms a frame (by the table quick.json)" in text
    assert f"It was allowed 20.0 ms, {words}" in text


def test_a_search_names_its_latency_its_floors_and_its_flicker(tmp_path: Path) -> None:
    run = search_run(tmp_path / "run", 1, latency="58.2%", floors=("car=0.5", "road=0.875"), flicker=0.02)
    text = said(run.path)
    assert "within 58.2 % of what the image network takes (by the clock)" in text
    assert "and with 50.0 % IoU of car, 87.5 % IoU of road and a flicker of at most 2.0 %, sampled by ppo" in text
    assert demand_words({"flops": "2.5G", "parameters": "300k"}) == " within 2.5G FLOPs a frame and 300k parameters"
    assert demand_words({"latency": "8ms", "soft": 0.5, "table": "a/t.json"}).startswith(" if possible within 8")
    assert demand_words({}) == ""


def test_a_forges_latency_is_a_share_of_something(tmp_path: Path) -> None:
    out, asked_for = tmp_path / "mine", {"data": DATA, "latency": "70%", "budget": 1800.0, "floors": ["car=0.5"]}
    write_json(out / "run.json", record_of("forge", asked_for, "running"))
    assert "takes at most 70 % of what the image network takes and reaches 50.0 % IoU of car, within" in said(out)
    write_json(out / "forge.json", {"stages": {"look": {"found": {"limit_ms": 7.0}}}})
    assert "takes at most 70 % of what the image network takes (7.0 ms when it was first timed)" in said(out)
    write_json(out / "run.json", record_of("forge", asked_for | {"latency": "40ms"}))
    assert "takes at most 40 ms a frame and reaches" in said(out)


@pytest.mark.parametrize("below", ["static", "trained/trial3", "ablations/guide/seed-0/search"])
def test_a_forge_lives_as_long_as_its_stages_write(tmp_path: Path, below: str) -> None:
    out = tmp_path / "mine"
    write_json(out / "run.json", record_of("forge", {"data": DATA, "latency": "70%", "budget": 600.0}, "running"))
    stage = train_run(out / below, state="running")
    old = time.time() - 7200
    for file in (out / "run.json", *stage.path.iterdir()):
        os.utime(file, (old, old))
    view = Reporter().view(read_run(out), "r")
    assert "may have been killed" in article(view).state
    os.utime(stage.curve)
    assert "may have been killed" not in article(Reporter().view(read_run(out), "r")).state


def test_a_run_judged_again_on_the_same_split_is_told_once(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run")
    before = [judged.split for judged in read_run(run.path).judged]
    assert before == ["val"]
    again = {"split": "val", "miou": 0.4321, "controls": {}}
    write_json(run.path / "evaluation" / "val" / "metrics.json", again)
    assert [judged.record for judged in read_run(run.path).judged] == [again]


def test_judging_a_run_does_not_wake_it(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", state="running")
    old = time.time() - 7200
    for file in run.path.iterdir():
        os.utime(file, (old, old))
    write_json(run.path / "evaluation" / "test" / "metrics.json", {})
    assert read_run(run.path).quiet_s > 7000


def test_a_comparison_is_as_far_as_its_runs(tmp_path: Path) -> None:
    assert states_words(["stopped", "stopped"]) == "stopped"
    assert states_words(["finished", "failed", "running", "finished"]) == "1 running, 2 finished, 1 failed"
    for name in ("a", "b"):
        train_run(tmp_path / name, state="stopped")
    page = tmp_path / "page.html"
    Reporter().write([tmp_path / "a", tmp_path / "b"], page)
    heads = re.findall(r'<p class="what">(\w+) <span class="state[^"]*">([^<]*)', page.read_text())
    assert heads[0] == ("comparison", "stopped")


def test_nobody_asked_for_nothing(tmp_path: Path) -> None:
    run = search_run(tmp_path / "run", 5, workers=0)
    chosen, left = asked(read_run(run.path))
    assert (chosen["trials"], chosen["workers"]) == (5, 0), "a zero that was asked for is one"
    assert not {"minutes", "soft", "flicker", "floors", "latency", "size"} & {*chosen, *left}
    assert left["seed"] == 0, "a seed is a number like another"
    assert left["measure"] is False


def test_pairs_and_sizes_read_as_they_are_written() -> None:
    assert asked_words("space_options", [["cells", "6"], ["reductions", "1,3"]]) == "cells = 6; reductions = 1,3"
    assert asked_words("size", [240, 320]) == "240\u00a0×\u00a0320"


def test_what_an_unfinished_gradient_search_has_is_shown(tmp_path: Path) -> None:
    out = gradient_run(tmp_path / "run", {})
    RunFolder(out).metrics.unlink()
    assert json.loads((out / "run.json").read_text())["command"] == "gradient search"
    assert "came out" not in said(out)
