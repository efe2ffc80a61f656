"""The check of a data set: what it counts, what it says, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from math import log
from pathlib import Path

import numpy as np
import pytest
from dataset_builders import THREE, bands, camvid, folder, pixels, save, save_palette, video
from PIL import Image
from typer.testing import CliRunner, Result

from segsmith.cli.data import app
from segsmith.data.check import check
from segsmith.data.open import open_dataset


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def run_json(*words: object) -> dict:
    """The one JSON object that stands on stdout, and nothing else."""
    result = run(*words, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == (0 if found["ok"] else 2)
    return found


def test_counts_shares_and_weights(tmp_path: Path) -> None:
    folder(tmp_path, ("train/a_1", "train/a_2", "val/b_1"))
    save(tmp_path / "masks" / "train" / "a_2.png", bands(np.array([0, 0, 0, 1], np.uint8)))
    report = check(open_dataset(f"folder:{tmp_path}"))
    assert report.ok
    train = report.splits["train"]
    assert (train.clips, train.frames, train.labelled) == (1, 2, 2)
    assert train.shares == pytest.approx((4 / 7, 2 / 7, 1 / 7))
    assert train.void_share == pytest.approx(1 / 8)
    assert report.weights == pytest.approx([1 / log(1.10 + share) for share in (4 / 7, 2 / 7, 1 / 7)])
    assert dict(train.sizes) == {"32x24": 2}


def test_json_is_one_object_with_what_was_promised(tmp_path: Path) -> None:
    found = run_json("check", f"camvid:{camvid(tmp_path)}")
    assert found["splits"] == {
        "train": {"clips": 2, "frames": 6, "labelled": 6},
        "val": {"clips": 1, "frames": 3, "labelled": 3},
    }
    assert found["classes"][:3] == ["sky", "building", "pole"]
    assert found["ok"] is True
    assert found["faults"] == []
    assert "no test split" in found["notes"]
    assert found["sizes"] == {"32x24": 9}
    assert sum(found["shares"]["train"][name] for name in found["classes"]) == pytest.approx(1)
    assert found["next"] == f"segsmith train template-arch0 --data camvid:{tmp_path} -o runs/first"


def test_a_person_reads_a_verdict_and_the_next_line(tmp_path: Path) -> None:
    result = run("check", f"camvid:{camvid(tmp_path / 'my data')}")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[-2] == "good to train on (0 warnings)"
    assert lines[-1] == f"next: segsmith train template-arch0 --data 'camvid:{tmp_path}/my data' -o runs/first"
    assert any(line.split()[:1] == ["bicyclist"] for line in lines)


def test_warnings_do_not_fail_and_errors_do(tmp_path: Path) -> None:
    camvid(tmp_path)
    save(tmp_path / "trainannot" / "extra_1.png", bands(np.arange(12, dtype=np.uint8)))
    result = run("check", f"camvid:{tmp_path}")
    assert result.exit_code == 0
    assert "warning: " in result.stdout
    (tmp_path / "train" / "0016E5_00390.png").write_bytes(b"")
    result = run("check", f"camvid:{tmp_path}")
    assert result.exit_code == 2
    assert "ERROR: " in result.stdout
    assert "training would fail: 1 error to mend" in result.stdout
    assert f"next: segsmith data check camvid:{tmp_path}  # once" in result.stdout


def test_many_faults_are_cut_for_a_person_and_whole_in_json(tmp_path: Path) -> None:
    folder(tmp_path, tuple(f"train/a_{number}" for number in range(30)))
    for path in (tmp_path / "masks" / "train").iterdir():
        path.write_bytes(b"")
    result = run("check", f"folder:{tmp_path}")
    assert result.stdout.count("an empty file") == 3
    assert "... and 27 more like these; --json lists them all" in result.stdout
    assert len(run_json("check", f"folder:{tmp_path}")["faults"]) >= 30


def test_processes_find_what_one_process_finds(tmp_path: Path) -> None:
    camvid(tmp_path)
    (tmp_path / "val" / "0016E5_07961.png").write_bytes(b"")
    dataset = open_dataset(f"camvid:{tmp_path}")
    steps: list[tuple[int, int]] = []
    alone = check(dataset, workers=1)
    together = check(dataset, workers=2, progress=lambda done, total: steps.append((done, total)))
    assert together == alone
    assert not alone.ok
    assert steps == [(done, 9) for done in range(1, 10)]


def test_the_sheet_shows_the_classes_over_the_frames(tmp_path: Path) -> None:
    folder(tmp_path)
    for path in (tmp_path / "images").rglob("*.png"):
        save(path, np.zeros((240, 320, 3), np.uint8))
        save(tmp_path / "masks" / path.relative_to(tmp_path / "images"), np.full((240, 320), 1, np.uint8))
    (tmp_path / "images" / "val" / "b_0001.png").write_bytes(b"")
    target = tmp_path / "sheet.png"
    run("check", f"folder:{tmp_path}", "--sheet", target)
    with Image.open(target) as picture:
        sheet = np.asarray(picture)
    assert sheet.shape[1] > 4 * 300
    tint = np.abs(sheet.astype(int) - np.array(THREE["colours"][1]) // 2).max(2) <= 1
    assert tint.mean() > 0.3, "frames are tinted with their class"
    assert (sheet == (230, 40, 40)).all(2).mean() > 0.05, "an unreadable frame is a red tile"
    assert not [path.name for path in tmp_path.iterdir() if "part" in path.name]


def test_a_video_is_looked_at_and_said_to_be_without_labels(tmp_path: Path) -> None:
    result = run("check", f"video:{video(tmp_path / 'v.mp4')}")
    assert result.exit_code == 2
    assert "12 frames, 0 labelled" in result.stdout
    assert f"next: segsmith run RUN {tmp_path}/v.mp4 -o overlay.mp4" in result.stdout


@pytest.mark.parametrize(
    ("values", "names", "ids", "ignore"),
    [
        (bands(np.array([0, 1, 5, 255], np.uint8)), ["class 0", "class 1", "class 5"], [0, 1, 5], [255]),
        (bands(np.array([0, 255], np.uint8)), ["background", "foreground"], [0, 255], None),
        (bands(np.array([257, 514], np.uint16)), ["class 257", "class 514"], [257, 514], [255]),
        (bands(np.array([(0, 0, 0), (64, 0, 128), (0, 64, 64)], np.uint8)), ["TrafficLight", "Car"], None, [[0, 0, 0]]),
        (bands(np.array([(244, 35, 232), (128, 64, 128)], np.uint8)), ["road", "sidewalk"], None, None),
        (bands(np.array([(0, 0, 0), (1, 2, 3)], np.uint8)), ["class #000000", "class #010203"], None, None),
        (bands(np.array([(4, 4, 4), (6, 6, 6)], np.uint8)), ["class 4", "class 6"], [4, 6], [255]),
    ],
)
def test_classes_are_proposed_from_the_masks(
    tmp_path: Path, values: np.ndarray, names: list[str], ids: list[int] | None, ignore: list | None
) -> None:
    folder(tmp_path, classes=None)
    for path in (tmp_path / "masks").rglob("*.png"):
        save(path, values)
    found = run_json("check", f"folder:{tmp_path}", "--write-classes")
    assert found["classes"] == names
    assert found["ok"]
    spec = json.loads((tmp_path / "classes.json").read_text())
    assert (spec.get("ids"), spec.get("ignore")) == (ids, ignore)


def test_proposed_classes_take_the_colours_of_the_palette(tmp_path: Path) -> None:
    folder(tmp_path, ("train/a",), classes=None)
    save_palette(tmp_path / "masks" / "train" / "a.png", bands(np.array([0, 1])), [(5, 6, 7), (8, 9, 10)])
    run_json("check", f"folder:{tmp_path}", "--write-classes")
    assert open_dataset(f"folder:{tmp_path}").classes.colours == ((5, 6, 7), (8, 9, 10))


def test_a_frame_of_another_size_is_no_error_between_clips(tmp_path: Path) -> None:
    folder(tmp_path)
    for parent in ("images", "masks"):
        for name in ("b_0001", "b_0002"):
            array = pixels(int(name[-1]), 48, 64) if parent == "images" else bands(np.array([0, 1, 2]), 48, 64)
            save(tmp_path / parent / "val" / f"{name}.png", array.astype(np.uint8))
    report = check(open_dataset(f"folder:{tmp_path}"))
    assert report.ok
    assert [fault.what for fault in report.faults] == ["frames of 2 sizes (32x24, 64x48)"]


def test_made_streets_are_good_to_look_at_in_both_layouts(tmp_path: Path) -> None:
    out = tmp_path / "streets"
    result = run("make", "streets", out, "--clips", 3, "--frames", 2, "--size", "48x64", "--label-every", 2)
    assert result.exit_code == 0, result.exception
    assert f"next: segsmith data check folder:{out}" in result.stdout
    found = run_json("check", f"folder:{out}")
    assert found["splits"] == {split: {"clips": 1, "frames": 2, "labelled": 1} for split in ("train", "val", "test")}
    segnet = run_json("check", f"camvid:{out / 'segnet'}")
    assert segnet["splits"]["train"] == {"clips": 1, "frames": 1, "labelled": 1}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="interrupts a process group, which POSIX alone has")
def test_ctrl_c_stops_all_processes_at_once(tmp_path: Path) -> None:
    first = save(tmp_path / "images" / "f_0.png", pixels(0, 960, 1280))
    for number in range(1, 3000):
        os.link(first, first.with_name(f"f_{number}.png"))
    code = (
        "import sys\nfrom segsmith.cli.data import app\n"
        "if __name__ == '__main__':\n"
        "    print('ready', file=sys.stderr, flush=True)\n"
        f"    app(['check', 'video:{tmp_path / 'images'}', '--workers', '2'])\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    time.sleep(3)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode != 0
    assert "Traceback" not in errors


@pytest.mark.skipif("SEGSMITH_CAMVID" not in os.environ, reason="SEGSMITH_CAMVID names no CamVid folder")
def test_the_real_camvid_has_the_published_counts_and_weights() -> None:
    report = check(open_dataset(f"camvid:{os.environ['SEGSMITH_CAMVID']}"))
    assert report.ok
    assert {name: split.frames for name, split in report.splits.items()} == {"train": 367, "val": 101}
    assert "no test split" in report.notes
    weights = [4.11, 3.40, 9.56, 2.80, 7.30, 5.45, 9.40, 9.44, 6.70, 9.87, 10.20]
    assert [round(weight, 2) for weight in report.weights] == weights
