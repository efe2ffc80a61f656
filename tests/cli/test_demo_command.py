"""``segsmith demo`` as a command: what it says and leaves, with a forge that is done at once; slow: the whole of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from segsmith.cli.main import app
from segsmith.data.classes import CAMVID
from segsmith.data.streets.options import Options
from segsmith.errors import UserError
from segsmith.forge.budget import TooShort
from segsmith.forge.options import ForgeOptions
from segsmith.genotype.presets import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.meta import Meta
from segsmith.training.runfolder import RunFolder

TINY = Options(clips=8, frames=6, size=(64, 96), seed=11, frame_every=2)
LEFT = {"street.mp4", "report.html", "frames.png", "cell.svg"}


def forged(options: ForgeOptions, *_: object) -> dict[str, Any]:
    """A network that nobody trained."""
    assert options.data == "toy"
    out, genotype = Path(options.out), preset("copy")
    if not RunFolder(out).exists():
        RunFolder(out).create("forge", options.record(), 0)
    meta = Meta(genotype, CAMVID.names, CAMVID.colours)
    save_checkpoint(out / "model.safetensors", build(genotype, len(CAMVID.names)), meta)
    (out / "forge.json").write_text("{}")
    (out / "report.html").write_text("a page")
    return {}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this very process: others would see the streets as they are."""
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("segsmith.data.streets.reader.TOY", TINY)


def said(*words: str) -> list[str]:
    done = CliRunner().invoke(app, ["demo", *words], catch_exceptions=False)
    assert done.exit_code == 0
    return [line for line in done.stderr.splitlines() if line]


def assert_whole(out: Path, lines: list[str]) -> None:
    assert [line[:1] for line in lines[:6]] == list("123456")
    named = [Path(line.strip()) for line in lines[-8:-4]]
    assert {path.name for path in named} == LEFT
    for path in named:
        assert path.stat().st_size > 0, path
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["segsmith", "data"],
        ["segsmith", "forge"],
        ["segsmith", "evaluate"],
    ]
    assert f" {out} " in lines[-1]


@pytest.mark.usefixtures("small")
def test_the_demo_opens_with_what_it_will_do_and_leaves_what_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segsmith.forge.drive.run_forge", forged)
    out = tmp_path / "demo"
    assert_whole(out, said("-o", str(out), "--budget", "3m"))
    (out / "street.mp4").unlink()
    assert_whole(out, said("-o", str(out), "--budget", "3m"))  # one that was stopped goes on


@pytest.mark.usefixtures("small")
def test_a_slow_machine_gets_the_time_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, budgets = tmp_path / "demo", list[float]()

    def forging(options: ForgeOptions, *more: object) -> dict[str, Any]:
        budgets.append(options.budget)
        if options.budget < 400:
            raise TooShort("a budget is too short", options.budget + 120)
        return forged(options, *more)

    monkeypatch.setattr("segsmith.forge.drive.run_forge", forging)
    lines = said("-o", str(out), "--budget", "3m")
    assert "a budget is too short (--budget 5m would do): this machine gets more" in lines
    assert_whole(out, lines)
    assert sum("--budget 5m30s --static" in line for line in lines) == 1
    frames = (out / "frames.png").stat().st_mtime_ns
    said("-o", str(out), "--budget", "3m")
    assert budgets == [180, 330, 496, 496]
    assert (out / "frames.png").stat().st_mtime_ns == frames, "what a stage took is told by the newest file"


def test_the_demo_touches_nothing_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(UserError, match="is there already"):
        CliRunner().invoke(app, ["demo", "-o", str(tmp_path)], catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    forge = tmp_path / "forge"
    RunFolder(forge).create("forge", ForgeOptions("folder:x", str(forge), "40ms", 600.0).record(), 0)
    with pytest.raises(UserError, match="is there already"):
        CliRunner().invoke(app, ["demo", "-o", str(forge)], catch_exceptions=False)
    assert [path.name for path in forge.iterdir()] == ["run.json"]


@pytest.mark.slow
def test_the_whole_demo(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    lines = said("-o", str(out))
    assert_whole(out, lines)
    assert RunFolder(out).record()["state"] == "finished"
    assert "Forge a network for" in (out / "report.html").read_text()
    assert any(re.match(r"Done in \d+\.\d minutes", line) for line in lines)
