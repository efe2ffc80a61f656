"""A finished run becomes a network that ships, and figures in results/."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from segsmith import models
from segsmith.data.open import open_dataset, without_path
from segsmith.errors import UserError
from segsmith.genotype.presets import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import read_meta, save_checkpoint
from segsmith.networks.loading import load
from segsmith.networks.meta import Meta
from segsmith.training.assess import assess
from segsmith.training.runfolder import RunFolder, write_json

RESULTS = Path(__file__).parents[2] / "results"
DATA = "streets:clips=3,frames=2,size=48x64"
HELD = "streets:clips=6,frames=2,size=48x64?holdout=train_000"


@pytest.fixture(scope="module", autouse=True)
def scripts() -> Iterator[None]:
    sys.path.insert(0, str(RESULTS))
    yield
    sys.path.remove(str(RESULTS))


@pytest.fixture
def ship() -> ModuleType:
    import ship

    return ship


@pytest.fixture
def origin() -> ModuleType:
    import origin

    return origin


def finished(path: Path, what: str, static: str = "", state: str = "finished") -> Path:
    """A run as training leaves it, but for the training."""
    classes = open_dataset(DATA).classes
    torch.manual_seed(0)
    network = build(preset(what), len(classes))
    network.train()(torch.rand(2, 3, 48, 64)) if what != "light" else None
    start = f"static network from {static}; the cell is new" if static else "random weights"
    made = {"data": DATA, "protocol": "streets", "split": "train", "from": [start], "budget": "2 epochs", "seed": 3}
    made |= {"steps": 4, "images": 16, "seconds": 61.0}
    run = RunFolder(path)
    path.mkdir(parents=True)
    run.create("train", {"data": DATA, "what": what, "static": static}, 3)
    arguments = ["train", what, "--data", DATA, "-o", str(path), f"--teacher={path}"]
    run.update(state=state, arguments=arguments)
    meta = Meta(preset(what), classes.names, classes.colours, recipe={"name": "scratch"}, made=made)
    save_checkpoint(run.model, network, meta)
    write_json(run.metrics, {"miou": 0.1})
    run.curve.write_text("step,progress,seconds,images,loss,lr,miou\n2,0.5,1,8,2.0,0.1,\n4,1.0,2,16,1.5,0.1,0.25\n")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("runs") / "static", "template-arch1")


def scored(model: Path) -> float:
    done = assess(model, DATA, "val", key_every=10, controls=False, device="cpu", pictures=None, say=lambda line: None)
    return done.result.scores.miou


def test_a_shipped_file_repeats_its_figure(
    ship: ModuleType, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models"
    file = ship.ship(run, "street", way="results/template_arch1.sh", folder=folder)
    monkeypatch.setattr(models, "FOLDER", folder)
    (found,) = models.shipped()
    record = found.record()
    assert record["parameters"] == sum(p.numel() for p in load(run).parameters())
    assert not record["video"]
    assert abs(scored(Path("street")) - record["val_miou"]) < 1e-9
    assert abs(scored(run / "model.safetensors") - record["val_miou"]) < 0.001
    assert file.stat().st_size < 0.7 * (run / "model.safetensors").stat().st_size
    card = found.card.read_text()
    for words in (f"{100 * record['val_miou']:.1f} %", "random weights", "seed: 3", "template_arch1.sh", "scratch"):
        assert words in card
    assert str(run.parent) not in card + json.dumps(dict(found.made))
    assert sorted(path.name for path in folder.iterdir()) == ["street.md", "street.safetensors"]


def test_halves_are_not_taken_where_they_change_the_figure(
    ship: ModuleType, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship, "SAME", 0.0)
    file = ship.ship(run, "whole", folder=tmp_path)
    assert models.header(file)["made"]["bits"] == 32
    shipped = load(file).state_dict()
    for name, tensor in load(run).state_dict().items():
        assert torch.equal(tensor, shipped[name])


@pytest.mark.parametrize("name", ["arch2", "Street", "a/b", ""])
def test_a_name_is_plain_and_no_presets(ship: ModuleType, run: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="name"):
        ship.ship(run, name, folder=tmp_path)


def test_what_is_too_large_or_unfinished_does_not_ship(ship: ModuleType, run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="MB"):
        ship.ship(run, "street", most=0.1, folder=tmp_path / "models")
    assert not list(tmp_path.glob("models/*"))
    shutil.copytree(run, tmp_path / "stopped")
    RunFolder(tmp_path / "stopped").update(state="stopped")
    with pytest.raises(UserError, match="--resume"):
        ship.ship(tmp_path / "stopped", "street", folder=tmp_path / "models")


def test_no_path_of_this_machine_is_told(origin: ModuleType, run: Path) -> None:
    assert without_path("camvid:/home/me/CamVid?holdout=0006R0") == "camvid:PATH?holdout=0006R0"
    assert without_path("folder:~/x") == "folder:PATH"
    assert without_path(DATA) == DATA
    assert without_path("toy") == "toy"
    assert origin.told("static network from /a/b/arch2/model.safetensors; new") == "static network from arch2; new"
    record = {"configuration": {"data": "camvid:/home/me/CamVid"}}
    words = ["train", "light", "--data", "camvid:/home/me/CamVid", "-o", "/home/me/x", "--static=/home/me/y"]
    asked = origin.asked(record | {"arguments": words})
    assert asked == "segsmith train light --data camvid:PATH -o runs/x --static=runs/y"
    assert origin.asked(record | {"arguments": ["train", "light", "-o", "x"]}) == "segsmith train light -o runs/x"


def begun(what: str, static: Path) -> dict[str, Any]:
    """The record of a run."""
    return {"configuration": {"what": what, "static": str(static), "data": DATA}, "arguments": ["train", what]}


def test_the_first_run_behind_a_run_is_found(origin: ModuleType, run: Path, tmp_path: Path) -> None:
    made = {"from": [f"static network from {run}; the cell is new"]}
    said = origin.began(made, begun("light", run))
    assert said == ["static network from static; the cell is new", "random weights"]
    assert origin.began(made, begun("light", tmp_path / "gone")) == said[:1]


def test_what_two_parts_come_from_is_told_once(origin: ModuleType, tmp_path: Path) -> None:
    """A cell that was trained on one image network and moved to another, which began with the same."""
    import judge

    first = learnt_from(tmp_path / "first", "arch0", "streets:")
    still = learnt_from(tmp_path / "still", str(first), "camvid:/x")
    cell = learnt_from(tmp_path / "cell", "light", "streets:", static=str(first))
    links = origin.chain({"from": []}, begun(str(cell), still))
    behind = [f"static network from {first}; new", f"weights of {first}", "random weights"]
    assert [link.made["from"] for link in links] == [[], [behind[1]], [behind[0]], [behind[2]]]
    of = [origin.Link({"data": data, "budget": "9 epochs", "images": 5000}, {}) for data in ("streets:", "camvid:/x")]
    assert judge.trained(of[0], of[1]) == "9 epochs (5,000 images of streets)"
    assert judge.trained(of[1], of[1]) == "9 epochs (5,000 images)"


def test_what_lies_in_the_repository_is_called_as_it_lies_there(
    origin: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(origin.ROOT)
    cell = "results/cells/street.json"
    for spelling in (cell, f"./{cell}", str(origin.ROOT / cell), "results/../results/cells/street.json"):
        arguments = ["train", spelling, "--static=/a/b", "-o", "/a/c"]
        asked = origin.asked({"configuration": {"data": "toy"}, "arguments": arguments})
        assert asked == f"segsmith train {cell} --static=runs/b -o runs/c"
    assert origin.called(origin.ROOT / "results" / "gone.json") == "runs/gone.json"


def test_a_file_in_a_run_is_called_with_its_run(origin: ModuleType, run: Path) -> None:
    assert origin.called(run) == "runs/static"
    assert origin.called(run / "genotype.json") == "runs/static/genotype.json"


def test_the_limits_of_a_teacher_are_passed_on(origin: ModuleType, tmp_path: Path) -> None:
    teacher = learnt_from(tmp_path / "teacher", "arch0", "camvid:/x")
    taught = learnt_from(tmp_path / "taught", "arch0", "folder:/y", teacher=str(teacher))
    assert limits_of(origin, taught) == ["research only (CamVid)"]
    shutil.rmtree(teacher)
    with pytest.raises(UserError, match="its teacher was 'teacher', which is not at hand"):
        limits_of(origin, taught)


def test_the_search_behind_a_network_is_told(origin: ModuleType, tmp_path: Path) -> None:
    search = RunFolder(tmp_path / "cells")
    (search.path / "top").mkdir(parents=True)
    search.create("search", {"data": DATA}, 0)
    search.update(trials=60, seconds=300.0)
    record = {"configuration": {"what": str(search.path / "top" / "trial3.json")}}
    found = origin.found_by(record)
    assert origin.worth(found) == "search of 60 trials (5 min)"
    assert origin.worth({"steps": 900, "seconds": 60}) == "search of 900 steps (1 min)"
    assert origin.found_by({"configuration": {"what": "arch2"}}) is None


def test_files_named_in_what_is_committed_are_at_hand(origin: ModuleType) -> None:
    for file in RESULTS.glob("*.json"):
        for command in json.loads(file.read_text())["commands"]:
            for word in command.split():
                assert not word.startswith("results/") or (origin.ROOT / word).is_file(), word


def learnt_from(path: Path, what: str, data: str, static: str = "", teacher: str = "") -> Path:
    """A run with a header alone: on ``data``, begun with ``what`` or on ``static``."""
    run = RunFolder(path)
    path.mkdir(parents=True)
    run.create("train", {"data": data, "what": what, "static": static, "teacher": teacher}, 0)
    start = f"static network from {static}; new" if static else f"weights of {what}"
    made = {"data": data, "from": ["random weights" if what == "arch0" else start]}
    meta = Meta(preset("arch0"), ("a", "b"), ((0, 0, 0),) * 2, made=made)
    save_checkpoint(run.model, build(preset("arch0"), 2), meta)
    return path


def limits_of(origin: ModuleType, path: Path) -> list[str]:
    run = RunFolder(path)
    found: list[str] = origin.limits(models.header(run.model)["made"], run.record())
    return found


def test_limits_are_those_of_all_that_it_began_with(origin: ModuleType, tmp_path: Path) -> None:
    first = learnt_from(tmp_path / "first", "arch0", "cityscapes:/x")
    second = learnt_from(tmp_path / "second", str(first), "camvid:/y")
    third = learnt_from(tmp_path / "third", "light", "folder:/z", static=str(second))
    city, cam = "non-commercial only (Cityscapes)", "research only (CamVid)"
    assert limits_of(origin, first) == [city]
    assert limits_of(origin, second) == limits_of(origin, third) == [cam, city]
    assert limits_of(origin, learnt_from(tmp_path / "own", "arch0", "folder:/z")) == []
    assert limits_of(origin, learnt_from(tmp_path / "tuned", "street", "folder:/z")) == [cam]


def test_a_network_that_ships_passes_its_limits_on(
    origin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it has them from another."""
    made = {"data": "folder:PATH", "from": ["weights of street", "random weights"], "limits": ["a limit"]}
    meta = Meta(preset("arch0"), ("a", "b"), ((0, 0, 0),) * 2, made=made)
    save_checkpoint(tmp_path / "mine.safetensors", build(preset("arch0"), 2), meta)
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    assert limits_of(origin, learnt_from(tmp_path / "tuned", "mine", "folder:/z")) == ["a limit"]


