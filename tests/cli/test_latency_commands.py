"""``segsmith target`` and ``segsmith latency``, as a person uses them; timed in torch, which opens quickly."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from segsmith.cli import latency, target
from segsmith.errors import UserError
from segsmith.genotype import preset, to_json
from segsmith.latency.table import Table
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.meta import Meta
from segsmith.spaces.make import make_space

app = typer.Typer()
app.command()(target.target)
app.add_typer(latency.app, name="latency")
SPACE = ["lgc", "cells=3", "reductions=1,2", "width=8", "branch=16", "fusion=none", "operations=conv3,skip"]
QUICK = ["--tolerance", "0.9"]


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a target and a table."""
    folder = tmp_path_factory.mktemp("latency")
    run("target", "--backend", "torch", "--threads", 1, "--size", "32x48", "-o", folder / "target.json")
    words = ["--target", folder / "target.json", "-o", folder / "table.json", "--networks", 2, *QUICK]
    run("latency", "measure", *SPACE, *words)
    return folder


def test_a_target_is_shown_and_changed(folder: Path) -> None:
    assert "torch fp32, 1 thread, 32x48" in run("target", folder / "target.json")
    found = json.loads(run("target", folder / "target.json", "--threads", 4, "--json"))
    assert (found["threads"], found["backend"]) == (4, "torch")
    board = json.loads(run("target", "--device", "Board X", "--threads", 2, "--json"))
    assert (board["name"], board["device"]) == ("board-x", "Board X")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--backend", "onnx"], "no backend 'onnx'"),
        (["--threads", "0"], "below one"),
        (["--precision", "fp16", "--backend", "torch"], "not timed in 'fp16'"),
        (["--size", "big"], "no size"),
        (["nowhere.json"], "no such target"),
    ],
)
def test_targets_that_cannot_be(words: list[str], what: str) -> None:
    with pytest.raises(UserError, match=what):
        run("target", *words)


def test_a_table_is_measured_once(folder: Path) -> None:
    before = Table.load(folder / "table.json")
    assert len(before.networks) == 2
    words = ["--target", folder / "target.json", "-o", folder / "table.json", "--networks", 2, *QUICK]
    found = json.loads(run("latency", "measure", *SPACE, *words, "--json"))
    assert found["complete"]
    assert Table.load(folder / "table.json").pieces == before.pieces


def test_a_check_goes_into_the_table(folder: Path) -> None:
    found = json.loads(run("latency", "check", folder / "table.json", "--networks", 3, *QUICK, "--json"))
    assert found["networks"] == 3
    assert {"median_error", "rank_correlation"} <= set(found)
    assert Table.load(folder / "table.json").checked["median_error"] == found["median_error"]


def test_range(folder: Path) -> None:
    found = json.loads(run("latency", "range", *SPACE, "--table", folder / "table.json", "--json"))
    assert found["fastest"]["ms"] < found["slowest"]["ms"]
    text = run("latency", "range", *SPACE, "--table", folder / "table.json")
    assert "fastest" in text
    assert "exact" in text or "descent" in text


def test_range_is_that_of_the_table(folder: Path) -> None:
    own = json.loads(run("latency", "range", "lgc", "--table", folder / "table.json", "--json"))
    named = json.loads(run("latency", "range", *SPACE, "--table", folder / "table.json", "--json"))
    assert own == named
    with pytest.raises(UserError, match="the table has no"):
        run("latency", "range", "lgc", "cells=4", "reductions=1,2", "--table", folder / "table.json")


def test_classes_are_those_of_a_trained_network(tmp_path: Path) -> None:
    genotype = preset("template-arch0")
    meta = Meta(genotype, ("a", "b", "c"), ((0, 0, 0),) * 3)
    save_checkpoint(tmp_path / "model.safetensors", build(genotype, 3), meta)
    (tmp_path / "genotype.json").write_text(to_json(genotype))
    assert latency.wanted_classes(None, str(tmp_path), "arch2") == 3
    assert latency.wanted_classes(None, "dynamic", str(tmp_path)) == 3
    assert latency.wanted_classes(7, "dynamic", str(tmp_path)) == 7
    assert latency.wanted_classes(None, "lgc", str(tmp_path)) == 11


def test_missing_is_for_a_network_of_another_space(folder: Path) -> None:
    space = make_space("lgc", {"cells": "3", "reductions": "1,2", "width": "4", "branch": "8", "fusion": "none"})
    genotype = space.decode((2,) * len(space.decisions))
    (folder / "other.json").write_text(to_json(genotype))
    with pytest.raises(UserError, match="the table has no"):
        Table.load(folder / "table.json").predict(genotype)
    run("latency", "measure", folder / "other.json", "--missing", "-o", folder / "table.json", *QUICK)
    table = Table.load(folder / "table.json")
    assert table.predict(genotype).key_ms > 0
    assert table.subject.options["width"] == "8"


def test_another_target_is_refused_with_the_line_that_helps(folder: Path) -> None:
    run("target", folder / "target.json", "--threads", 2, "-o", folder / "two.json")
    with pytest.raises(UserError, match=r"threads .* \(segsmith latency measure lgc"):
        run("latency", "measure", *SPACE, "--target", folder / "two.json", "-o", folder / "table.json")


def test_another_machine_is_refused(folder: Path) -> None:
    run("target", "--device", "Board X", "-o", folder / "board.json")
    with pytest.raises(UserError, match="segsmith latency pack"):
        run("latency", "measure", *SPACE, "--target", folder / "board.json", "-o", folder / "new.json")
    assert not (folder / "new.json").exists()


def test_words_for_a_network_are_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="is no space"):
        run("latency", "measure", "arch2", "rows=3", "--target", folder / "target.json", "-o", folder / "new.json")


@pytest.mark.slow
def test_a_pack_is_timed_and_brought_back(tmp_path: Path) -> None:
    run("target", "--threads", 1, "--size", "32x48", "-o", tmp_path / "target.json")
    run("latency", "pack", *SPACE, "--target", tmp_path / "target.json", "-o", tmp_path / "pack.zip", "--networks", 2)
    done = [sys.executable, str(tmp_path / "pack.zip"), "-o", str(tmp_path / "times.json")]
    subprocess.run(done, check=True, capture_output=True)
    words = ["--target", tmp_path / "target.json", "-o", tmp_path / "table.json"]
    found = json.loads(run("latency", "import", tmp_path / "times.json", *words, "--json"))
    table = Table.load(tmp_path / "table.json")
    assert found["pieces"] == len(table.pieces)
    space = table.subject.open()
    predicted = table.predict(space.decode((0,) * len(space.decisions)))
    assert all(network.key is not None for network in table.networks)
    assert 0.1 < predicted.key_ms / statistics.median(n.key.ms for n in table.networks if n.key is not None) < 10
    run("target", tmp_path / "target.json", "--threads", 2, "-o", tmp_path / "two.json")
    with pytest.raises(UserError, match="another target"):
        run("latency", "import", tmp_path / "times.json", "--target", tmp_path / "two.json", "-o", tmp_path / "t.json")
