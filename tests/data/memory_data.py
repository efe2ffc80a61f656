"""Data sets made on the spot, for the tests of what stands on readers."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from segsmith.data.base import VOID, Classes, Dataset, Frame, FrameSequence, Image
from segsmith.errors import UserError

CLASSES = Classes(("one", "two", "three"), ((255, 0, 0), (0, 255, 0), (0, 0, 255)))


def picture(seed: int, height: int = 40, width: int = 56) -> Image:
    """Smooth enough to be resampled by two ways alike, with strong colours."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def labels(seed: int, height: int = 40, width: int = 56) -> Image:
    coarse = np.random.default_rng(seed).choice(np.array([0, 1, 2, VOID], np.uint8), (height // 8 + 1, width // 8 + 1))
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


@dataclass(frozen=True)
class MemoryReader:
    """Reads ``seed/height/width``."""

    def image(self, frame: Frame) -> Image:
        return picture(*map(int, frame.image.split("/")))

    def mask(self, frame: Frame) -> Image | None:
        return labels(*map(int, frame.mask.split("/"))) if frame.mask else None


def memory_set(sequences: int = 3, frames: int = 4, height: int = 40, width: int = 56, label_every: int = 1) -> Dataset:
    def frame(sequence: int, index: int) -> Frame:
        source = f"{sequence * frames + index}/{height}/{width}"
        return Frame(f"s{sequence}_{index}", source, source if index % label_every == 0 else "", index)

    made = tuple(
        FrameSequence(f"s{sequence}", tuple(frame(sequence, index) for index in range(frames)))
        for sequence in range(sequences)
    )
    return Dataset("memory:", "as made", CLASSES, {"train": made}, MemoryReader())


@dataclass(frozen=True)
class FileReader:
    """Reads PNG files; writes a line in ``log`` for each decoded one, and dies at ``dies_at``."""

    log: str = ""
    dies_at: str = ""
    pause_s: float = 0.0

    def __repr__(self) -> str:
        return "FileReader()"  # how it is watched changes nothing about what it reads

    def image(self, frame: Frame) -> Image:
        if self.dies_at and frame.image.endswith(self.dies_at):
            os._exit(9)
        time.sleep(self.pause_s)
        if self.log:
            with Path(self.log).open("a") as log:
                log.write(f"{frame.name}\n")
        return read(frame.image, cv2.IMREAD_COLOR)

    def mask(self, frame: Frame) -> Image | None:
        return read(frame.mask, cv2.IMREAD_GRAYSCALE) if frame.mask else None


def read(file: str, mode: int) -> Image:
    pixels = cv2.imread(file, mode)
    if pixels is None:
        raise UserError("the file cannot be read", fix="copy it again", path=file)
    return np.asarray(pixels, np.uint8)


def file_set(
    folder: Path, count: int = 6, sizes: tuple[tuple[int, int], ...] = ((40, 56),), reader: FileReader | None = None
) -> Dataset:
    """Frames in files, the first of every three unlabelled; written where they are missing."""
    frames = []
    for index in range(count):
        image, mask = folder / f"{index}.png", folder / f"{index}_mask.png"
        if not image.exists():
            height, width = sizes[index % len(sizes)]
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(image), picture(index, height, width))
            cv2.imwrite(str(mask), labels(index, height, width))
        frames.append(Frame(f"f{index}", str(image), str(mask) if index % 3 else "", index))
    splits = {"train": (FrameSequence("only", tuple(frames)),)}
    return Dataset("files:", "as written", CLASSES, splits, reader or FileReader())
