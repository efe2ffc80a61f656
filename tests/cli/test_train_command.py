"""train, evaluate and resume as a person types them."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner

from segsmith.cli.main import app, main
from segsmith.errors import UserError
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.training.feed import whole_frames
from segsmith.training.options import TrainOptions
from segsmith.training.run import make_fabric
from segsmith.training.runfolder import RunFolder
from segsmith.training.settle import settle
from segsmith.training.work import begin

DATA = "streets:clips=4,frames=4,size=64x96"
KEYS = {"miou", "per_class", "fwiou", "macc", "vc8", "vc8_strict", "vc16", "vc16_strict", "flicker", "frames"}


def run(*words: str) -> str:
    alone = ["--devices", "1"] if words[0] == "train" and "--resume" not in words else []
    result = CliRunner().invoke(app, [*words, *alone])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def two_class_folder(root: Path) -> str:
    """Noise above, a gradient below."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2)):
        for number in range(count):
            frame = rng.integers(0, 256, (64, 96, 3), np.uint8)
            frame[32:] = np.arange(96, dtype=np.uint8)[None, :, None]
            mask = np.zeros((64, 96), np.uint8)
            mask[32:] = 1
            for kind, picture in (("images", frame), ("masks", mask)):
                path = root / kind / split / f"{split}_{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(path)
    (root / "classes.json").write_text(json.dumps({"names": ["wall", "floor"], "colours": [[9, 9, 9], [200, 0, 0]]}))
    return f"folder:{root}"


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "static"
    run(
        "train", "template-arch1", "--data", DATA, "--epochs", "2", "--batch", "2", "-o", str(folder), "--device", "cpu"
    )
    return folder


def test_a_run_leaves_its_files(static: Path) -> None:
    names = {path.name for path in static.iterdir()}
    assert {"run.json", "genotype.json", "model.safetensors", "last.safetensors", "metrics.json", "curve.csv"} <= names
    record = json.loads((static / "run.json").read_text())
    assert (record["state"], record["command"], record["seed"]) == ("finished", "train", 0)
    assert json.loads((static / "metrics.json").read_text())["protocol"].startswith("simulated streets")


def test_evaluate_prints_one_object(static: Path) -> None:
    found = json.loads(run("evaluate", str(static), "--data", DATA, "--split", "test", "--json"))
    assert set(found) >= KEYS
    assert found["frames"] == 4
    assert 0 <= found["miou"] <= 1
    assert found["vc8"] is None, "no window of eight in a clip of four"
    assert {"confusion.png", "worst-1.png", "legend.png"} <= {p.name for p in (static / "evaluation/test").iterdir()}


def test_a_cell_on_a_trained_network(static: Path, tmp_path: Path) -> None:
    folder = tmp_path / "video"
    words = (
        "--data",
        DATA,
        "--epochs",
        "1",
        "--batch",
        "2",
        "--key-every",
        "2",
        "--static",
        str(static),
        "--device",
        "cpu",
    )
    run("train", "light", *words, "-o", str(folder))
    found = json.loads(run("evaluate", str(folder), "--data", DATA, "--key-every", "2", "--json"))
    assert [point["distance"] for point in found["drift"]] == [0, 1]
    assert set(found["controls"]) == {"static on every frame", "copy the key frame", "warp by optical flow"}
    assert (folder / "evaluation/val/drift.png").exists()


def test_a_network_learns_other_classes_with_a_new_head(static: Path, tmp_path: Path) -> None:
    data = two_class_folder(tmp_path / "data")
    run("train", str(static), "--data", data, "--epochs", "1", "--batch", "2", "-o", str(tmp_path / "tuned"))
    made = json.loads((tmp_path / "tuned/metrics.json").read_text())["made"]
    assert "with a new head for 2 classes (it had 11)" in made["from"][0]
    with pytest.raises(UserError, match="other classes"):
        run("evaluate", str(static), "--data", data)


def test_seeds_give_mean_and_spread(tmp_path: Path) -> None:
    words = ("--data", DATA, "--epochs", "0.5", "--batch", "2", "--device", "cpu", "--quiet")
    run("train", "template-arch1", *words, "--seeds", "2", "-o", str(tmp_path / "runs"))
    summary = json.loads((tmp_path / "runs/metrics.json").read_text())
    scores = [json.loads((tmp_path / f"runs/seed-{n}/metrics.json").read_text())["miou"] for n in (0, 1)]
    assert summary["miou"]["mean"] == pytest.approx(sum(scores) / 2)
    assert summary["miou"]["sd"] >= 0


def test_seeds_of_stills_have_no_flicker(tmp_path: Path) -> None:
    data = two_class_folder(tmp_path / "data")
    for second in tmp_path.glob("data/*/val/val_1.png"):
        second.unlink()
    words = ("--data", data, "--epochs", "0.5", "--batch", "2", "--device", "cpu")
    run("train", "template-arch1", *words, "--quiet", "--seeds", "2", "-o", str(tmp_path / "runs"))
    summary = json.loads((tmp_path / "runs/metrics.json").read_text())
    assert set(summary) == {"seeds", "miou", "fwiou", "macc"}


