"""Broken frames and masks, and frames that do not fit each other."""

import shutil

import numpy as np
from broken_kit import (
    FRAME,
    GOOD,
    MASK,
    Case,
    all_folder_masks,
    as_jpeg,
    camvid_mask,
    cut,
    damage,
    first_city_mask,
    folder_mask,
    frame_bytes,
    huge,
    in_camvid,
    in_cityscapes,
    in_folder,
    replace_by_folder,
    replace_by_link,
    softened,
    stale_copy,
    turned_frame,
)
from dataset_builders import bands, camvid, camvid_masks, pixels, save, save_palette

NUMBERS = {"names": ["road", "car", "sky"]}
CITY_NAMES = {"names": [f"class {number}" for number in range(19)]}

CASES: dict[str, Case] = {
    # files
    "empty frame": Case(frame_bytes(b""), "an empty file (0 bytes)", FRAME, "download it again"),
    "truncated png": Case(
        in_camvid(lambda r: cut(r / "train" / FRAME)), "a truncated picture", FRAME, "download it again"
    ),
    "truncated jpeg": Case(
        in_camvid(lambda r: cut(r / "train" / "0016E5_00390.jpg"), suffix=".jpg"),
        "a truncated picture",
        "0016E5_00390.jpg",
        "download it again",
    ),
    "damaged png": Case(in_camvid(lambda r: damage(r / "train" / FRAME)), "a damaged picture", FRAME, "again"),
    "text called png": Case(frame_bytes(b"no picture at all"), "not a picture", FRAME, "replace it"),
    "web page called png": Case(frame_bytes(b"<!DOCTYPE html><html>"), "a web page", FRAME, "download it again"),
    "git lfs pointer": Case(
        frame_bytes(b"version https://git-lfs.github.com/spec/v1\n"), "Git LFS", FRAME, "git lfs pull"
    ),
    "zip called png": Case(frame_bytes(b"PK\x03\x04rest"), "a zip archive", FRAME, "unpack it"),
    "huge picture": Case(frame_bytes(huge()), "more than 170 million pixels", FRAME, "scale it down"),
    "folder called png": Case(
        in_camvid(lambda r: replace_by_folder(r / "train" / FRAME)), "a folder where", FRAME, "rename"
    ),
    "link to nothing": Case(
        in_camvid(lambda r: replace_by_link(r / "train" / FRAME)), "a link to a file that is gone", FRAME, "restore"
    ),
    "black frame": Case(
        in_camvid(lambda r: save(r / "train" / FRAME, pixels(1) * 0)), "a black frame", FRAME, "look at it", False
    ),
    "flat frame": Case(
        in_camvid(lambda r: save(r / "train" / FRAME, pixels(1) * 0 + 90)),
        "one flat colour",
        FRAME,
        "look at it",
        False,
    ),
    "12 bits in 16": Case(
        in_camvid(lambda r: save(r / "train" / FRAME, bands(np.arange(0, 4096, 64, dtype=np.uint16)))),
        "a 16-bit frame that uses few of its bits",
        FRAME,
        "stretch",
        False,
    ),
    "frame of floats": Case(
        in_folder(
            lambda r: [
                (r / "images/train/a_0002.png").unlink(),
                save(r / "images/train/a_0002.tif", bands(np.linspace(0, 1, 8, dtype=np.float32))),
            ]
        ),
        "floating-point",
        "a_0002.tif",
        "8 or 16 bits",
    ),
    "two pictures of one name": Case(
        in_camvid(lambda r: save(r / "train" / "0016E5_00390.bmp", pixels(1))),
        "two pictures for one name",
        ".png",
        "remove one",
        False,
    ),
    "frame of another size": Case(
        in_camvid(
            lambda r: [
                save(r / "train" / FRAME, pixels(1, 48, 64)),
                save(r / "trainannot" / MASK, bands(np.arange(12, dtype=np.uint8), 48, 64)),
            ]
        ),
        "64x48, while frames of its clip 0016E5 have 32x24",
        FRAME,
        "scale it",
    ),
    # masks
    "empty mask": Case(in_camvid(lambda r: (r / "trainannot" / MASK).write_bytes(b"")), "an empty file", MASK, "again"),
    "truncated mask": Case(
        in_folder(lambda r: cut(r / "masks" / "train" / "a_0002.png")), "truncated", "a_0002.png", "again"
    ),
    "mask of another size": Case(
        camvid_mask(bands(np.arange(12, dtype=np.uint8), 12, 16)),
        "a mask of 16x12 for a frame of 32x24",
        MASK,
        "nearest",
    ),
    "mask of another shape": Case(
        camvid_mask(bands(np.arange(12, dtype=np.uint8), 20, 32)), "of another shape", MASK, "another frame"
    ),
    "mask turned": Case(
        camvid_mask(bands(np.arange(12, dtype=np.uint8), 32, 24)), "turned by 90 degrees", MASK, "upright"
    ),
    "frame turned by exif": Case(in_camvid(turned_frame), "the frame's EXIF note turns it", MASK, "upright"),
    "mask missing": Case(
        in_camvid(lambda r: (r / "trainannot" / MASK).unlink()), "a frame without a mask", FRAME, "add the mask", False
    ),
    "mask too many": Case(
        in_camvid(lambda r: save(r / "trainannot" / "lone_1.png", GOOD)),
        "a mask without a frame",
        "lone_1.png",
        "add the frame",
        False,
    ),
    "mask in another case": Case(
        in_folder(lambda r: (r / "masks/train/a_0002.png").rename(r / "masks/train/A_0002.png")),
        "differ in case",
        "A_0002.png",
        "rename",
        False,
    ),
    "jpeg mask": Case(
        in_camvid(lambda r: as_jpeg(r / "trainannot" / MASK)), "saved as JPEG", "0016E5_00390.jpg", "as PNG"
    ),
    "mask of floats": Case(
        in_folder(
            lambda r: [
                (r / "masks/train/a_0002.png").unlink(),
                save(r / "masks/train/a_0002.tif", bands(np.zeros(4, np.float32))),
            ]
        ),
        "a mask of floating-point numbers",
        "a_0002.tif",
        "class numbers",
    ),
    "transparent mask": Case(
        folder_mask(bands(np.array([(128, 64, 128, 255), (64, 0, 128, 9)], np.uint8))),
        "transparent pixels",
        "a_0002.png",
        "alpha",
    ),
    "binary mask": Case(
        camvid_mask(bands(np.array([0, 255], np.uint8))), "a binary 0/255 mask", MASK, '"ids": [0, 255]'
    ),
    "binary mask where 255 is void": Case(
        folder_mask(bands(np.array([0, 255], np.uint8))), "only the values 0 and 255", "a_0002.png", "[0, 255]", False
    ),
    "all masks binary": Case(all_folder_masks(bands(np.array([0, 255], np.uint8))), "one class alone", "", "0/255"),
    "16 bits stretched": Case(
        camvid_mask(bands(np.arange(12, dtype=np.uint16) * 257)),
        "8-bit class numbers stretched to 16 bits",
        MASK,
        "257",
    ),
    "instance ids": Case(
        in_cityscapes(lambda r: save(first_city_mask(r), bands(np.array([7, 26001, 24003], np.uint16)))),
        "instance ids",
        "labelIds.png",
        "labelIds files",
    ),
    "label ids for train ids": Case(
        folder_mask(bands(np.array([7, 11, 26, 33], np.uint8)), classes=CITY_NAMES),
        "Cityscapes labelIds where trainIds are expected",
        "a_0002.png",
        "cityscapes:",
    ),
    "train ids for label ids": Case(
        in_cityscapes(lambda r: save(first_city_mask(r), bands(np.array([0, 3, 18, 255], np.uint8)))),
        "trainIds where Cityscapes labelIds are expected",
        "labelIds.png",
        "_labelIds.png",
    ),
    "numbers from 1": Case(
        folder_mask(bands(np.array([1, 2, 3], np.uint8)), classes=NUMBERS), "start at 1", "a_0002.png", "subtract 1"
    ),
    "numbers for viewing": Case(
        camvid_mask(bands(np.arange(0, 220, 20, dtype=np.uint8))), "multiplied for viewing", MASK, "20"
    ),
    "a photograph as mask": Case(camvid_mask(pixels(4)[:, :, 0]), "a photograph", MASK, "nearest neighbour"),
    "void that is 255": Case(
        camvid_mask(bands(np.array([0, 4, 7, 255], np.uint8))), "255 has no meaning here", MASK, "one of the numbers"
    ),
    "a number too many": Case(
        folder_mask(bands(np.array([0, 1, 2, 9], np.uint8))),
        "mask value 9 outside the classes (0-2, 255)",
        "a_0002.png",
        "classes.json",
    ),
    "colours for numbers": Case(
        folder_mask(bands(np.array([(128, 64, 128), (64, 0, 128)], np.uint8)), classes=NUMBERS),
        "an RGB mask (2 colours",
        "a_0002.png",
        "8-bit grey PNG",
    ),
    "numbers for colours": Case(
        lambda r: (
            [
                camvid_masks(camvid(r), bands(np.array([(128, 64, 128), (64, 0, 128), (0, 0, 64)], np.uint8)), "_L"),
                save(r / "trainannot" / "0016E5_00390_L.png", GOOD),
            ]
            and f"camvid:{r}?protocol=exact"
        ),
        "class numbers (0, 1, 2",
        "0016E5_00390_L.png",
        "colour masks",
    ),
    "soft edges": Case(folder_mask(softened()), "anti-aliased edges", "a_0002.png", "nearest neighbour"),
    "soft edges name the nearest class": Case(
        folder_mask(softened()), "is nearest to 'road' (128, 64, 128)", "a_0002.png", "nearest neighbour"
    ),
    "unknown colour": Case(
        folder_mask(bands(np.array([(128, 64, 128), (200, 10, 10)], np.uint8))),
        "1 unknown colour on 50.0% of the mask",
        "a_0002.png",
        "classes.json",
    ),
    "red and blue exchanged": Case(
        folder_mask(bands(np.array([(128, 0, 64), (180, 130, 70)], np.uint8))),
        "red and blue exchanged",
        "a_0002.png",
        "BGR",
    ),
    "palette that contradicts": Case(
        in_folder(
            lambda r: save_palette(
                r / "masks/train/a_0002.png", bands(np.array([0, 1, 2])), [(64, 0, 128), (128, 64, 128), (1, 2, 3)]
            )
        ),
        "palette mask: number 0 is 'road', its colour (64, 0, 128) is 'car'",
        "a_0002.png",
        "grey class numbers",
    ),
    "train of void": Case(
        lambda r: f"camvid:{camvid_masks(camvid(r), np.full((24, 32), 11, np.uint8))}",
        "no mask of split train gives any pixel a class",
        "",
        "count as ignored",
    ),
    "mask of void": Case(
        camvid_mask(np.full((24, 32), 11, np.uint8)), "a mask that gives no pixel a class", MASK, "label it", False
    ),
    # across files
    "empty split": Case(
        in_camvid(lambda r: [p.unlink() for p in [*(r / "val").iterdir(), *(r / "valannot").iterdir()]]),
        "split val is empty",
        "",
        "add frames",
        False,
    ),
    "no train split": Case(
        in_folder(lambda r: [(r / d / "train").rename(r / d / "test") for d in ("images", "masks")]),
        "no train split (there is val, test)",
        "",
        "to learn from train",
    ),
    "no masks in train": Case(
        in_folder(lambda r: shutil.rmtree(r / "masks" / "train")), "split train has no mask", "", "label"
    ),
    "picture in two splits": Case(
        in_camvid(stale_copy), "the same picture stands in train", "0016E5_07961.png", "remove it from", False
    ),
    "class that never occurs": Case(
        in_folder(lambda r: None, classes={"names": ["road", "car", "sky", "boat"]}),
        "class 'boat' never occurs",
        "",
        "merge or remove",
        False,
    ),
    "class in val alone": Case(
        in_folder(lambda r: [save(p, bands(np.array([0, 1], np.uint8))) for p in (r / "masks/train").iterdir()]),
        "class 'sky' occurs in val, never in train",
        "",
        "into train",
        False,
    ),
}
