"""A contact sheet: labelled frames of every split with their masks over them."""

import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from segsmith.data.base import Dataset, Frame, Image
from segsmith.data.faults import explained
from segsmith.data.pictures import BLACK, WRONG, captioned, fitted, legend, overlay, sheet
from segsmith.errors import UserError

TILE_WIDTH = 320
COLUMNS = 4
FOR_EACH_SPLIT = 8


def require_sheet(path: Path) -> None:
    """A mistake in the sheet's name is better said before a long look at all frames than after it."""
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UserError(f"cannot write a sheet as {path.suffix or 'a file without suffix'}", fix="sheet.png", path=path)
    if not path.parent.is_dir():
        raise UserError("the folder of the sheet does not exist", fix=f"mkdir -p {path.parent}", path=path)
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise UserError("the sheet cannot be written here", fix="choose another place", path=path)


def write_sheet(dataset: Dataset, path: Path, each: int = FOR_EACH_SPLIT) -> None:
    """``each`` frames of every split, spread evenly; what cannot be read is shown as a red tile."""
    require_sheet(path)
    tiles = [_tile(dataset, split, frame) for split in dataset.splits for frame in _spread(dataset, split, each)]
    if not tiles:
        raise UserError(f"{dataset.name} has no frame to show", fix="see the faults above")
    picture = sheet(tiles, COLUMNS)
    if len(dataset.classes):
        picture = np.vstack([picture, legend(dataset.classes, picture.shape[1])])
    part = path.with_name(f".{path.name}.part{path.suffix}")
    with explained("the sheet cannot be written", "choose another place", path):
        Pillow.fromarray(picture).save(part)
        os.replace(part, path)


def _spread(dataset: Dataset, split: str, each: int) -> list[Frame]:
    frames = dataset.frames(split)
    shown = [frame for frame in frames if frame.labelled] or list(frames)
    count = min(each, len(shown))
    return [shown[round(step * (len(shown) - 1) / max(1, count - 1))] for step in range(count)]


def _tile(dataset: Dataset, split: str, frame: Frame) -> Image:
    caption = f"{split}  {frame.name.rsplit('/', 1)[-1]}"
    try:
        image, mask = dataset.reader.image(frame), dataset.reader.mask(frame)
    except UserError as error:
        return captioned(_warning(error.what), caption)
    height = round(image.shape[0] * TILE_WIDTH / image.shape[1])
    if mask is None:
        return captioned(fitted(image, height, TILE_WIDTH), caption)
    if mask.shape != image.shape[:2]:
        return captioned(_warning("sizes differ"), caption)
    return captioned(fitted(overlay(image, mask, dataset.classes), height, TILE_WIDTH), caption)


def _warning(text: str) -> Image:
    tile = np.full((TILE_WIDTH * 3 // 4, TILE_WIDTH, 3), WRONG, np.uint8)
    for line, start in enumerate(range(0, min(len(text), 120), 40)):
        where = (6, 20 + 16 * line)
        cv2.putText(tile, text[start : start + 40], where, cv2.FONT_HERSHEY_SIMPLEX, 0.4, BLACK, 1, cv2.LINE_AA)
    return tile
