"""Pictures and clips as data URIs: small, and shown by every browser without asking anybody for anything.

Pictures are WebP. A clip is H.264 in mp4: a player has a button to stop it and a bar to go back and forth, an animated
picture has neither; it is less than half as large; and where a browser lacks the codec, the poster is still seen.
"""

import tempfile
from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from segsmith.data.base import Image
from segsmith.data.film import Film
from segsmith.errors import UserError
from segsmith.report.blocks import Clip, Picture

WIDEST, QUALITY, FILM_QUALITY = 480, 82, 26
GAP = 6
"""Between the tiles of a kept picture; see ``data.pictures.side_by_side``."""


def picture(image: Image, label: str, widest: int = WIDEST, lossless: bool = False) -> Picture:
    small = shrunk(image, widest)
    out = BytesIO()
    Pillow.fromarray(small).save(out, format="webp", quality=QUALITY, lossless=lossless, method=4)
    return Picture(_uri("image/webp", out.getvalue()), label, small.shape[1], small.shape[0])


def clip(frames: Sequence[Image], rate: float, caption: str) -> Clip:
    """A film of frames of one size; the poster is the frame in its middle."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        with Film(path, rate, FILM_QUALITY) as film:
            for frame in frames:
                film.write(frame)
        source = _uri("video/mp4", path.read_bytes())
    return Clip(source, picture(frames[len(frames) // 2], caption, 2 * WIDEST), caption)


def kept(path: Path) -> Image:
    """A picture that a command left."""
    try:
        with Pillow.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise UserError(f"is no picture that can be read: {error}", fix="remove it", path=path) from None


def tiles(image: Image, count: int) -> list[Image]:
    """The pictures that ``side_by_side`` put together; the whole where they do not come out even."""
    width, rest = divmod(image.shape[1] - (count - 1) * GAP, count)
    if rest or width < 1:
        return [image]
    return [image[:, start : start + width] for start in range(0, image.shape[1], width + GAP)]


def shrunk(image: Image, widest: int) -> Image:
    height, width = image.shape[:2]
    if width <= widest:
        return image
    size = (widest, max(1, round(height * widest / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{b64encode(data).decode('ascii')}"
