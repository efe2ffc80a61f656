"""What a search prints: a line for each trial, but few where one is like the last."""

import io
from pathlib import Path

import pytest
from study_help import cell_space, drive, plan, study_in

from segsmith.study import driver
from segsmith.study.progress import ALIKE, Progress


def lines_of(tmp_path: Path, trials: int, **more: object) -> list[str]:
    space = cell_space(1, operations=("skip",), aggregations=("wsum",), inputs=("prev:dec", "layer2"))
    out = io.StringIO()
    progress = Progress(trials=trials, out=out)
    book = drive(study_in(tmp_path, space), plan(space, trials, **more), told=progress.told)
    if not trials:
        progress.settled(book)
    return out.getvalue().splitlines()


def test_known_networks_in_a_row_have_a_line_for_the_first_and_every_hundredth(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, 3 * ALIKE)
    repeated = [line for line in lines if "repeated" in line]
    assert sum("scored" in line for line in lines) >= 2
    assert 2 <= len(repeated) <= 12
    assert f"trial {3 * ALIKE}/{3 * ALIKE}" not in repeated[0]


def test_a_search_that_has_settled_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "SETTLED", 20)
    last = lines_of(tmp_path, 0, minutes=60.0)[-1]
    assert last.startswith("settled after ")
    assert "the last 20 proposals were known networks; another --seed looks elsewhere" in last
