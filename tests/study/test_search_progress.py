"""What a search prints: a line for each trial, but few where one is like the last."""

import io
from pathlib import Path

import pytest
from study_help import asked, cell_space, drive, plan, records, study_in

from segsmith.spaces import Space
from segsmith.study import driver
from segsmith.study.progress import ALIKE, Progress
from segsmith.study.search import run_search
from segsmith.training.runfolder import RunFolder


def few() -> Space:
    return cell_space(1, operations=("skip",), aggregations=("wsum",), inputs=("prev:dec", "layer2"))


def test_known_networks_in_a_row_have_a_line_for_the_first_and_every_hundredth(tmp_path: Path) -> None:
    out, space = io.StringIO(), few()
    progress = Progress(trials=3 * ALIKE, out=out)
    study = study_in(tmp_path, space)
    drive(study, plan(space, 3 * ALIKE), told=progress.told)
    printed = [int(line.split("#")[1].split()[0]) for line in out.getvalue().splitlines()]
    row, wanted = 0, []
    for record in records(study):
        row = row + 1 if record.state == "repeated" else 0
        if not row or row % ALIKE == 1:
            wanted.append(record.number)
    assert printed == wanted
    assert len(wanted) < ALIKE


def test_a_search_that_has_settled_says_so_and_keeps_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(driver, "SETTLED", 5)
    words = ("operations", "skip"), ("aggregations", "wsum"), ("inputs", "prev:dec"), ("rows", "1")
    options = asked(root, tmp_path / "s", trials=0, minutes=60.0, quiet=False, space_options=words)
    run_search(options)
    assert "the last 5 proposals were known networks; another --seed, in a new folder" in capsys.readouterr().err
    assert RunFolder(tmp_path / "s").record()["settled"] is True
