"""Files found, named, ordered and decoded, whatever their depth."""

import random
from pathlib import Path

import numpy as np
import pytest
from dataset_builders import (
    bands,
    pixels,
    save,
    save_palette,
)
from PIL import Image

from segsmith.data.base import Frame
from segsmith.data.listing import list_pictures, natural, numbered, sequences
from segsmith.data.pictures_io import read_frame, read_mask
from segsmith.errors import UserError

# Listing


def test_numbers_in_names_sort_as_numbers() -> None:
    assert sorted(["f_10", "f_9", "F_2", "e"], key=natural) == ["e", "F_2", "f_9", "f_10"]


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("0016E5_07959", ("0016E5", 7959)),
        ("0006R0_f00930", ("0006R0", 930)),
        ("Seq05VD_f00000", ("Seq05VD", 0)),
        ("frame12", ("frame", 12)),
        ("000123", ("", 123)),
        ("left-cam_7", ("left-cam", 7)),
        ("sunset", ("sunset", None)),
    ],
)
def test_a_name_tells_sequence_and_number(stem: str, expected: tuple[str, int | None]) -> None:
    assert numbered(stem) == expected


def test_a_jump_in_the_numbers_ends_a_sequence_and_uneven_spacing_does_not() -> None:
    frames = [Frame(f"s_{number}", "x") for number in (30, 60, 91, 120, 2000, 2030, 2060)]
    found = sequences("s", frames)
    assert [(part.name, len(part.frames)) for part in found] == [("s", 4), ("s#2", 3)]
    assert [frame.index for frame in found[1].frames] == [0, 1, 2]


def test_a_folder_that_links_to_itself_is_walked_once(tmp_path: Path) -> None:
    save(tmp_path / "a" / "f_1.png", pixels(1))
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    save(tmp_path / ".ipynb_checkpoints" / "f_1-checkpoint.png", pixels(1))
    assert len(list_pictures(tmp_path).files) == 1


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "webp", "gif"])
def test_a_damaged_file_is_read_or_named_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    whole = save(tmp_path / f"f.{suffix}", pixels(1)).read_bytes()
    chance = random.Random(0)
    named: list[str] = []
    for _ in range(60):
        content = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.5 else whole)
        for _ in range(chance.randrange(4)):
            content[chance.randrange(len(content) or 1) : chance.randrange(8)] = chance.randbytes(1)
        path = tmp_path / f"broken.{suffix}"
        path.write_bytes(content)
        try:
            assert read_frame(path).dtype == np.uint8
        except UserError as error:
            named.append(str(error))
    assert len(named) > 10
    assert all(line.startswith(str(path)) for line in named)


def test_hidden_files_are_no_frames_and_suffixes_may_be_upper_case(tmp_path: Path) -> None:
    save(tmp_path / "a.PNG", pixels(1))
    (tmp_path / "._a.png").write_bytes(b"mac")
    (tmp_path / "Thumbs.db").write_bytes(b"windows")
    assert list(list_pictures(tmp_path).files) == ["a"]


# Pixels


def test_frames_of_every_depth_come_as_8_bit_rgb(tmp_path: Path) -> None:
    grey = bands(np.array([0, 7, 255], np.uint8))
    wanted = np.repeat(grey[:, :, None], 3, axis=2)
    wide = (grey.astype(np.uint16) << 8) | 99
    rgba = np.dstack([wanted, bands(np.array([0, 100, 200], np.uint8))])
    files = [
        save(tmp_path / "grey.png", grey),
        save(tmp_path / "wide.png", wide),
        save(tmp_path / "wide.tif", wide),
        save(tmp_path / "rgba.png", rgba),
        save(tmp_path / "rgb.bmp", wanted),
        save_palette(tmp_path / "palette.png", bands(np.array([0, 1, 2])), [(0, 0, 0), (7, 7, 7), (255, 255, 255)]),
    ]
    for path in files:
        found = read_frame(path)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, wanted, err_msg=path.name)


def test_a_frame_that_a_phone_took_upright_is_read_upright(tmp_path: Path) -> None:
    image = pixels(3, 40, 24)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "phone.png", np.ascontiguousarray(np.rot90(image)), exif=exif)
    np.testing.assert_array_equal(read_frame(path), image)


def test_masks_keep_their_numbers_in_every_depth(tmp_path: Path) -> None:
    numbers = bands(np.array([0, 1, 0, 1], np.uint8))
    files = [
        save(tmp_path / "8.png", numbers),
        save(tmp_path / "16.png", numbers.astype(np.uint16)),
        save(tmp_path / "1.png", numbers.astype(bool)),
        save_palette(tmp_path / "p.png", numbers, [(9, 9, 9), (200, 0, 0)]),
        save(tmp_path / "rgb.png", np.repeat(numbers[:, :, None], 3, axis=2)),
    ]
    for path in files:
        values = read_mask(path).values
        np.testing.assert_array_equal(values if values.ndim == 2 else values[:, :, 0], numbers, err_msg=path.name)
