"""Frames of a data set in clips of one length, for proving and calibrating exports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from segsmith.data.base import Dataset, Frame, Image
from segsmith.errors import UserError

Size = tuple[int, int]


@dataclass(frozen=True)
class Clips:
    """``count`` clips of ``length`` frames, spread over a split; short splits are gone through again.

    A clip runs on over the end of a sequence: a sudden change of scene is what a state has to bear, too. ``size``
    is what frames and masks are brought to, or None.
    """

    dataset: Dataset
    split: str
    count: int
    length: int
    size: Size | None = None

    def __iter__(self) -> Iterator[Iterator[tuple[Image, Image | None]]]:
        for start in self.starts():
            yield (self._shot(frame) for frame in self._frames(start))

    def starts(self) -> list[int]:
        last = max(0, len(self._all()) - self.length)
        return [last * number // max(1, self.count - 1) for number in range(self.count)]

    def _frames(self, start: int) -> list[Frame]:
        frames = self._all()
        return [frames[(start + place) % len(frames)] for place in range(self.length)]

    def _all(self) -> Sequence[Frame]:
        frames = self.dataset.frames(self.split)
        if not frames:
            have = ", ".join(name for name, sequences in self.dataset.splits.items() if sequences) or "none"
            raise UserError(f"{self.dataset.name} has no frames in its split {self.split!r}", fix=f"splits: {have}")
        return frames

    def _shot(self, frame: Frame) -> tuple[Image, Image | None]:
        image, mask = self.dataset.reader.image(frame), self.dataset.reader.mask(frame)
        if self.size is None or image.shape[:2] == self.size:
            return image, mask
        image = np.asarray(cv2.resize(image, self.size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        if mask is not None:
            mask = np.asarray(cv2.resize(mask, self.size[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
        return image, mask
