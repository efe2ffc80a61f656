"""Folders of anybody's pictures, and videos."""

import json
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from dataset_builders import (
    THREE,
    bands,
    folder,
    pixels,
    save,
    save_palette,
    video,
)

from segsmith.data.base import VOID, Dataset
from segsmith.data.open import open_dataset
from segsmith.data.video import upright


def first_mask(dataset: Dataset, split: str = "train") -> np.ndarray:
    mask = dataset.reader.mask(dataset.frames(split)[0])
    assert mask is not None
    assert mask.dtype == np.uint8
    return mask


def shape_of(dataset: Dataset) -> dict[str, list[tuple[str, list[str]]]]:
    return {
        split: [(sequence.name, [frame.name for frame in sequence.frames]) for sequence in found]
        for split, found in dataset.splits.items()
    }


# Folders


def test_folder_with_split_and_clip_subfolders(tmp_path: Path) -> None:
    names = ("train/b/1", "train/b/2", "train/a/10", "train/a/9", "validation/c/1")
    dataset = open_dataset(f"folder:{folder(tmp_path, names)}")
    assert shape_of(dataset) == {
        "train": [("a", ["train/a/9", "train/a/10"]), ("b", ["train/b/1", "train/b/2"])],
        "val": [("c", ["validation/c/1"])],
    }
    np.testing.assert_array_equal(first_mask(dataset), bands(np.array([0, 1, 2, VOID], np.uint8)))


def test_folder_with_unlabelled_frames_between(tmp_path: Path) -> None:
    folder(tmp_path, ("train/a/1", "train/a/4"))
    for number in (2, 3):
        save(tmp_path / "images" / "train" / "a" / f"{number}.png", pixels(number))
    dataset = open_dataset(f"folder:{tmp_path}")
    assert [frame.labelled for frame in dataset.frames("train")] == [True, False, False, True]
    assert [clip.frames[-1].name for clip in dataset.clips("train", length=4)] == ["train/a/4"]


def test_folder_without_splits_is_dealt_by_whole_clips_and_by_seed(tmp_path: Path) -> None:
    folder(tmp_path, tuple(f"clip{clip}/{frame}" for clip in range(20) for frame in range(2)))

    def homes(options: str = "") -> dict[str, set[str]]:
        dataset = open_dataset(f"folder:{tmp_path}{options}")
        assert any("80/10/10" in note for note in dataset.notes)
        return {split: {sequence.name for sequence in found} for split, found in dataset.splits.items()}

    first = homes()
    assert {split: len(found) for split, found in first.items()} == {"train": 16, "val": 2, "test": 2}
    assert first == homes()
    assert first["train"] | first["val"] | first["test"] == {f"clip{clip}" for clip in range(20)}
    assert first != homes("?seed=1")


def test_one_long_flat_folder_is_dealt_in_blocks(tmp_path: Path) -> None:
    dataset = open_dataset(f"folder:{folder(tmp_path, tuple(f'f_{number:03d}' for number in range(60)))}")
    assert {split: len(dataset.frames(split)) for split in dataset.splits} == {"train": 48, "val": 6, "test": 6}
    for sequence in dataset.splits["val"]:
        numbers = [int(frame.name[2:]) for frame in sequence.frames]
        assert numbers == list(range(numbers[0], numbers[0] + 3))


def test_two_pictures_are_all_train(tmp_path: Path) -> None:
    dataset = open_dataset(f"folder:{folder(tmp_path, ('sunset', 'dawn'))}")
    assert list(dataset.splits) == ["train"]
    assert any("everything is train" in note for note in dataset.notes)


