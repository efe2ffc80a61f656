"""A finished run becomes a network that ships, and figures in results/."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from segsmith import models
from segsmith.data.open import open_dataset, without_path
from segsmith.errors import UserError
from segsmith.genotype.presets import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.loading import load
from segsmith.networks.meta import Meta
from segsmith.training.assess import assess
from segsmith.training.runfolder import RunFolder, write_json

RESULTS = Path(__file__).parents[2] / "results"
DATA = "streets:clips=3,frames=2,size=48x64"


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
    for name, tensor in load(run).state_dict().items():
        assert torch.equal(tensor, load(file).state_dict()[name])


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


def test_the_first_run_behind_a_run_is_found(origin: ModuleType, run: Path, tmp_path: Path) -> None:
    made = {"from": [f"static network from {run}; the cell is new"]}
    said = origin.began(made, {"what": "light", "static": str(run)})
    assert said == ["static network from static; the cell is new", "random weights"]
    assert origin.began(made, {"what": "light", "static": str(tmp_path / "gone")}) == said[:1]


@pytest.mark.slow
def test_a_video_run_is_judged(run: Path, tmp_path: Path) -> None:
    import judge
    import table

    video = RunFolder(tmp_path / "video")
    from typer.testing import CliRunner

    from segsmith.cli.main import app

    words = ["train", "light", "--static", str(run), "--data", f"{DATA}?holdout=train_000", "--epochs", "1"]
    result = CliRunner().invoke(app, [*words, "--batch", "2", "--devices", "1", "-o", str(video.path)])
    assert result.exit_code == 0, result.output
    found = judge.judge(video.path, "moving", seconds=1.0)
    assert set(found["scores"]) == {"val", "holdout"}
    assert found["latency"]["key"]["median_ms"] > 0
    assert found["latency"]["step"]["median_ms"] > 0
    assert found["weights"][-1] == "random weights"
    assert str(tmp_path) not in json.dumps(found)
    assert "copy the key frame" in table.render([json.loads(json.dumps(found, allow_nan=False))])
