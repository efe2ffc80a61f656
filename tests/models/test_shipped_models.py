"""A network that ships is named wherever a run or a checkpoint is."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

import segsmith
from segsmith import models
from segsmith.cli.main import app
from segsmith.data.base import Classes
from segsmith.data.open import open_dataset
from segsmith.errors import UserError
from segsmith.genotype import load_genotype
from segsmith.genotype.core import Genotype
from segsmith.genotype.presets import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.loading import load
from segsmith.networks.meta import Meta
from segsmith.runtimes.opening import open_runner
from segsmith.training.start import start

NAMES = ("wall", "floor", "door")
COLOURS = ((9, 9, 9), (200, 0, 0), (0, 200, 0))
DATA = "streets:clips=3,frames=3,size=64x96"


def write(path: Path, genotype: Genotype, names: Sequence[str] = NAMES, video: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    palette = tuple((n, n, n) for n in range(len(names)))
    made = {"parameters": 1234, "video": video, "val": {"miou": 0.5}, "protocol": "drawn", "from": ["random weights"]}
    made |= {"limits": ["research only (Drawn)"] if path.stem == "room" else []}
    save_checkpoint(path, build(genotype, len(names)), Meta(genotype, tuple(names), palette, made=made))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    write(place / "street.safetensors", preset("template-arch1"), open_dataset(DATA).classes.names)
    write(place / "room.safetensors", preset("template-arch1"))
    return place


@pytest.fixture(autouse=True)
def ships(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(models, "FOLDER", folder)
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_they_are_listed() -> None:
    found = json.loads(run("models", "--json"))["models"]
    assert [one["name"] for one in found] == ["room", "street"]
    assert found[0] == {
        "name": "room",
        "parameters": 1234,
        "classes": list(NAMES),
        "video": False,
        "val_miou": 0.5,
        "limits": ["research only (Drawn)"],
    }
    assert found[1]["limits"] == []


def test_the_list_says_what_they_may_be_used_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> str:
        monkeypatch.setenv("COLUMNS", "200")
        return CliRunner().invoke(app, ["models"]).output

    assert "research only (Drawn)" in told()
    monkeypatch.undo()
    assert told().count("research only (CamVid)") == len({*models.names()} - {"street-sim"})


def test_listing_them_loads_no_torch() -> None:
    code = "import sys\nfrom segsmith.models import shipped\nshipped()\nprint('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_every_reader_takes_a_name() -> None:
    assert load_genotype("room") == preset("template-arch1")
    network = load("room")
    assert network.meta is not None
    assert network.meta.classes == NAMES
    assert open_runner("room").meta.classes == NAMES
    assert segsmith.load("room").network.meta == network.meta


def test_commands_take_a_name() -> None:
    assert json.loads(run("describe", "room", "--json"))["parameters"] == sum(
        p.numel() for p in load("room").parameters()
    )
    run("draw", "room", "-o", "room.svg")
    assert Path("room.svg").exists()
    scores = json.loads(run("evaluate", "street", "--data", DATA, "--json"))
    assert scores["model"] == "street"
    assert 0 <= scores["miou"] <= 1


def test_what_lies_there_comes_before_a_name() -> None:
    write(Path("room/model.safetensors"), preset("template-arch0"))
    mine = load("room").meta
    assert mine is not None
    assert mine.genotype == preset("template-arch0")


def test_a_folder_that_is_no_run_does_not_hide_a_name() -> None:
    Path("room").mkdir()
    assert models.locate("room") == models.FOLDER / "room.safetensors"


def test_presets_come_before_names(folder: Path) -> None:
    other = write(folder / "arch0.safetensors", preset("template-arch1"))
    try:
        assert load_genotype("arch0") == preset("arch0")
        assert "classifier" in run("describe", "arch0", "--json")
        assert start("arch0", Classes(NAMES, COLOURS)).said == ("random weights",)
    finally:
        other.unlink()


def test_fine_tuning_begins_with_its_weights() -> None:
    same = start("room", Classes(NAMES, COLOURS))
    assert same.said == ("weights of room",)
    other = start("room", Classes(("cat", "dog"), COLOURS[:2]))
    assert other.said == ("weights of room with a new head for 2 classes (it had 3)",)


@pytest.mark.parametrize("reader", [load, open_runner, load_genotype])
def test_a_wrong_name_is_told_the_right_ones(reader: object) -> None:
    assert callable(reader)
    with pytest.raises(UserError) as caught:
        reader("rom")
    assert "room" in str(caught.value)


@pytest.mark.parametrize("name", ["", ".", "../models/room", "ROOM", "room.safetensors", "__init__"])
def test_only_a_whole_plain_name_is_one(name: str) -> None:
    assert models.locate(name) == Path(name)


def test_a_damaged_one_is_named(folder: Path) -> None:
    bad = folder / "bad.safetensors"
    bad.write_bytes(b"nothing")
    try:
        with pytest.raises(UserError, match=r"bad\.safetensors"):
            models.shipped()
    finally:
        bad.unlink()


def test_the_wheel_holds_them(folder: Path) -> None:
    root = Path(__file__).parents[2]
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["segsmith"]
    package = root / "src" / "segsmith"
    files = [
        path.relative_to(package) for path in (package / "models").iterdir() if path.suffix in (".md", ".safetensors")
    ]
    assert all(any(file.match(pattern) for pattern in patterns) for file in [*files, Path("models/a.md")])


@pytest.mark.slow
def test_an_export_lies_beside_the_reader_not_in_the_package(folder: Path) -> None:
    before = sorted(folder.iterdir())
    found = json.loads(run("export", "street", "--data", DATA, "--clips", "1", "--json"))
    assert Path(found["files"]["key"]) == Path("export/street.onnx")
    assert Path("export/street.onnx").is_file()
    assert sorted(folder.iterdir()) == before


def test_what_the_package_ships_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each loads, has a card with its figures, and is small."""
    monkeypatch.undo()
    for one in models.shipped():
        record = one.record()
        network = load(one.name)
        assert sum(p.numel() for p in network.parameters()) == record["parameters"]
        assert f"{100 * record['val_miou']:.1f} %" in one.card.read_text()
        assert one.path.stat().st_size < 2e6
