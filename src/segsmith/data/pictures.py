"""Pictures of masks: overlays, legends, sheets, errors, confusion. All images are uint8 RGB, HxWx3."""

from collections.abc import Sequence
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from segsmith.data.base import VOID, Classes, Colour, Image

WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)
WRONG, IGNORED = (230, 40, 40), (40, 60, 110)
FULL = (8, 64, 129)
"""The confusion picture's colour of a share of one; none is white."""

LINE = 20
"""The height of a line of text with the room around it."""


def colours_of(classes: Classes, void: Colour = BLACK) -> Image:
    """A colour for each of 256 ids: grey for what is no class."""
    table = np.full((256, 1, 3), GREY, np.uint8)
    table[: len(classes), 0] = classes.colours
    table[VOID] = void
    return table


def coloured(mask: Image, classes: Classes) -> Image:
    """The mask in its classes' colours, void black."""
    return _rgb(cv2.applyColorMap(_same_size(mask, mask), colours_of(classes)))


def overlay(frame: Image, mask: Image, classes: Classes, alpha: float = 0.5, contour: bool = False) -> Image:
    """The frame tinted by class; with ``contour`` only the lines between classes are drawn, in full colour.

    Void shows the frame as it is.
    """
    tint = cv2.applyColorMap(_same_size(mask, frame), colours_of(classes))
    if contour:
        shown = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        shown[mask == VOID] = 0
        return _rgb(cv2.copyTo(tint, shown, frame.copy()))
    blended = cv2.addWeighted(tint, alpha, frame, 1 - alpha, 0)
    return _rgb(cv2.copyTo(frame, (mask == VOID).astype(np.uint8), blended))


def errors(frame: Image, prediction: Image, truth: Image) -> Image:
    """What is wrong in red on the grey frame, what is void in the truth in dark blue."""
    result = _rgb(cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
    void = _same_size(truth, frame) == VOID
    wrong = (_same_size(prediction, frame) != truth) & ~void
    for where, colour in ((wrong, WRONG), (void, IGNORED)):
        result[where] = result[where] // 4 + np.array(colour, np.uint8) // 4 * 3
    return result


def legend(classes: Classes, width: int) -> Image:
    """A strip of swatches and names, in as many lines as the width asks for."""
    font = ImageFont.load_default(12)
    widths = [LINE + ceil(font.getlength(name)) + 8 for name in classes.names]
    places: list[tuple[int, int]] = []
    x = y = 0
    for needed in widths:
        if x and x + needed > width:
            x, y = 0, y + LINE
        places.append((x, y))
        x += needed
    canvas = Pillow.new("RGB", (width, y + LINE), WHITE)
    draw = ImageDraw.Draw(canvas)
    for name, colour, (left, top) in zip(classes.names, classes.colours, places, strict=True):
        draw.rectangle((left + 4, top + 4, left + LINE - 5, top + LINE - 5), fill=colour, outline=GREY)
        draw.text((left + LINE, top + LINE // 2), name, fill=BLACK, font=font, anchor="lm")
    return np.array(canvas)


def captioned(image: Image, text: str) -> Image:
    """The image with a line of text under it, cut where it would be wider."""
    canvas = Pillow.new("RGB", (image.shape[1], LINE), WHITE)
    ImageDraw.Draw(canvas).text((4, LINE // 2), text, fill=BLACK, font=ImageFont.load_default(12), anchor="lm")
    return np.vstack([image, np.array(canvas)])


def fitted(image: Image, height: int, width: int) -> Image:
    """As large as the box takes it with its shape kept, centred on white."""
    scale = min(height / image.shape[0], width / image.shape[1])
    inner = tuple(
        max(1, min(box, round(side * scale))) for side, box in zip(image.shape, (height, width), strict=False)
    )
    result = np.full((height, width, 3), 255, np.uint8)
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    result[top : top + inner[0], left : left + inner[1]] = (
        image if inner == image.shape[:2] else cv2.resize(image, inner[::-1], interpolation=how)
    )
    return result


def sheet(tiles: Sequence[Image], columns: int, gap: int = 6) -> Image:
    """Tiles in rows on white, each in a box of the first one's size."""
    if not tiles or columns < 1:
        raise ValueError(f"a sheet of {len(tiles)} tiles in {columns} columns")
    columns = min(columns, len(tiles))
    height, width = tiles[0].shape[:2]
    rows = ceil(len(tiles) / columns)
    result = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        result[top : top + height, left : left + width] = fitted(tile, height, width)
    return result


def side_by_side(*images: Image, gap: int = 6) -> Image:
    return sheet(images, len(images), gap)


def confusion_picture(matrix: npt.ArrayLike, names: Sequence[str], cell: int = 36) -> Image:
    """Rows are true classes: the share of each that was taken for what, in percent. Absent classes have no row."""
    counts = np.asarray(matrix, dtype=np.float64)
    if counts.shape != (len(names), len(names)):
        raise ValueError(f"a matrix {counts.shape} with {len(names)} names")
    font = ImageFont.load_default(max(8, cell // 3))
    room = 8 + ceil(max(font.getlength(name) for name in names))
    side = cell * len(names)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    heat = 255 - shares[..., None] * (255 - np.array(FULL))
    canvas = Pillow.new("RGB", (room + side + 1, room + side + 1), WHITE)
    canvas.paste(Pillow.fromarray(np.kron(heat, np.ones((cell, cell, 1))).round().astype(np.uint8)), (room, room))
    draw = ImageDraw.Draw(canvas)
    for row, name in enumerate(names):
        middle = row * cell + cell // 2
        draw.text((room - 4, room + middle), name, fill=BLACK, font=font, anchor="rm")
        _draw_upright(canvas, name, (room + middle, room - 4), font)
        for column in np.flatnonzero(shares[row] >= 0.005):
            value = float(shares[row, column])
            where = (room + int(column) * cell + cell // 2, room + middle)
            draw.text(where, f"{100 * value:.0f}", fill=WHITE if value > 0.5 else BLACK, font=font, anchor="mm")
    for line in range(0, side + 1, cell):
        draw.line((room, room + line, room + side, room + line), fill=GREY)
        draw.line((room + line, room, room + line, room + side), fill=GREY)
    return np.array(canvas)


def _draw_upright(
    canvas: Pillow.Image, text: str, foot: tuple[int, int], font: ImageFont.ImageFont | ImageFont.FreeTypeFont
) -> None:
    """Text turned a quarter, rising from its foot."""
    length, height = ceil(font.getlength(text)) + 2, LINE
    strip = Pillow.new("RGB", (length, height), WHITE)
    ImageDraw.Draw(strip).text((0, height // 2), text, fill=BLACK, font=font, anchor="lm")
    canvas.paste(strip.transpose(Pillow.Transpose.ROTATE_90), (foot[0] - height // 2, foot[1] - length))


def _same_size(mask: Image, frame: Image) -> Image:
    if mask.ndim != 2 or mask.shape != frame.shape[:2]:
        raise ValueError(f"a mask {mask.shape} for a frame {frame.shape}")
    return mask


def _rgb(image: object) -> Image:
    """OpenCV's results are arrays of uint8 here."""
    return np.asarray(image, np.uint8)
