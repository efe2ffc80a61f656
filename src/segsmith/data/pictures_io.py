"""Pictures of every usual kind to pixels: 1 to 16 bits, grey, palette, transparent, rotated by EXIF, broken.

Pillow decodes both here and in training, because it refuses truncated files; OpenCV fills them with grey.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from zlib import error as ZlibError

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from segsmith.data.base import Image
from segsmith.errors import UserError

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".gif"))
LOSSY = frozenset((".jpg", ".jpeg"))
BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, ZlibError)
LEGIBLE_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I")
# What stands at the start of files that only pretend to be pictures.
IMPOSTORS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not a picture", "fetch the data with `git lfs pull`"),
    (b"<!doctype", "a web page, not a picture", "the download failed: download it again"),
    (b"<html", "a web page, not a picture", "the download failed: download it again"),
    (b"pk\x03\x04", "a zip archive, not a picture", "unpack it"),
)

Numbers = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True)
class RawMask:
    """A mask as it is stored: HxW numbers (with a palette, Nx3, where the file has one) or HxWx3 colours."""

    values: Numbers
    palette: Image | None = None


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read_frame(path: Path) -> Image:
    """The picture upright, as 8-bit RGB; 16-bit pictures keep their upper byte, transparency is dropped."""
    picture = _load(path)
    if picture.mode == "F":
        raise UserError("a frame of floating-point numbers", fix="save it with 8 or 16 bits", path=path)
    if picture.mode in LEGIBLE_SIXTEEN_BITS:
        grey = (_sixteen(picture, path) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.asarray(picture.convert("RGB"))


def read_mask(path: Path) -> RawMask:
    """A mask as it is stored; what its numbers or colours mean is the data set's affair."""
    if path.suffix.lower() in LOSSY:
        raise UserError(
            "a mask saved as JPEG, whose compression changes labels", fix="save masks as PNG from the source", path=path
        )
    picture = _load(path)
    if picture.mode == "F":
        raise UserError(
            "a mask of floating-point numbers", fix="save class numbers as an 8-bit or 16-bit PNG", path=path
        )
    if picture.mode in LEGIBLE_SIXTEEN_BITS:
        return RawMask(_sixteen(picture, path))
    if picture.mode == "P":
        return RawMask(np.asarray(picture), _palette(picture))
    if picture.mode in ("1", "L"):
        return RawMask(np.asarray(picture).astype(np.uint8))
    if picture.mode in ("LA", "RGBA", "PA"):
        _require_opaque(picture, path)
    return RawMask(np.asarray(picture.convert("L" if picture.mode == "LA" else "RGB")))


def picture_mode(path: Path) -> str:
    """Pillow's name for how the picture is stored, from its header alone."""
    with Pillow.open(path) as picture:
        return picture.mode


def is_rotated(path: Path) -> bool:
    """Whether an EXIF note turns the picture before it is shown."""
    with Pillow.open(path) as picture:
        return bool(picture.getexif().get(0x0112, 1) != 1)


def _load(path: Path) -> Pillow.Image:
    _require_file(path)
    try:
        with Pillow.open(path) as picture:
            picture.load()
            return ImageOps.exif_transpose(picture)
    except Pillow.DecompressionBombError as error:
        raise UserError("a picture of more than 170 million pixels", fix="scale it down", path=path) from error
    except PermissionError as error:
        raise UserError("may not be read", fix="change the file's permissions", path=path) from error
    except BROKEN as error:
        raise _unreadable(path, error) from error


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise UserError("a folder where a picture should be", fix="rename or remove it", path=path)
    if not path.exists():
        what = "a link to a file that is gone" if path.is_symlink() else "the file is gone"
        raise UserError(what, fix="restore it, or remove it from the data set", path=path)
    if path.stat().st_size == 0:
        raise UserError("an empty file (0 bytes)", fix="copy or download it again", path=path)


def _unreadable(path: Path, error: Exception) -> UserError:
    with path.open("rb") as file:
        start = file.read(64).lstrip().lower()
    for mark, what, fix in IMPOSTORS:
        if start.startswith(mark):
            return UserError(what, fix=fix, path=path)
    if isinstance(error, UnidentifiedImageError):
        return UserError(f"not a picture, although its name ends in {path.suffix}", fix="replace it", path=path)
    reason = str(error) or type(error).__name__
    what = "a truncated picture: its end is missing" if "truncated" in reason else f"a damaged picture: {reason}"
    return UserError(what, fix="copy or download it again", path=path)


def _sixteen(picture: Pillow.Image, path: Path) -> npt.NDArray[np.uint16]:
    values = np.asarray(picture)
    lowest, highest = int(values.min()), int(values.max())
    if lowest < 0 or highest > 65535:
        what = f"values from {lowest} to {highest}, more than 16 bits hold"
        raise UserError(what, fix="save it with 8 or 16 bits", path=path)
    return values.astype(np.uint16)


def _palette(picture: Pillow.Image) -> Image:
    """256 colours, black where the file has no colour for a number."""
    palette = np.zeros((256, 3), np.uint8)
    flat = np.array(picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    palette[: len(flat)] = flat
    return palette


def _require_opaque(picture: Pillow.Image, path: Path) -> None:
    if np.asarray(picture.getchannel("A")).min() < 255:
        raise UserError(
            "a mask with transparent pixels, whose class is unknown", fix="save it without an alpha channel", path=path
        )
