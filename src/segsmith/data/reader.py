"""The reader of every data set that is made of picture files."""

from dataclasses import dataclass
from pathlib import Path

from segsmith.data.base import Frame, Image
from segsmith.data.labels import LabelRules, decode
from segsmith.data.pictures_io import read_frame, read_mask


@dataclass(frozen=True)
class PictureReader:
    """``Frame.image`` and ``Frame.mask`` are paths."""

    rules: LabelRules

    def image(self, frame: Frame) -> Image:
        return read_frame(Path(frame.image))

    def mask(self, frame: Frame) -> Image | None:
        if not frame.mask:
            return None
        path = Path(frame.mask)
        return decode(read_mask(path), self.rules, path)
