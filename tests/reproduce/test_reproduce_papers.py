"""Each paper's whole pipeline on simulated streets: at the scale of minutes, and killed on its way at a smaller one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from reproduce_made import make_city

from segsmith.reproduce import stage
from segsmith.reproduce.options import ReproduceOptions
from segsmith.reproduce.run import reproduce
from segsmith.reproduce.scales import SCALES, Scale, Training, scale_named
from segsmith.reproduce.stage import FOLDERS
from segsmith.training.runfolder import RunFolder, read_json, write_json

pytestmark = pytest.mark.slow
CITYSCAPES = {"dynamic-cells": {"3 (Cityscapes)", "4a-c", "6", "7c-d"}, "template-search": {"10"}, "lgcnet": set[str]()}
"""Figures that need it."""

TINY = "streets:clips=9,frames=9,size=64x96"
SHORT = Training(epochs=0.5, batch=4, crop=(32, 32))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "cache"))


def tiny(paper: str) -> Scale:
    """Smaller than any that can be asked for on the command line."""
    return replace(
        scale_named(paper, "minutes"),
        image=SHORT,
        cell=SHORT,
        city_image=SHORT,
        city_cell=SHORT,
        trials=4,
        timed=(64, 96),
        camvid_timed=(64, 96),
        minutes=0.01,
        ablations=("table6", "table7", "figure7"),
    )


def check(found: dict[str, Any], out: Path, missing: set[str]) -> None:
    """Every table and figure is there, with numbers or with the reason why not; files are whole."""
    assert read_json(out / "reproduce.json") == found
    for table in found["tables"]:
        for row in table["rows"]:
            assert row["remark"] or any(cell["ours"] is not None for cell in row["cells"].values())
    figures = found["figures"]
    for one in figures:
        if one["file"] is None:
            assert one["note"]
            continue
        assert (out / f"{one['file']}.svg").read_text().rstrip().endswith("</svg>")
        with Pillow.open(out / f"{one['file']}.png") as image:
            assert min(image.size) > 100
    assert {one["figure"] for one in figures if one["file"] is None} == missing
    assert {path.name for path in out.iterdir() if path.is_dir()} <= set(FOLDERS)
    html = (out / "results.html").read_text()
    assert html.count('src="data:image/svg+xml') == sum(one["file"] is not None for one in figures)


@pytest.mark.parametrize("paper", SCALES)
def test_in_minutes(paper: str, tmp_path: Path) -> None:
    options = ReproduceOptions(paper, "toy", str(tmp_path / "run"), "minutes", device="cpu", quiet=True)
    check(reproduce(options), tmp_path / "run", CITYSCAPES[paper])


@pytest.mark.parametrize("paper", SCALES)
def test_killed_in_each_stage(paper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stage is killed before it is written down: what it trained and searched by then is not done again."""
    out, killed = tmp_path / "run", list[str]()
    options = ReproduceOptions(paper, TINY, str(out), "minutes", device="cpu", quiet=True)
    stamps = dict[Path, int]()

    def killing(path: Path, value: Any) -> None:
        if path.stem not in killed:
            killed.append(path.stem)
            stamps.update({file: file.stat().st_mtime_ns for file in out.rglob("model.safetensors")})
            raise KeyboardInterrupt
        write_json(path, value)

    monkeypatch.setattr(stage, "write_json", killing)
    found = None
    while found is None:
        try:
            found = reproduce(options, tiny(paper))
        except KeyboardInterrupt:
            assert RunFolder(out).record()["state"] == "stopped"
    assert killed == [one["name"] for one in found["stages"]]
    assert len(stamps) >= 3
    assert {file: file.stat().st_mtime_ns for file in stamps} == stamps
    check(found, out, CITYSCAPES[paper])
    assert reproduce(options, tiny(paper)) == found


@pytest.mark.parametrize("paper", SCALES)
def test_with_cityscapes(paper: str, tmp_path: Path) -> None:
    city, out = make_city(tmp_path / "city"), tmp_path / "run"
    options = ReproduceOptions(paper, TINY, str(out), "minutes", cityscapes=str(city), device="cpu", quiet=True)
    found = reproduce(options, tiny(paper))
    check(found, out, set())
    number = {"dynamic-cells": "4", "template-search": "1", "lgcnet": "IV"}[paper]
    (table,) = (one for one in found["tables"] if one["table"] == number)
    scores = [row["cells"][table["columns"][0]] for row in table["rows"]]
    assert (
        sum(cell["ours"] is not None and cell["published"] is not None for cell in scores)
        == ({"dynamic-cells": 3, "template-search": 2, "lgcnet": 1}[paper])
    )
