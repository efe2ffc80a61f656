"""One frame looked at closely; runs in worker processes."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from segsmith.data.base import VOID, Frame, Image, Reader
from segsmith.data.faults import Fault, fault_of
from segsmith.data.pictures_io import LEGIBLE_SIXTEEN_BITS, is_rotated, picture_mode, read_mask
from segsmith.errors import UserError

DARK = 16
"""A frame whose brightest value is below this shows nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``size`` is height and width, ``content`` names the pixels; both are empty where the frame cannot be read.

    ``counts`` are the pixels of each class id, 0 to 255, or empty without a mask.
    """

    size: tuple[int, int] | tuple[()]
    content: bytes
    counts: tuple[int, ...]
    faults: tuple[Fault, ...]


def examine(reader: Reader, frame: Frame) -> Finding:
    with warnings.catch_warnings():  # what Pillow murmurs about odd headers; what matters becomes a fault
        warnings.simplefilter("ignore")
        return _examine(reader, frame)


def _examine(reader: Reader, frame: Frame) -> Finding:
    faults: list[Fault] = []
    image = mask = None
    try:
        image = reader.image(frame)
    except UserError as error:
        faults.append(fault_of(error))
    try:
        mask = reader.mask(frame)
    except UserError as error:
        faults.append(fault_of(error))
    if image is not None:
        faults += _image_faults(image, frame)
    if mask is not None:
        faults += _mask_faults(mask, frame)
    if image is not None and mask is not None and image.shape[:2] != mask.shape:
        faults.append(_size_fault(image, mask, frame))
    size = (image.shape[0], image.shape[1]) if image is not None else ()
    content = blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() if image is not None else b""
    counts = () if mask is None else tuple(int(n) for n in np.bincount(mask.ravel(), minlength=256))
    return Finding(size, content, counts, tuple(faults))


def examine_all(reader: Reader, frames: Sequence[Frame]) -> list[Finding]:
    return [examine(reader, frame) for frame in frames]


def _image_faults(image: Image, frame: Frame) -> list[Fault]:
    if image.max() >= DARK and image.min() < image.max():
        return []
    if image.max() < DARK and _is_sixteen_bits(frame.image):
        what = f"a 16-bit frame that uses few of its bits: it reads as black (at most {image.max()} of 255)"
        return [Fault(what, "stretch the values to 16 bits, or save 8-bit frames", frame.image)]
    what = "a black frame" if image.max() < DARK else "a frame of one flat colour"
    file = frame.image if Path(frame.image).is_file() else frame.name
    return [Fault(what, "look at it; remove it if the camera failed", file)]


def _is_sixteen_bits(file: str) -> bool:
    return Path(file).is_file() and picture_mode(Path(file)) in LEGIBLE_SIXTEEN_BITS


def _mask_faults(mask: Image, frame: Frame) -> list[Fault]:
    path = Path(frame.mask)
    if set(np.unique(mask)) == {0, VOID} and path.is_file():
        raw = read_mask(path)
        if raw.values.ndim == 2 and set(np.unique(raw.values)) == {0, 255}:
            what = "only the values 0 and 255: a binary mask, whose 255 is read as void"
            return [Fault(what, 'save 0 and 1, or write "ids": [0, 255] in classes.json', frame.mask)]
    return []


def _size_fault(image: Image, mask: Image, frame: Frame) -> Fault:
    """Training needs a label for every pixel; the likely reason follows from the two shapes."""
    (height, width), (rows, columns) = image.shape[:2], mask.shape
    what = f"a mask of {columns}x{rows} for a frame of {width}x{height}"
    if (rows, columns) == (width, height):
        turned = Path(frame.image).is_file() and is_rotated(Path(frame.image))
        reason = "the frame's EXIF note turns it" if turned else "one of them is turned by 90 degrees"
        return Fault(f"{what}: {reason}", "save both upright, without EXIF", frame.mask, fatal=True)
    if rows * width == columns * height:
        return Fault(what, "scale the mask to the frame's size with nearest neighbour", frame.mask, fatal=True)
    return Fault(f"{what}, of another shape", "the mask may belong to another frame", frame.mask, fatal=True)
