"""Data sets on disk give the frames, masks, sequences and splits that their formats promise."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from dataset_builders import (
    CITY_IDS,
    bands,
    camvid,
    camvid_masks,
    cityscapes,
    folder,
    pixels,
    save,
)

from segsmith.data.base import VOID, Dataset
from segsmith.data.camvid_labels import GROUPS, VOID_COLOUR
from segsmith.data.classes import CAMVID
from segsmith.data.open import open_dataset

# Some of the original 32 colours, and the class that the published grouping gives them.
ORIGINAL = {
    (128, 128, 128): "sky",
    (192, 0, 128): "building",
    (64, 192, 0): "building",
    (0, 0, 64): "pole",
    (192, 0, 64): "road",
    (128, 0, 192): "road",
    (128, 128, 192): "pavement",
    (64, 192, 128): "pavement",
    (192, 192, 0): "tree",
    (0, 64, 64): "sign",
    (128, 128, 64): "sign",
    (64, 64, 128): "fence",
    (192, 128, 192): "car",
    (128, 64, 64): "car",
    (64, 128, 64): "pedestrian",
    (192, 128, 64): "pedestrian",
    (192, 0, 192): "bicyclist",
    (0, 0, 0): "void",
}


def ids(dataset: Dataset, names: list[str]) -> list[int]:
    return [VOID if name == "void" else dataset.classes.names.index(name) for name in names]


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


# CamVid


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_camvid_with_index_masks(tmp_path: Path, suffix: str) -> None:
    dataset = open_dataset(f"camvid:{camvid(tmp_path, suffix=suffix)}")
    assert "index masks" in dataset.protocol
    assert shape_of(dataset) == {
        "train": [
            ("0001TP", ["0001TP_006690", "0001TP_006720", "0001TP_006750"]),
            ("0016E5", ["0016E5_00390", "0016E5_00420", "0016E5_00450"]),
        ],
        "val": [("0016E5", ["0016E5_07959", "0016E5_07961", "0016E5_07963"])],
    }
    np.testing.assert_array_equal(first_mask(dataset), bands(np.array([*range(11), VOID], np.uint8)))
    assert "no test split" in dataset.notes
    assert "val: labels at 15 Hz (frame numbers step by 2)" in dataset.notes


def test_camvid_with_16_bit_index_masks(tmp_path: Path) -> None:
    dataset = open_dataset(f"camvid:{camvid_masks(camvid(tmp_path), bands(np.arange(12, dtype=np.uint16)))}")
    np.testing.assert_array_equal(first_mask(dataset), bands(np.array([*range(11), VOID], np.uint8)))


def test_camvid_in_segnets_colours(tmp_path: Path) -> None:
    colours = [(60, 40, 222), (128, 0, 0), (0, 128, 192), (255, 69, 0), (0, 0, 0)]
    camvid_masks(camvid(tmp_path), bands(np.array(colours, np.uint8)))
    dataset = open_dataset(f"camvid:{tmp_path}")
    assert "colour masks (SegNet)" in dataset.protocol
    wanted = ids(dataset, ["pavement", "building", "bicyclist", "road", "void"])
    np.testing.assert_array_equal(first_mask(dataset), bands(np.array(wanted, np.uint8)))


def test_camvid_with_32_colours_is_merged_as_published(tmp_path: Path) -> None:
    camvid_masks(camvid(tmp_path), bands(np.array(list(ORIGINAL), np.uint8)), "_L")
    dataset = open_dataset(f"camvid:{tmp_path}")
    assert "32 colours merged to 11" in dataset.protocol
    np.testing.assert_array_equal(first_mask(dataset), bands(np.array(ids(dataset, [*ORIGINAL.values()]), np.uint8)))


def test_every_one_of_the_32_colours_has_a_class_or_is_void() -> None:
    colours = [colour for members in GROUPS.values() for colour in members.values()]
    assert len({*colours, VOID_COLOUR}) == len(colours) + 1 == 32
    assert tuple(GROUPS) == CAMVID.names


def test_camvid_exact_voids_the_other_colours(tmp_path: Path) -> None:
    camvid_masks(camvid(tmp_path), bands(np.array(list(ORIGINAL), np.uint8)), "_L")
    dataset = open_dataset(f"camvid:{tmp_path}?protocol=exact")
    assert "11 exact colours" in dataset.protocol
    exact = {(128, 128, 128), (64, 64, 128)}
    names = [name if colour in exact else "void" for colour, name in ORIGINAL.items()]
    np.testing.assert_array_equal(first_mask(dataset), bands(np.array(ids(dataset, names), np.uint8)))
    assert open_dataset(f"camvid:{tmp_path}", protocol="exact").name == dataset.name


def test_one_colour_mask_among_index_masks_does_not_change_how_the_others_are_read(tmp_path: Path) -> None:
    camvid(tmp_path)
    save(tmp_path / "trainannot" / "0001TP_006690.png", bands(np.array([(128, 64, 128), (64, 0, 128)], np.uint8)))
    dataset = open_dataset(f"camvid:{tmp_path}")
    assert "index masks" in dataset.protocol
    np.testing.assert_array_equal(first_mask(dataset), bands(np.array(ids(dataset, ["road", "car"]), np.uint8)))


@pytest.mark.parametrize(
    "line",
    [
        "/SegNet/CamVid/train/{name}.jpg /SegNet/CamVid/trainannot/{name}.png",
        "train/{name}.png trainannot/{name}.png",
        "{name}",
        "{name}.png",
        r"train\{name}.png",
    ],
)
def test_camvid_follows_split_lists_wherever_they_were_written(tmp_path: Path, line: str) -> None:
    camvid(tmp_path)
    chosen = ["0001TP_006690", "0016E5_00420"]
    (tmp_path / "train.txt").write_text("\n".join(line.format(name=name) for name in chosen) + "\n")
    dataset = open_dataset(f"camvid:{tmp_path}")
    assert [frame.name for frame in dataset.frames("train")] == chosen
    for frame in dataset.frames("train"):
        assert Path(frame.image) == tmp_path / "train" / f"{frame.name}.png"
        assert Path(frame.mask) == tmp_path / "trainannot" / f"{frame.name}.png"
    assert "splits from train.txt" in dataset.notes


def test_camvid_stills_are_split_as_published(tmp_path: Path) -> None:
    names = ["0001TP_008520", "0001TP_008550", "0006R0_f00930", "0016E5_07930", "0016E5_07959", "Seq05VD_f00030"]
    for number, name in enumerate(names):
        save(tmp_path / "701_StillsRaw_full" / f"{name}.png", pixels(number))
        save(tmp_path / "LabeledApproved_full" / f"{name}_L.png", bands(np.array(list(ORIGINAL), np.uint8)))
    dataset = open_dataset(f"camvid:{tmp_path}")
    found = {split: [frame.name for frame in dataset.frames(split)] for split in dataset.splits}
    assert found == {
        "train": ["0001TP_008520", "0006R0_f00930", "0016E5_07930"],
        "val": ["0016E5_07959"],
        "test": ["0001TP_008550", "Seq05VD_f00030"],
    }
    assert any("published split" in note for note in dataset.notes)
    save(tmp_path / "701_StillsRaw_full" / "mine_1.png", pixels(99))
    assert list(open_dataset(f"camvid:{tmp_path}").splits) == ["train"]


def test_a_clip_never_spans_a_hole(tmp_path: Path) -> None:
    for number in (0, 30, 60, 900, 930, 960):
        save(tmp_path / "train" / f"s_{number:05d}.png", pixels(number))
        save(tmp_path / "trainannot" / f"s_{number:05d}.png", bands(np.arange(12, dtype=np.uint8)))
    clips = open_dataset(f"camvid:{tmp_path}").clips("train", length=2)
    assert [[frame.name for frame in clip.frames] for clip in clips] == [
        ["s_00000", "s_00030"],
        ["s_00030", "s_00060"],
        ["s_00900", "s_00930"],
        ["s_00930", "s_00960"],
    ]


# Cityscapes


def test_cityscapes_maps_label_ids_to_train_ids(tmp_path: Path) -> None:
    dataset = open_dataset(f"cityscapes:{cityscapes(tmp_path)}")
    assert len(dataset.classes) == 19
    assert len(dataset.frames("train")) == 4
    assert all(len(sequence.frames) == 1 for sequence in dataset.splits["train"])
    assert CITY_IDS[:19].tolist()[:3] == [7, 8, 11]
    np.testing.assert_array_equal(first_mask(dataset), bands(np.array([*range(19), VOID, VOID, VOID], np.uint8)))


def test_cityscapes_snippets_of_one_long_drive_are_no_clip(tmp_path: Path) -> None:
    for number in (42, 629, 1000):
        name = f"hamburg_000000_{number:06d}"
        save(tmp_path / f"leftImg8bit/train/hamburg/{name}_leftImg8bit.png", pixels(number))
        save(tmp_path / f"gtFine/train/hamburg/{name}_gtFine_labelIds.png", bands(CITY_IDS))
    dataset = open_dataset(f"cityscapes:{tmp_path}")
    assert [len(sequence.frames) for sequence in dataset.splits["train"]] == [1, 1, 1]
    assert dataset.clips("train", length=2) == []


def test_cityscapes_clips_are_the_labelled_frame_and_those_before_it(tmp_path: Path) -> None:
    cityscapes(tmp_path, ("train",))
    sequence = tmp_path / "leftImg8bit_sequence" / "train" / "aachen"
    for number in range(17, 22):
        save(sequence / f"aachen_000000_{number:06d}_leftImg8bit.png", pixels(number))
    dataset = open_dataset(f"cityscapes:{tmp_path}")
    clips = dataset.clips("train", length=3)
    names = ["aachen_000000_000017", "aachen_000000_000018", "aachen_000000_000019"]
    assert [[frame.name for frame in clip.frames] for clip in clips] == [names]
    assert [frame.labelled for frame in clips[0].frames] == [False, False, True]
    assert dataset.reader.mask(clips[0].frames[0]) is None
    assert dataset.rate_hz == 17


def test_cityscapes_coarse(tmp_path: Path) -> None:
    cityscapes(tmp_path, ("train", "train_extra"), "gtCoarse")
    dataset = open_dataset(f"cityscapes:{tmp_path}?labels=coarse")
    assert list(dataset.splits) == ["train", "train_extra"]
    assert "gtCoarse" in dataset.protocol
    assert first_mask(dataset, "train_extra").max() == VOID


# Names


def test_a_home_folder_may_be_written_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    camvid(tmp_path / "CamVid")
    dataset = open_dataset("camvid:~/CamVid")
    assert dataset.name == "camvid:~/CamVid"
    assert len(dataset.frames("train")) == 6


def test_simulated_streets_need_no_path() -> None:
    assert open_dataset("toy").name == "toy"
    assert open_dataset("streets:").frames("train")
    assert len(open_dataset("streets:clips=3,frames=2,size=48x64").frames("val")) == 2


@pytest.mark.parametrize("kind", ["camvid", "cityscapes", "folder"])
def test_a_reader_travels_to_another_process(tmp_path: Path, kind: str) -> None:
    {"camvid": camvid, "cityscapes": cityscapes, "folder": folder}[kind](tmp_path)
    dataset = open_dataset(f"{kind}:{tmp_path}")
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy == dataset
    np.testing.assert_array_equal(first_mask(copy), first_mask(dataset))