def test_classes_are_merged_ignored_and_found_by_number_and_colour(tmp_path: Path) -> None:
    spec = {
        "names": ["road", "car", "bus", "dirt"],
        "colours": [[1, 1, 2], [2, 2, 3], [3, 3, 4], [4, 4, 5]],
        "ids": [10, 20, 30, 40],
        "ignore": ["dirt", 77, [9, 9, 8]],
        "merge": {"vehicle": ["bus", "car"]},
    }
    folder(tmp_path, ("train/number", "train/colour", "train/palette"), spec)
    masks = tmp_path / "masks" / "train"
    save(masks / "number.png", bands(np.array([10, 20, 30, 40, 77, 255], np.uint8)))
    colours = [(1, 1, 2), (2, 2, 3), (3, 3, 4), (4, 4, 5), (9, 9, 8), (9, 9, 8)]
    save(masks / "colour.png", bands(np.array(colours, np.uint8)))
    save_palette(masks / "palette.png", bands(np.array([5, 4, 3, 2, 1, 1])), [(0, 0, 0), *colours[4::-1]])
    dataset = open_dataset(f"folder:{tmp_path}")
    assert dataset.classes.names == ("road", "vehicle")
    assert dataset.classes.colours == ((1, 1, 2), (2, 2, 3))
    for frame in dataset.frames("train"):
        found = dataset.reader.mask(frame)
        np.testing.assert_array_equal(found, bands(np.array([0, 1, 1, VOID, VOID, VOID], np.uint8)), frame.name)


def test_a_palette_that_only_decorates_is_read_by_number(tmp_path: Path) -> None:
    folder(tmp_path, ("train/a",))
    save_palette(tmp_path / "masks" / "train" / "a.png", bands(np.array([2, 1, 0])), [(0, 0, 0), (9, 0, 0), (0, 9, 0)])
    np.testing.assert_array_equal(first_mask(open_dataset(f"folder:{tmp_path}")), bands(np.array([2, 1, 0], np.uint8)))


def test_classes_without_colours_get_some_that_differ(tmp_path: Path) -> None:
    dataset = open_dataset(f"folder:{folder(tmp_path, classes={'names': [f'c{n}' for n in range(60)]})}")
    assert len(set(dataset.classes.colours)) == 60


def test_classes_json_may_start_with_a_byte_order_mark(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "classes.json").write_text(json.dumps(THREE), encoding="utf-8-sig")
    assert open_dataset(f"folder:{tmp_path}").classes.names == ("road", "car", "sky")


# Videos


def test_any_frame_of_a_video_is_the_frame_that_counting_gives(tmp_path: Path) -> None:
    dataset = open_dataset(f"video:{video(tmp_path / 'v.mp4', 24)}")
    frames = list(dataset.frames("all"))
    assert len(frames) == 24
    assert dataset.rate_hz == 10
    order = [*range(24), 3, 23, 0, 5, 4, *random.Random(0).sample(range(24), 10)]
    for place in order:
        image = dataset.reader.image(frames[place])
        assert image.shape == (64, 64, 3)
        assert round(float(image.mean()) / 6) == place, "frame i is a grey of 6 * i"
    assert dataset.reader.mask(frames[0]) is None


def test_threads_and_processes_may_share_a_video(tmp_path: Path) -> None:
    dataset = open_dataset(f"video:{video(tmp_path / 'v.mp4')}")
    copy = pickle.loads(pickle.dumps(dataset))
    with ThreadPoolExecutor(4) as pool:
        means = pool.map(lambda frame: round(float(copy.reader.image(frame).mean()) / 6), copy.frames("all"))
        assert list(means) == list(range(12))
    assert repr(copy.reader) == repr(dataset.reader)


def test_a_turned_video_is_shown_upright() -> None:
    image = pixels(1, 4, 6)
    np.testing.assert_array_equal(upright(image, 90), np.rot90(image))
    np.testing.assert_array_equal(upright(image, -90), np.rot90(image, 3))
    assert upright(image, 0) is image


def test_video_may_be_a_folder_of_frames(tmp_path: Path) -> None:
    for number in (9, 10, 11):
        save(tmp_path / "drive" / f"f{number}.png", pixels(number))
    dataset = open_dataset(f"video:{tmp_path}")
    assert shape_of(dataset) == {"all": [("drive", ["drive/f9", "drive/f10", "drive/f11"])]}
    np.testing.assert_array_equal(dataset.reader.image(dataset.frames("all")[1]), pixels(10))
