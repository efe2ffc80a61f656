"""Broken data sets: each kind has its own line, which names the file and the way out. Never a traceback."""

import json
from collections.abc import Callable
from pathlib import Path

import broken_layouts
import broken_pictures
import numpy as np
import pytest
from broken_kit import FRAME, Case
from dataset_builders import bands, camvid, folder, pixels, save
from PIL import Image as Pillow
from typer.testing import CliRunner

from segsmith.cli.data import app
from segsmith.data.open import open_dataset
from segsmith.errors import UserError

CASES = broken_layouts.CASES | broken_pictures.CASES


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_broken_input_is_named_with_its_file_and_the_way_out(tmp_path: Path, case: Case) -> None:
    name = case.build(tmp_path)
    result = CliRunner().invoke(app, ["check", name, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stderr
    found = json.loads(result.stdout)
    fitting = [fault for fault in found["faults"] if case.said in fault["what"]]
    assert fitting, [fault["what"] for fault in found["faults"]]
    assert any(fault["file"].endswith(case.file) and case.way_out in fault["fix"] for fault in fitting), fitting
    assert all("\n" not in fault["what"] + fault["fix"] for fault in found["faults"])
    assert {fault["fatal"] for fault in fitting} == {case.fatal}
    assert found["ok"] is not case.fatal
    assert result.exit_code == (2 if case.fatal else 0)


def test_every_kind_has_its_own_line() -> None:
    assert len(CASES) >= 40
    assert len({case.said for case in CASES.values()}) >= len(CASES) - 12, "a few lines fit two kinds of file"


def test_a_mistake_in_the_name_is_a_user_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        open_dataset(f"camvid:{tmp_path}")
    line = str(caught.value)
    assert line.startswith(f"{tmp_path}: not laid out like any version of CamVid (")
    assert "\n" not in line


def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = camvid(tmp_path) / "train" / FRAME

    def refusing(path: Path) -> Pillow.Image:
        """As for anybody but root."""
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return opened(path)

    opened = Pillow.open
    monkeypatch.setattr(Pillow, "open", refusing)
    result = CliRunner().invoke(app, ["check", f"camvid:{tmp_path}", "--workers", "1"])
    assert result.exit_code == 2
    assert f"train/{FRAME}" in result.stdout
    assert "may not be read" in result.stdout


PROPOSALS = {
    "classes.json is there": (folder, "exists already"),
    "too many values": (
        lambda r: [save(p, pixels(3)) for p in (folder(r, classes=None) / "masks").rglob("*.png")],
        "more than 64",
    ),
    "one class": (
        lambda r: [save(p, pixels(3)[:, :, 0] * 0) for p in (folder(r, classes=None) / "masks").rglob("*.png")],
        "one class alone",
    ),
    "numbers and colours": (
        lambda r: save(folder(r, classes=None) / "masks/train/a_0002.png", bands(np.array([(1, 2, 3)], np.uint8))),
        "some masks hold numbers, some colours",
    ),
}


@pytest.mark.parametrize(("build", "said"), [pytest.param(*case, id=name) for name, case in PROPOSALS.items()])
def test_classes_that_cannot_be_proposed(tmp_path: Path, build: Callable[[Path], object], said: str) -> None:
    build(tmp_path)
    result = CliRunner().invoke(app, ["check", f"folder:{tmp_path}", "--write-classes"])
    assert isinstance(result.exception, UserError)
    assert said in result.exception.what


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "camvid:{root}", "--write-classes"), "--write-classes is for folder: data sets"),
        (("check", "camvid:{root}", "--sheet", "{root}/sheet.xyz"), "cannot write a sheet as .xyz"),
        (("check", "camvid:{root}", "--sheet", "{root}/no/sheet.png"), "the folder of the sheet does not exist"),
        (("make", "roads", "{root}/out"), "cannot make 'roads'"),
        (("make", "streets", "{root}/out", "--size", "360"), "'360' is no size"),
    ],
)
def test_mistaken_flags(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    camvid(tmp_path)
    result = CliRunner().invoke(app, [word.format(root=tmp_path) for word in words])
    assert isinstance(result.exception, UserError)
    assert said in result.exception.what
