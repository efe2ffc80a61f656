"""``segsmith demo`` as a command: all of its steps, on a few small streets and for seconds."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from segsmith.cli.main import app
from segsmith.data.streets.options import Options
from segsmith.errors import UserError
from segsmith.training.runfolder import RunFolder

TINY = Options(clips=8, frames=6, size=(64, 96), seed=11, frame_every=2)
SECONDS = "0.03"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this very process: others would see the streets as they are."""
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("segsmith.data.streets.reader.TOY", TINY)
    monkeypatch.setattr("segsmith.training.run.cores", lambda: 1)


@pytest.mark.usefixtures("small")
def test_the_demo_opens_with_what_it_will_do_and_leaves_what_it_names(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    words = ["demo", "-o", str(out), "--static-minutes", SECONDS, "--cell-minutes", SECONDS]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert [line[:1] for line in lines[:5]] == list("12345")
    named = [Path(line.strip()) for line in lines[-8:-4] if line.startswith("  ")]
    assert {path.name for path in named} == {"street.mp4", "report.html", "frames.png", "cell.svg"}
    for path in named:
        assert path.stat().st_size > 0, path
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["segsmith", "data"],
        ["segsmith", "forge"],
        ["segsmith", "evaluate"],
    ]
    for run in ("static", "video"):
        assert RunFolder(out / run).record()["state"] == "finished"
    page = (out / "report.html").read_text()
    assert "<svg" in page
    assert "light" in page


def test_the_demo_touches_nothing_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(UserError, match="is there already"):
        CliRunner().invoke(app, ["demo", "-o", str(tmp_path)], catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
