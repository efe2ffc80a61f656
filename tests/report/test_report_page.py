"""The page of every kind of run: what it says, that it asks nobody for anything, and that text stays text."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import onnx
import pytest
from report_made import DATA, evaluated, record_of, search_run, train_run, video_genotype
from typer.testing import CliRunner

from segsmith.cli.main import app
from segsmith.errors import UserError
from segsmith.networks.meta import Meta
from segsmith.report.page import Reporter
from segsmith.report.read import read_runs
from segsmith.report.run_page import asked_words
from segsmith.runtimes.card import Card
from segsmith.training.runfolder import RunFolder, write_json

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(2)'>",
    "a'b`c&amp;{{ 7*7 }}",
    "Fußgänger 漢\u202eabc",
)
VOID_TAGS = {"meta", "link", "img", "input", "br", "source"}


class Page(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.open = "", list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += f"{data} "


REPORTER = Reporter()
"""One for all tests: what a network costs is found out once."""


def page_of(*folders: Path, refresh: bool = False) -> Page:
    out = folders[0].parent / "page.html"
    REPORTER.write(folders, out, refresh)
    page = Page(out.read_text(encoding="utf-8"))
    assert not page.open, "every tag is closed"
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "object", "base", "form")
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "poster", "data", "action", "srcset"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#")), "nothing is asked for"
    policy = [a.get("content") or "" for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0].startswith("default-src 'none'")
    return page


def words(page: Page) -> str:
    return re.sub(r"\s+", " ", page.text)


def refreshes(page: Page) -> bool:
    return any(attributes.get("http-equiv") == "refresh" for _, attributes in page.tags)


def test_a_trained_network(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run")
    page = page_of(run.path)
    text = words(page)
    for said in ("43.2 % mIoU on val", "key frame every 3", "120 steps", "bicyclist", "83.0 %", "How it learned"):
        assert said in text, said
    assert "To repeat it" in text
    assert f"segsmith train it --data {DATA}" in text
    assert run.record()["versions"]["torch"] in text
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 4 * 4, "one of the worst and three others: frame, answer, truth, errors"
    assert all(image["alt"] for image in images)
    assert "val_000_00002" in text
    (clip,) = [attributes for tag, attributes in page.tags if tag == "source"]
    assert (clip["src"] or "").startswith("data:video/mp4;base64,")


def test_test_comes_before_val_and_controls_stand_beside_the_network(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", model=False)
    evaluated(run)
    text = words(page_of(run.path))
    assert "mIoU on test" in text.split("In short")[0]
    assert text.index("How good it is on test") < text.index("How good it is on val")
    for said in ("static on every frame", "copy the key frame", "warp by optical flow", "Accuracy against cost"):
        assert said in text, said


@pytest.mark.parametrize(
    ("trial", "said"), [("lean", "The leanest network of the space"), (3, "The network of trial 3")]
)
def test_a_forge_leads_the_page_of_its_runs(tmp_path: Path, trial: object, said: str) -> None:
    out = tmp_path / "mine"
    static = train_run(out / "static", model=False, static=str(tmp_path / "below"))
    asked = {"data": DATA, "latency": "60%", "budget": 600.0, "table": str(tmp_path / "table.json")}
    result = {"trial": trial, "latency_ms": 5.68, "limit_ms": 6.39, "measured": True, "equal_pixels": 1.0}
    write_json(out / "run.json", record_of("forge", asked, "finished", result=result, seconds=590))
    text = words(page_of(out, static.path))
    assert f"within 10 min. It finished after 9 min 50 s. {said} takes 5.7 ms, measured" in text
    order = ["Forge a network for", "Side by side", "on top of below on"]
    assert sorted(order, key=text.index) == order
    assert "for 2 min" in text
    assert "table.json" in text
    assert str(tmp_path) not in text.replace(f"segsmith forge {DATA} -o {out}", "")
    apart = words(page_of(static.path, out))
    assert apart.index("Side by side") < apart.index("Forge a network for")


def test_a_search(tmp_path: Path) -> None:
    run = search_run(tmp_path / "run", 40)
    text = words(page_of(run.path))
    for said in ("Pareto front", "moving median", "best so far", "Operations", "Aggregations", "Inputs", "stage 2 of"):
        assert said in text, said
    assert "static on every frame" in text, "what a static network would cost is marked"
    best = max(read_runs([run.path])[0].results.records, key=lambda record: record.reward)
    assert f"trial {best.number}" in text


def test_the_password_of_a_storage_is_not_shown(tmp_path: Path) -> None:
    url = "postgresql://me:hunter2@host/studies"
    run = search_run(tmp_path / "run", 1)
    run.update(arguments=["search", "dynamic", "--data", "camvid:/of@work", "--storage", url, "-o", "x@y"])
    text = words(page_of(run.path))
    assert "--data camvid:/of@work --storage 'postgresql://me:***@host/studies' -o x@y" in text
    assert "hunter2" not in text + asked_words("storage", url)


@pytest.mark.parametrize("trials", [0, 1, 3])
def test_a_search_that_is_still_going(tmp_path: Path, trials: int) -> None:
    run = search_run(tmp_path / "run", trials, state="running")
    text = words(page_of(run.path))
    assert "It is still going" in text
    assert "running, last heard of" in text
    assert ("No trial is finished yet" in text) == (trials == 0)


def test_a_search_that_has_only_just_begun(tmp_path: Path) -> None:
    run = search_run(tmp_path / "run", 0, state="running")
    record = run.record()
    del record["study"]
    run.record_path.write_text(json.dumps(record))
    assert "No trial is finished yet" in words(page_of(run.path))


@pytest.mark.parametrize("curve", [0, 1, 5])
def test_a_training_that_is_still_going(tmp_path: Path, curve: int) -> None:
    run = train_run(tmp_path / "run", state="running", curve=curve)
    text = words(page_of(run.path))
    assert "It is still going" in text
    if curve > 1:
        assert "33% done" in text
    assert ("How it learned" in text) == (curve > 0)


def test_a_run_that_was_not_heard_of_for_long_says_so(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", state="running")
    old = run.record_path.stat().st_mtime - 7200
    for file in run.path.iterdir():
        os.utime(file, (old, old))
    assert "last heard of 2 h ago: it may have been killed" in words(page_of(run.path))


def test_hostile_names_are_text(tmp_path: Path) -> None:
    folder = tmp_path / "<b>run'\"&{{ 1 }}"
    run = train_run(folder, classes=HOSTILE, data=f"folder:{HOSTILE[0].replace('/', '|')}", static=HOSTILE[1])
    evaluated(run, HOSTILE)
    other = search_run(tmp_path / "<i>other", 12, floors=(f"{HOSTILE[0]}=0.5",))
    page = page_of(run.path, other.path)
    text = page.text
    for name in (*HOSTILE, folder.name, other.path.name):
        assert name in text, name
    assert "{{ 7*7 }}" in text, "no template either"
    assert "could not be run on its data once more" in text, "that data is not there"


def test_what_evaluate_left_is_a_run_too(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", model=False)
    kept = evaluated(run)
    text = words(page_of(kept))
    assert "evaluation" in text
    assert "43.2 % mIoU on test" in text


def test_several_runs_stand_side_by_side(tmp_path: Path) -> None:
    for name in ("b", "a"):
        train_run(tmp_path / "runs" / name, model=False, seed=3)
    search_run(tmp_path / "s", 12)
    text = words(page_of(tmp_path / "runs", tmp_path / "s"))
    assert "a, b and s, side by side" in text
    assert text.count("To repeat it") == 3
    for said in ("What came out", "IoU by class", "mIoU while training", "Time"):
        assert said in text, said


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("x/run", "y/run"):
        train_run(tmp_path / name, state="running")
    assert [run.name for run in read_runs([tmp_path / "x/run", tmp_path / "y/run"])] == ["x/run", "y/run"]


def test_only_a_watched_run_that_is_going_loads_its_page_again(tmp_path: Path) -> None:
    going, done = train_run(tmp_path / "a", state="running"), train_run(tmp_path / "b", model=False)
    assert refreshes(page_of(going.path, refresh=True))
    assert not refreshes(page_of(going.path))
    assert not refreshes(page_of(done.path, refresh=True))


def test_watching_ends_with_the_run(tmp_path: Path) -> None:
    run, out = train_run(tmp_path / "run", state="running"), tmp_path / "page.html"
    seen = []

    def sleep(_: float) -> None:
        seen.append(refreshes(Page(out.read_text())))
        if len(seen) == 3:
            run.update(state="finished")

    REPORTER.watch([run.path], out, sleep)
    assert seen == [True] * 3
    assert not refreshes(Page(out.read_text()))


def test_a_watcher_that_goes_leaves_a_page_that_rests(tmp_path: Path) -> None:
    run, out = train_run(tmp_path / "run", state="running"), tmp_path / "page.html"

    def sleep(_: float) -> None:
        raise KeyboardInterrupt

    REPORTER.watch([run.path], out, sleep)
    assert not refreshes(Page(out.read_text()))


def test_a_network_is_run_once_however_often_the_page_is_written(tmp_path: Path) -> None:
    run, said = train_run(tmp_path / "run", data="folder:/nowhere"), list[str]()
    reporter = Reporter(said.append)
    for _ in range(3):
        reporter.write([run.path], tmp_path / "page.html")
    assert len(said) == 1


def test_exported_files_are_named_with_their_proof(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", model=False)
    meta = Meta(video_genotype(), ("a", "b"), ((0, 0, 0), (1, 1, 1)))
    card = Card(meta, "key", (64, 96), parity={"equal_pixels": 0.99991, "data": "toy"})
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []))
    onnx.helper.set_model_props(model, card.words())
    (run.path / "export").mkdir()
    onnx.save(model, run.path / "export" / "run-key.onnx")
    (run.path / "export" / "other.onnx").write_bytes(b"no onnx at all")
    text = words(page_of(run.path))
    for said in ("run-key.onnx", "99.991 %", "fp32", "other.onnx"):
        assert said in text, said


def test_what_another_command_wrote_down_is_shown(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", state="stopped")
    run.update(command="other search", stages=[{"name": "one", "seconds": 3}, {"name": "two", "seconds": 1}])
    run.metrics.write_text(json.dumps({"predicted": 12.5, "unit": "ms", "picks": {"a": 1}}))
    text = words(page_of(run.path))
    for said in ("Other search on", "It was stopped, and can go on", "predicted", "12.5", "one", "75%"):
        assert said in text, said


def test_the_command(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", model=False)
    assert CliRunner().invoke(app, ["report", str(run.path)]).exit_code == 0
    assert (run.path / "report.html").exists()
    assert not list(run.path.glob(".report*")), "nothing is left beside it"


@pytest.mark.parametrize(("words", "said"), [(["nowhere"], "no such folder"), ([".", "-o", "x.pdf"], "no .pdf")])
def test_mistakes_are_named(tmp_path: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    error = CliRunner().invoke(app, ["report", *words]).exception
    assert isinstance(error, UserError)
    assert said in str(error)


def test_a_name_that_is_no_text_is_told_as_far_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As folders may have on Linux."""
    run = train_run(tmp_path / "run", model=False)
    monkeypatch.setattr("segsmith.report.page.render", lambda *asked: "<p>caf\udce9</p>")
    Reporter().write([run.path], tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == "<p>caf?</p>"


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        Reporter().write([tmp_path], tmp_path / "page.html")
    assert not RunFolder(tmp_path).exists()
