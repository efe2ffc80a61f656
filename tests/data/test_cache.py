"""The frame cache: right pixels, right key, never half of it."""

import errno
import multiprocessing
import pickle
import shutil
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import cv2
import numpy as np
import pytest
from memory_data import FileReader, file_set, picture, read

from segsmith.data import cache as cache_module
from segsmith.data.base import Dataset
from segsmith.data.cache import FrameCache, default_folder, open_cache
from segsmith.errors import UserError

SIZES = ((40, 56), (24, 32), (41, 57))


def assert_holds(cache: FrameCache, dataset: Dataset) -> None:
    assert len(cache) == len(dataset.frames("train"))
    for place, frame in enumerate(dataset.frames("train")):
        np.testing.assert_array_equal(cache.image(frame), dataset.reader.image(frame))
        np.testing.assert_array_equal(cache.image(place), cache.image(frame))
        mask, expected = cache.mask(frame), dataset.reader.mask(frame)
        assert (mask is None) == (expected is None)
        if mask is not None:
            np.testing.assert_array_equal(mask, expected)


def test_frames_of_several_sizes_come_back_as_they_were(tmp_path: Path) -> None:
    dataset = file_set(tmp_path / "data", 7, SIZES)
    done: list[tuple[int, int]] = []
    cache = open_cache(dataset, "train", folder=tmp_path / "cache", progress=lambda *at: done.append(at))
    assert_holds(cache, dataset)
    assert done == [(place, 7) for place in range(1, 8)]
    view = cache.image(0)
    assert not view.flags.owndata
    assert not view.flags.writeable


def test_the_second_time_nothing_is_decoded(tmp_path: Path) -> None:
    log = tmp_path / "log"
    dataset = file_set(tmp_path / "data", reader=FileReader(log=str(log)))
    first = open_cache(dataset, "train", folder=tmp_path / "cache")
    second = open_cache(dataset, "train", folder=tmp_path / "cache")
    assert first.folder == second.folder
    assert len(log.read_text().split()) == 6


def test_working_size_is_made_once(tmp_path: Path) -> None:
    dataset = file_set(tmp_path / "data", 3)
    small = open_cache(dataset, "train", size=(20, 28), folder=tmp_path / "cache")
    large = open_cache(dataset, "train", size=(80, 112), folder=tmp_path / "cache")
    whole = dataset.reader.image(dataset.frames("train")[1]).astype(float)
    halves = whole.reshape(20, 2, 28, 2, 3).mean((1, 3))
    assert np.abs(small.image(1) - halves).max() <= 0.5
    assert large.image(1).shape == (80, 112, 3)
    mask, enlarged = dataset.reader.mask(dataset.frames("train")[1]), large.mask(1)
    assert mask is not None
    np.testing.assert_array_equal(enlarged, mask.repeat(2, 0).repeat(2, 1))


def test_the_key_is_the_content(tmp_path: Path) -> None:
    dataset, cache = file_set(tmp_path / "data"), tmp_path / "cache"
    first = open_cache(dataset, "train", folder=cache).folder
    shutil.copytree(tmp_path / "data", tmp_path / "elsewhere")
    moved = file_set(tmp_path / "elsewhere")
    assert open_cache(moved, "train", folder=cache).folder == first, "the same files in another place"
    assert open_cache(replace(dataset, protocol="otherwise"), "train", folder=cache).folder != first
    cv2.imwrite(str(tmp_path / "elsewhere" / "4_mask.png"), np.zeros((40, 56), np.uint8))
    changed = open_cache(moved, "train", folder=cache)
    assert changed.folder != first
    assert_holds(changed, moved)
    assert_holds(open_cache(dataset, "train", folder=cache), dataset)


@pytest.mark.parametrize("place", [10, 1500, -10])
def test_a_change_anywhere_in_a_large_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    monkeypatch.setattr(cache_module, "HASHED_WHOLE", 1000)
    monkeypatch.setattr(cache_module, "HASHED_ENDS", 100)
    file = tmp_path / "large"
    content = bytearray(3000)
    file.write_bytes(content)
    before = cache_module._content(str(file))
    assert cache_module._content(str(file)) == before
    content[place] = 1
    file.write_bytes(content)
    assert cache_module._content(str(file)) != before


