"""Small whole data sets on disk, for tests to read and to break."""

import json
import zlib
from pathlib import Path

import av
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 24, 32
CAMVID_NAMES = {
    "train": ["0001TP_006690", "0001TP_006720", "0001TP_006750", "0016E5_00390", "0016E5_00420", "0016E5_00450"],
    "val": ["0016E5_07959", "0016E5_07961", "0016E5_07963"],
    "test": ["Seq05VD_f00000", "Seq05VD_f00030"],
}
CITY_IDS = np.array([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33, 0, 4, 29], np.uint8)
THREE = {"names": ["road", "car", "sky"], "colours": [[128, 64, 128], [64, 0, 128], [70, 130, 180]]}


def pixels(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A picture that no other seed has."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def bands(values: object, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Every value as an upright band."""
    values = np.asarray(values)
    return np.repeat(values[np.arange(width) * len(values) // width][None], height, axis=0)


def save(path: Path, array: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def save_palette(path: Path, numbers: np.ndarray, palette: list[tuple[int, int, int]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(numbers.astype(np.uint8))
    picture = picture.convert("P") if picture.mode != "P" else picture
    picture.putdata(numbers.astype(np.uint8).ravel().tolist())
    picture.putpalette([part for colour in palette for part in colour])
    picture.save(path)
    return path


def camvid(root: Path, splits: tuple[str, ...] = ("train", "val"), suffix: str = ".png") -> Path:
    """SegNet's layout with index masks: the 11 classes and void in every one."""
    for split in splits:
        for name in CAMVID_NAMES[split]:
            save(root / split / f"{name}{suffix}", pixels(hash_of(name)))
            save(root / f"{split}annot" / f"{name}.png", bands(np.arange(12, dtype=np.uint8)))
    return root


def camvid_masks(root: Path, mask: np.ndarray, ending: str = "") -> Path:
    """Every mask of a camvid folder replaced."""
    for path in sorted(root.glob("*annot/*.png")):
        path.unlink()
        save(path.with_name(f"{path.stem}{ending}.png"), mask)
    return root


def cityscapes(root: Path, splits: tuple[str, ...] = ("train", "val"), gt: str = "gtFine") -> Path:
    for split in splits:
        for city in ("aachen", "bochum"):
            for number in range(2):
                name = f"{city}_{number:06d}_000019"
                frame = pixels(hash_of(split + name))
                save(root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png", frame)
                save(root / gt / split / city / f"{name}_{gt}_labelIds.png", bands(CITY_IDS))
    return root


def folder(
    root: Path,
    names: tuple[str, ...] = ("train/a_0001", "train/a_0002", "train/a_0003", "val/b_0001", "val/b_0002"),
    classes: object = THREE,
) -> Path:
    for name in names:
        save(root / "images" / f"{name}.png", pixels(hash_of(name)))
        save(root / "masks" / f"{name}.png", bands(np.array([0, 1, 2, 255], np.uint8)))
    if classes is not None:
        (root / "classes.json").write_text(json.dumps(classes))
    return root


def video(path: Path, count: int = 12, size: tuple[int, int] = (64, 64)) -> Path:
    """Frame i is a grey of 6 * i, so that every frame says which one it is."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *size, "yuv420p", 5
        stream.bit_rate = 4_000_000
        for place in range(count):
            grey = np.full((size[1], size[0], 3), 6 * place, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return path


def hash_of(text: str) -> int:
    return zlib.crc32(text.encode())
