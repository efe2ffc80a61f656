"""The tools that broken data sets are made with: a sound one, and one thing done to it."""

import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from dataset_builders import bands, camvid, cityscapes, folder, pixels, save, video
from PIL import Image

FRAME, MASK = "0016E5_00390.png", "0016E5_00390.png"
GOOD = bands(np.arange(12, dtype=np.uint8))


class Case(NamedTuple):
    """``build`` breaks something below a folder and returns the data set's name; ``file`` is the end of the path that
    must be named; ``said`` is in the line; ``way_out`` in its fix; ``fatal``: training would fail."""

    build: Callable[[Path], str]
    said: str
    file: str
    way_out: str
    fatal: bool = True


def in_camvid(change: Callable[[Path], object], **options: object) -> Callable[[Path], str]:
    def build(root: Path) -> str:
        change(camvid(root, **options))
        return f"camvid:{root}"

    return build


def in_folder(change: Callable[[Path], object], **options: object) -> Callable[[Path], str]:
    def build(root: Path) -> str:
        change(folder(root, **options))
        return f"folder:{root}"

    return build


def in_cityscapes(change: Callable[[Path], object]) -> Callable[[Path], str]:
    def build(root: Path) -> str:
        change(cityscapes(root))
        return f"cityscapes:{root}"

    return build


def frame_bytes(content: bytes) -> Callable[[Path], str]:
    return in_camvid(lambda root: (root / "train" / FRAME).write_bytes(content))


def camvid_mask(mask: np.ndarray) -> Callable[[Path], str]:
    return in_camvid(lambda root: save(root / "trainannot" / MASK, mask))


def folder_mask(mask: np.ndarray, **options: object) -> Callable[[Path], str]:
    return in_folder(lambda root: save(root / "masks" / "train" / "a_0002.png", mask), **options)


def all_folder_masks(mask: np.ndarray, **options: object) -> Callable[[Path], str]:
    return in_folder(lambda root: [save(path, mask) for path in (root / "masks").rglob("*.png")], **options)


def classes_json(text: object) -> Callable[[Path], str]:
    content = text if isinstance(text, str) else json.dumps(text)
    return in_folder(lambda root: (root / "classes.json").write_text(content))


def with_list(text: str | bytes) -> Callable[[Path], str]:
    content = text if isinstance(text, bytes) else text.encode()
    return in_camvid(lambda root: (root / "train.txt").write_bytes(content))


def cut(path: Path, share: float = 0.6) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def damage(path: Path) -> None:
    """One byte in the middle of the compressed pixels: the checksum no longer fits."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(bytes(content))


def replace_by_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("gone.png"))


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def huge() -> bytes:
    """A PNG that announces 20000x20000 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


def softened() -> np.ndarray:
    """A colour mask with one column of mixtures between road and car, as scaling with interpolation leaves it."""
    mask = bands(np.array([(128, 64, 128), (64, 0, 128)], np.uint8))
    for row in range(len(mask)):
        mask[row, 15] = (126 - 2 * row, 62 - 2 * row, 128)
    return mask


def stale_copy(root: Path) -> None:
    shutil.copy(root / "train" / FRAME, root / "val" / "0016E5_07961.png")


def as_jpeg(path: Path) -> None:
    with Image.open(path) as picture:
        picture.convert("RGB").save(path.with_suffix(".jpg"))
    path.unlink()


def turned_frame(root: Path) -> None:
    """A frame whose EXIF note turns it, with a mask drawn on the pixels as they are stored."""
    exif = Image.Exif()
    exif[0x0112] = 6
    save(root / "train" / FRAME, pixels(5), exif=exif)


def only_polygons(root: Path) -> None:
    for path in root.rglob("*_labelIds.png"):
        path.with_name(path.name.replace("labelIds.png", "polygons.json")).write_text("{}")
        path.unlink()


def only_colours(root: Path) -> None:
    for path in root.rglob("*_labelIds.png"):
        path.rename(path.with_name(path.name.replace("labelIds", "color")))


def first_city_mask(root: Path) -> Path:
    return root / "gtFine" / "train" / "aachen" / "aachen_000000_000019_gtFine_labelIds.png"


def sound_alone(root: Path) -> str:
    path = root / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 16000
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    return f"video:{path}"


def broken_video(change: Callable[[Path], object]) -> Callable[[Path], str]:
    def build(root: Path) -> str:
        path = video(root / "v.mp4", 40)
        change(path)
        return f"video:{path}"

    return build


def drop_packets(path: Path) -> None:
    """The index at the end stays whole, the pictures in the middle are lost."""
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov", start)
    content[(start + end) // 2 : end - 8] = bytes(end - 8 - (start + end) // 2)
    path.write_bytes(bytes(content))