def make_one(dataset: Dataset, folder: Path, together: Barrier) -> None:
    together.wait(30)
    open_cache(dataset, "train", folder=folder, workers=2)


def run_processes(count: int, dataset: Dataset, folder: Path) -> list[int | None]:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(count)
    processes = [context.Process(target=make_one, args=(dataset, folder, together)) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_processes_that_start_at_once_decode_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    dataset = file_set(tmp_path / "data", 8, reader=FileReader(log=str(log), pause_s=0.05))
    assert run_processes(3, dataset, tmp_path / "cache") == [0, 0, 0]
    assert len(log.read_text().split()) == 8
    assert_holds(open_cache(dataset, "train", folder=tmp_path / "cache"), dataset)


def test_a_killed_process_leaves_nothing_that_is_taken_for_whole(tmp_path: Path) -> None:
    dying = file_set(tmp_path / "data", 8, reader=FileReader(dies_at="6.png"))
    assert run_processes(1, dying, tmp_path / "cache") == [9]
    parts = list((tmp_path / "cache" / "frames").glob("*.part"))
    assert len(parts) == 1, "it died while it wrote"
    dataset = file_set(tmp_path / "data", 8)
    cache = open_cache(dataset, "train", folder=tmp_path / "cache")
    assert cache.folder == parts[0].with_suffix("")
    assert not parts[0].exists()
    assert_holds(cache, dataset)


@pytest.mark.parametrize("file", ["pixels.bin", "index.npy"])
@pytest.mark.parametrize("left", [0, 100, None])
def test_a_damaged_cache_is_made_again(tmp_path: Path, file: str, left: int | None) -> None:
    dataset = file_set(tmp_path / "data")
    damaged = open_cache(dataset, "train", folder=tmp_path / "cache").folder / file
    if left is None:
        damaged.unlink()
    else:
        damaged.write_bytes(damaged.read_bytes()[:left])
    assert_holds(open_cache(dataset, "train", folder=tmp_path / "cache"), dataset)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    dataset = file_set(tmp_path / "data")
    monkeypatch.setattr(cache_module.os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot write the frame cache: No space left.*SEGSMITH_CACHE"):
        open_cache(dataset, "train", folder=tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache" / "frames").iterdir()] in ([], [".lock"])


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write the frame cache"):
        open_cache(file_set(tmp_path / "data"), "train", folder=tmp_path / "file")


def test_a_broken_frame_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    dataset = file_set(tmp_path / "data")
    (tmp_path / "data" / "3.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"3\.png: the file cannot be read"):
        open_cache(dataset, "train", folder=tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache" / "frames").iterdir() if path.is_dir()]


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    dataset = file_set(tmp_path / "data")
    cv2.imwrite(str(tmp_path / "data" / "2_mask.png"), np.zeros((20, 28), np.uint8))
    with pytest.raises(UserError, match=r"2_mask\.png: the mask is 20x28 and its frame 40x56"):
        open_cache(dataset, "train", folder=tmp_path / "cache")


def test_a_split_without_frames_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no frames in split 'test' \(it has train\)"):
        open_cache(file_set(tmp_path / "data"), "test", folder=tmp_path)


def test_sent_to_another_process_it_maps_the_same_file(tmp_path: Path) -> None:
    dataset = file_set(tmp_path / "data", 40)
    cache = open_cache(dataset, "train", folder=tmp_path / "cache")
    sent = pickle.dumps(cache)
    assert len(sent) < 40 * 40 * 56
    assert_holds(pickle.loads(sent), dataset)


def test_where_caches_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SEGSMITH_CACHE", raising=False)
    assert default_folder().name == "segsmith"
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
    cache = open_cache(file_set(tmp_path / "data"), "train")
    assert cache.folder.is_relative_to(tmp_path / "mine")


def test_the_files_of_these_tests_hold_what_they_say(tmp_path: Path) -> None:
    file_set(tmp_path, 1)
    np.testing.assert_array_equal(read(str(tmp_path / "0.png"), cv2.IMREAD_COLOR), picture(0))