MISTAKES = [
    (["train"], "what to train"),
    (["train", "arch2"], "--data is missing"),
    (["train", "arch2", "--data", "toy"], "-o RUN is missing"),
    (["train", "arhc2", "--data", DATA, "-o", "X"], "arch2"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--recipe", "statik"], "static"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--seeds", "0"], "--seeds 0"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--top", "-1"], "--top -1"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--crop", "12"], "no size"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--epochs", "1", "--minutes", "1"], "one of the two"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--minutes", "-1"], "not above zero"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--device", "tpu"], "cpu, cuda or auto"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--precision", "8"], "32 or bf16"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--devices", "none"], "nor auto"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--static", "Y"], "no trained network"),
    (["train", "light", "--data", DATA, "-o", "X", "--static", "Y"], "no trained network"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--recipe", "dynamic"], "trains the part 'cell'"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--split", "trian"], "trian"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--teacher", "Y"], "no trained network"),
    (["train", "arch2", "--data", "video:.", "-o", "X"], "no labels to learn from"),
    (["train", "arch2", "--data", DATA, "-o", "a_file/X", "--devices", "1"], "Not a directory"),
    (["train", "--resume", "nowhere"], "holds no run"),
    (["train", "arch2", "--data", DATA, "-o", "X", "--on-nan", "cry"], "neither stop nor rewind"),
    (["evaluate", "nowhere", "--data", DATA], "nowhere"),
    (["evaluate", "nowhere", "--data", DATA, "--protocol", "clip9"], "clip3"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_mistakes_are_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").touch()
    Image.new("RGB", (96, 64)).save("frame.png")
    monkeypatch.setattr(sys, "argv", ["segsmith", *words, *(["--quiet"] if words[0] == "train" else [])])
    with pytest.raises(SystemExit) as stop:
        main()
    captured = capsys.readouterr()
    assert stop.value.code == 2
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_run_is_not_written_over(static: Path) -> None:
    with pytest.raises(UserError, match="holds a run already"):
        run("train", "template-arch1", "--data", DATA, "-o", str(static))


def test_a_finished_network_has_settled_on_whole_frames(static: Path) -> None:
    options = TrainOptions.of_record(RunFolder(static).record()["configuration"])
    one = begin(make_fabric(options), options)
    assert one.recipe.settle
    network, _ = load_checkpoint(RunFolder(static).model)
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    settle(network, whole_frames(one.source, one.recipe.settle), network.key)
    for name, value in network.state_dict().items():
        if "running" in name:
            torch.testing.assert_close(value, kept[name], rtol=1e-4, atol=1e-5)


def test_what_does_not_fit_leaves_no_folder(static: Path, tmp_path: Path) -> None:
    words = ("--data", DATA, "--device", "cpu", "--devices", "1", "--quiet", "-o", str(tmp_path / "X"))
    for mistake in (("--split", "trian"), ("--recipe", "dynamic"), ("--teacher", "nowhere")):
        with pytest.raises(UserError):
            run("train", "template-arch1", *words, *mistake)
        assert not (tmp_path / "X").exists()


def test_a_run_killed_before_its_first_snapshot_begins_anew(tmp_path: Path) -> None:
    words = ("train", "template-arch1", "--data", DATA, "-o", str(tmp_path / "run"), "--epochs", "1", "--device", "cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segsmith.training.loop.Loop.train", lambda *_: (_ for _ in ()).throw(ZeroDivisionError))
        with pytest.raises(ZeroDivisionError):
            run(*words, "--devices", "1")
    assert (tmp_path / "run/run.json").exists()
    assert not (tmp_path / "run/last.safetensors").exists()
    run("train", "--resume", str(tmp_path / "run"))
    assert (tmp_path / "run/model.safetensors").exists()


@pytest.mark.slow
@pytest.mark.parametrize("devices", ["1", "2"])
def test_ten_kills_change_no_bit(devices: str, tmp_path: Path) -> None:
    words = ["template-arch1", "--data", "streets:clips=8,frames=8,size=64x96", "--epochs", "40", "--batch", "4"]
    start = [sys.executable, "-c", "import segsmith.training.loop as l; l.SNAPSHOT_SECONDS = 0.5\n" + CALL, "train"]
    options = ["--device", "cpu", "--devices", devices, "--workers", "1", "--quiet"]
    subprocess.run([*start, *words, *options, "-o", str(tmp_path / "whole")], check=True)
    rng = random.Random(0)
    killed = 0
    command = [*start, *words, *options, "-o", str(tmp_path / "cut")]
    while True:
        process = subprocess.Popen(command)
        if killed < 10:
            time.sleep(rng.uniform(3, 8))
            process.send_signal(signal.SIGKILL)
            if process.wait() == 0:
                break
            killed += 1
        elif process.wait() == 0:
            break
        if (tmp_path / "cut/run.json").exists():
            command = [*start, "--resume", str(tmp_path / "cut"), "--quiet"]
    assert killed == 10
    whole, cut = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "cut"))
    assert all(bool((whole[name] == cut[name]).all()) for name in whole)


CALL = "import sys; sys.argv[0] = 'segsmith'; from segsmith.cli.main import main; main()"