def test_nothing_ships_whose_beginning_is_not_at_hand(origin: ModuleType, tmp_path: Path) -> None:
    first = learnt_from(tmp_path / "first", "arch0", "camvid:/x")
    second = learnt_from(tmp_path / "second", str(first), "folder:/y")
    shutil.rmtree(first)
    with pytest.raises(UserError, match="weights of first"):
        limits_of(origin, second)


def test_a_card_says_the_limits(ship: ModuleType, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship.ship(run, "free", folder=tmp_path)
    assert (tmp_path / "free.md").read_text().endswith("## Licence\n\nThat of the package.\n")
    monkeypatch.setattr(ship, "limits", lambda made, configuration: ["research only (CamVid)"])
    ship.ship(run, "bound", folder=tmp_path)
    assert "\nFor research only (CamVid): " in (tmp_path / "bound.md").read_text()


@pytest.mark.parametrize("bits", [16, 32])
def test_the_held_out_street_is_judged_on_the_file(
    ship: ModuleType, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int
) -> None:
    if bits == 32:
        monkeypatch.setattr(ship, "SAME", 0.0)
    weights: list[torch.Tensor] = []
    judged = ship.judged

    def watched(model: Path, data: str, split: str, key_every: int = 10) -> dict[str, Any]:
        if split == "holdout":
            weights.extend(load(model).state_dict().values())
        found: dict[str, Any] = judged(model, data, split, key_every)
        return found

    monkeypatch.setattr(ship, "judged", watched)
    file = ship.ship(run, "net", HELD, folder=tmp_path)
    assert models.header(file)["made"]["bits"] == bits
    assert weights
    for judged_on, written in zip(weights, load(file).state_dict().values(), strict=True):
        assert torch.equal(judged_on, written)


def test_frames_are_counted_beside_the_whole_split(ship: ModuleType) -> None:
    assert ship.frames(HELD.partition("?")[0], "train") == {"frames": [8, 8]}
    assert ship.frames(HELD, "train") == {"frames": [6, 8]}
    assert ship.frames(HELD, "val") == {"frames": [2, 2]}
    assert ship.frames(HELD, "train+val") == {"frames": [8, 10]}


def test_the_cards_that_ship_are_those_of_their_files(ship: ModuleType) -> None:
    assert models.shipped()
    for one in models.shipped():
        assert one.card.read_text() == ship.card(one.name, read_meta(one.path), one.path.stat().st_size / 1e6)


def test_a_video_networks_card_keeps_its_two_rhythms_apart() -> None:
    street, still = ((models.FOLDER / f"{name}.md").read_text() for name in ("street", "street-still"))
    assert "|  | val, a key frame in 10 | holdout, every frame a key frame |" in street
    assert "|  | val | holdout |" in still
    data = "'camvid:PATH?holdout=0006R0'"
    assert f"\nsegsmith evaluate street --data {data} --split holdout --key-every 1\n" in street
    assert f"\nsegsmith evaluate street-still --data {data} --split holdout\n" in still
    assert "the cell has no part in it" in street
    assert "cell" not in still
    assert all("266 of 367 frames of the split train" in card for card in (street, still))


@pytest.mark.slow
def test_a_video_run_is_judged(run: Path, tmp_path: Path) -> None:
    import judge
    import table
    import times

    video = RunFolder(tmp_path / "video")
    from typer.testing import CliRunner

    from segsmith.cli.main import app

    words = ["train", "light", "--static", str(run), "--data", HELD, "--epochs", "1"]
    result = CliRunner().invoke(app, [*words, "--batch", "2", "--devices", "1", "-o", str(video.path)])
    assert result.exit_code == 0, result.output
    found = judge.judge(video.path, "moving", seconds=1.0)
    assert set(found["scores"]) == {"val", "holdout"}
    assert found["latency"]["key"]["median_ms"] > 0
    assert found["latency"]["step"]["median_ms"] > 0
    assert found["weights"][-1] == "random weights"
    write_json(tmp_path / "judged.json", found)
    assert judge.is_judged(video.path, tmp_path / "judged.json")
    assert not judge.is_judged(run, tmp_path / "judged.json")
    assert str(tmp_path) not in json.dumps(found)
    assert "copy the key frame" in table.render([json.loads(json.dumps(found, allow_nan=False))])

    for name in ("moving", "other"):
        write_json(tmp_path / f"{name}.json", found)
    times.times({"moving": video.path, "other": video.path}, "", 1.0, 1, tmp_path)
    again = json.loads((tmp_path / "other.json").read_text())
    assert again["latency"]["beside"] == ["moving", "other"]
    assert again["latency"]["threads"] == 1
    assert again["latency"]["step"]["median_ms"] > 0
    assert {**again, "latency": 0} == {**json.loads(json.dumps(found)), "latency": 0}
