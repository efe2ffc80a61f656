"""Stages are done once, whatever happens between them; another question is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from reproduce_made import make_city

from segsmith.errors import UserError
from segsmith.reproduce import run as running
from segsmith.reproduce.options import ReproduceOptions
from segsmith.reproduce.papers import Paper
from segsmith.reproduce.run import reproduce
from segsmith.reproduce.stage import Context, Found, Stage
from segsmith.training.runfolder import RunFolder, read_json

DATA = "streets:clips=3,frames=2,size=48x64"


class Made:
    """A paper of three stages; ``broken`` names one that fails."""

    def __init__(self, broken: str = "") -> None:
        self.broken, self.done = broken, list[str]()

    def paper(self) -> Paper:
        stages = [Stage(name, self.work(name)) for name in ("first", "second", "third")]
        return Paper("A made-up paper", lambda context: stages, self.figures, self.tables, lambda context: [])

    def work(self, name: str):
        def run(context: Context) -> Found:
            if name == self.broken:
                raise KeyboardInterrupt
            self.done.append(name)
            return {"before": list(context.found), "value": 7}

        return run

    def figures(self, context: Context) -> list[dict[str, object]]:
        self.done.append("figures")
        return []

    def tables(self, context: Context) -> list[dict[str, object]]:
        cell = {"published": 1.0, "published_spread": None, "ours": context.found["third"]["value"], "ours_spread": 0.5}
        row = {"name": "a row", "cells": {"score": cell}, "remark": ""}
        return [{"table": "1", "title": "Made up", "columns": ["score"], "rows": [row], "notes": []}]


def asked(out: Path, **changes: object) -> ReproduceOptions:
    return ReproduceOptions("lgcnet", DATA, str(out), "minutes", quiet=True, **changes)


def use(monkeypatch: pytest.MonkeyPatch, made: Made) -> Made:
    monkeypatch.setattr(running, "PAPERS", {"lgcnet": made.paper()})
    return made


@pytest.mark.parametrize("broken", ["first", "second", "third"])
def test_killed_and_gone_on(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = use(monkeypatch, Made(broken))
    with pytest.raises(KeyboardInterrupt):
        reproduce(asked(tmp_path))
    assert RunFolder(tmp_path).record()["state"] == "stopped"
    assert not (tmp_path / "reproduce.json").exists()
    before = list(made.done)
    made.broken = ""
    found = reproduce(asked(tmp_path))
    assert made.done == ["first", "second", "third", "figures"]
    assert made.done[: len(before)] == before
    assert [stage["name"] for stage in found["stages"]] == made.done
    assert read_json(tmp_path / "stages" / "third.json")["found"]["before"] == ["first", "second"]
    assert read_json(tmp_path / "reproduce.json") == found
    assert RunFolder(tmp_path).record()["state"] == "finished"


def test_a_stage_that_was_stopped_names_the_way_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(context: Context) -> Found:
        raise UserError("stopped at 5%, everything is saved", fix="go on: segsmith train --resume some/folder")

    paper = replace(Made().paper(), stages=lambda context: [Stage("only", run)])
    monkeypatch.setattr(running, "PAPERS", {"lgcnet": paper})
    with pytest.raises(UserError, match=r"^stopped at 5%, everything is saved \(go on: give the same command again\)$"):
        reproduce(asked(tmp_path))
    assert RunFolder(tmp_path).record()["state"] == "stopped"


def test_a_finished_one_repeats_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = use(monkeypatch, Made())
    first = reproduce(asked(tmp_path))
    (tmp_path / "results.html").unlink()
    assert reproduce(asked(tmp_path)) == first
    assert len(made.done) == 4
    assert "7 ± 0.5" in (tmp_path / "results.html").read_text()


def test_another_question_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Made())
    reproduce(asked(tmp_path))
    with pytest.raises(UserError, match=r"holds a reproduction with seed 0, not 1"):
        reproduce(asked(tmp_path, seed=1))
    RunFolder(tmp_path).update(command="train")
    with pytest.raises(UserError, match=r"holds a run of segsmith train"):
        reproduce(asked(tmp_path))


def test_another_question_takes_the_place_of_one_that_has_made_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = use(monkeypatch, Made("first"))
    with pytest.raises(KeyboardInterrupt):
        reproduce(asked(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        reproduce(asked(tmp_path, seed=1))
    assert RunFolder(tmp_path).record()["seed"] == 1
    RunFolder(tmp_path / "stem").create("train", {}, 0)
    with pytest.raises(UserError, match=r"holds a reproduction with seed 1, not 2"):
        reproduce(asked(tmp_path, seed=2))
    assert (tmp_path / "stem").exists(), "hours of a stage that has not ended are kept"
    made.broken = ""
    reproduce(asked(tmp_path, seed=1))


def test_runs_of_something_else_are_not_taken_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Made())
    RunFolder(tmp_path / "search").create("search", {}, 0)
    with pytest.raises(UserError, match=r"holds search of something else"):
        reproduce(asked(tmp_path))
    assert not RunFolder(tmp_path).exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"table": "nowhere.json"}, "nowhere.json: there is no such table"),
        ({"table": __file__}, "is no table"),
        ({"paper": "template-search", "table": "a.json"}, r"--table means nothing .* \(it goes with lgcnet\)"),
        ({"paper": "template-search", "encoder_weights": "no.pth"}, "no.pth: there is no such file"),
        ({"encoder_weights": "a.pth"}, "--encoder-weights means nothing to lgcnet"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"paper": "resnet"}, "there is no paper 'resnet'"),
        ({"scale": "week"}, "there is no scale 'week'"),
        ({"data": "video:nothing.mp4"}, "nothing.mp4"),
        ({"cityscapes": "no/such/place"}, "no/such/place"),
    ],
)
def test_mistakes_are_said_before_anything_is_written(changes: dict[str, str], words: str, tmp_path: Path) -> None:
    asked = {"paper": "lgcnet", "data": DATA, "out": str(tmp_path / "run"), "scale": "minutes"} | changes
    with pytest.raises(UserError, match=words):
        reproduce(ReproduceOptions(**asked))
    assert not (tmp_path / "run").exists()


def test_cells_need_video(tmp_path: Path) -> None:
    stills = ReproduceOptions("dynamic-cells", "streets:clips=3,frames=2,size=48x64", str(tmp_path / "run"), "minutes")
    with pytest.raises(UserError, match=r"has no 3 frames behind each other in train"):
        reproduce(stills)
    city = make_city(tmp_path / "city")
    asked = replace(stills, data="streets:clips=3,frames=3,size=48x64", cityscapes=str(city))
    shutil.rmtree(city / "leftImg8bit_sequence")
    with pytest.raises(UserError, match=r"no 2 frames .* leftImg8bit_sequence"):
        reproduce(asked)
    assert not (tmp_path / "run").exists()
