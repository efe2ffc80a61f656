"""Streets written as files say the same as streets drawn on demand, whichever layout they are read back from."""

import errno
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from segsmith.data import make
from segsmith.data.base import Dataset
from segsmith.data.classes import CAMVID
from segsmith.data.make import make_streets
from segsmith.data.open import open_dataset
from segsmith.errors import UserError

CLIPS, FRAMES, SIZE = 3, 3, (48, 64)


@dataclass(frozen=True)
class Made:
    out: Path
    drawn: Dataset
    summary: make.Summary


def tiny(out: Path, **changes: object) -> make.Summary:
    return make_streets(out, **{"clips": CLIPS, "frames": FRAMES, "size": SIZE, "seed": 2, **changes})


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    out = tmp_path_factory.mktemp("streets")
    summary = tiny(out)
    return Made(out, open_dataset(f"streets:clips={CLIPS},frames={FRAMES},size=48x64,seed=2"), summary)


@pytest.mark.parametrize("name", ["folder:{}", "camvid:{}/segnet"])
def test_what_is_written_reads_back_as_it_is_drawn(made: Made, name: str) -> None:
    read = open_dataset(name.format(made.out))
    assert read.classes == CAMVID
    for split in made.drawn.splits:
        pairs = list(zip(made.drawn.frames(split), read.frames(split), strict=True))
        assert len(pairs) == FRAMES
        for drawn, written in pairs:
            assert np.array_equal(made.drawn.reader.image(drawn), read.reader.image(written))
            mask = read.reader.mask(written)
            assert mask is not None
            assert np.array_equal(made.drawn.reader.mask(drawn), mask)


def test_clips_stay_clips(made: Made) -> None:
    for name in (f"folder:{made.out}", f"camvid:{made.out}/segnet"):
        assert [len(clip.frames) for clip in open_dataset(name).splits["train"]] == [FRAMES]


def test_void_is_stored_as_each_layout_has_it(made: Made) -> None:
    frame = "test_000_00002.png"
    plain = cv2.imread(str(made.out / "masks" / "test" / "test_000" / frame), cv2.IMREAD_UNCHANGED)
    segnet = cv2.imread(str(made.out / "segnet" / "testannot" / frame), cv2.IMREAD_UNCHANGED)
    assert segnet.max() <= make.SEGNET_VOID
    assert np.array_equal(np.where(plain == 255, 11, plain), segnet)


def test_the_video_shows_the_same_street_at_30_hz(made: Made) -> None:
    film = open_dataset(f"video:{made.out}/video/val_000.mp4")
    (split,) = film.splits
    frames = film.frames(split)
    assert (len(frames), film.rate_hz) == (FRAMES, 30.0)
    for drawn, filmed in zip(made.drawn.frames("val"), frames, strict=True):
        difference = made.drawn.reader.image(drawn).astype(int) - film.reader.image(filmed)
        assert np.abs(difference).mean() < 12


def test_the_summary_counts_what_is_there(made: Made) -> None:
    summary = made.summary
    assert (summary.frames, summary.labelled, summary.kept) == (9, 9, 0)
    assert summary.clips == {"train": 1, "val": 1, "test": 1}
    masks = [made.drawn.reader.mask(frame) for frame in made.drawn.frames("test")]
    seen = np.concatenate([mask[mask != 255] for mask in masks if mask is not None])
    assert summary.shares["test"]["road"] == pytest.approx(float((seen == 3).mean()))
    assert 0 < summary.ceilings[8] < summary.ceilings[4] < 1


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    tiny(tmp_path, layout="folder", progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 9), (6, 9), (9, 9)]
    whole = contents(tmp_path)
    victim, bystander = (tmp_path / "masks" / split / f"{split}_000" for split in ("val", "train"))
    (victim / "val_000_00001.png").unlink()
    before = (bystander / "train_000_00001.png").stat().st_mtime_ns
    assert tiny(tmp_path, layout="folder").kept == 2
    assert (bystander / "train_000_00001.png").stat().st_mtime_ns == before
    again = contents(tmp_path)
    assert again == whole
    assert not [path for path in again if ".part" in path]


def test_unlabelled_frames_have_no_mask(tmp_path: Path) -> None:
    summary = tiny(tmp_path, layout=["folder", "segnet"], label_every=2)
    assert (summary.frames, summary.labelled) == (9, 6)
    read = open_dataset(f"folder:{tmp_path}")
    assert [frame.labelled for frame in read.frames("train")] == [True, False, True]
    assert len(open_dataset(f"camvid:{tmp_path}/segnet").frames("train")) == 2
    assert not (tmp_path / "video").exists()


def test_several_processes_write_what_one_does(tmp_path: Path) -> None:
    options = {"frames": 21, "layout": "folder"}
    tiny(tmp_path / "one", workers=1, **options)
    tiny(tmp_path / "two", workers=2, **options)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert len(one) > 120
    pictures = [path for path in one if path.endswith(".png")]
    assert [one[path] for path in pictures] == [two[path] for path in pictures]
    assert one.keys() == two.keys()


def test_nothing_of_anyone_elses_is_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(UserError, match="holds other files"):
        tiny(tmp_path)
    assert contents(tmp_path) == {"thesis.txt": b"dear"}


def test_two_data_sets_are_not_mixed(tmp_path: Path) -> None:
    tiny(tmp_path, layout="folder", frames=1)
    with pytest.raises(UserError, match=r"holds other streets .*frames=1"):
        tiny(tmp_path, layout="folder", frames=2)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place, told in (
        (tmp_path / "file", "a file where the folder should be"),
        (tmp_path / "file" / "in", "cannot be"),
    ):
        with pytest.raises(UserError, match=told):
            tiny(place)


def test_a_full_disk_is_one_line_and_keeps_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, written = Path.write_bytes, []

    def write_until_full(path: Path, content: bytes) -> int:
        written.append(path)
        if len(written) > 10:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_until_full)
    with pytest.raises(UserError, match="No space left on device") as caught:
        tiny(tmp_path, layout="folder")
    assert "goes on from there" in str(caught.value)
    monkeypatch.undo()
    assert tiny(tmp_path, layout="folder").kept == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"layout": "coco"}, "cannot be written as 'coco'"),
        ({"layout": []}, "no layout"),
        ({"clips": 2}, "clips=2"),
        ({"size": (48, 6)}, "size=48x6"),
    ],
)
def test_a_wrong_wish_is_named_before_anything_is_written(
    tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        tiny(tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()
