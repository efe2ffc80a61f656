"""Where the player's frames come from: a video file, a folder of pictures, a camera, or raw bytes."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import av
import cv2
import numpy as np

from segsmith.data.base import Image
from segsmith.data.listing import list_pictures, require_pictures
from segsmith.data.pictures_io import read_frame
from segsmith.data.video import open_video, opened, upright
from segsmith.errors import UserError

RATE = 30.0
"""Frames a second where a source has no clock of its own."""


class Source(Protocol):
    """``frames`` may be asked for once. ``count`` is 0 where nobody knows it; ``troubles`` grows while it is read."""

    rate: float
    troubles: list[str]

    @property
    def count(self) -> int: ...

    def frames(self) -> Iterator[tuple[str, Image]]:
        """Names and frames, uint8 RGB."""
        ...


@dataclass
class VideoFile:
    path: Path
    count: int
    rate: float
    troubles: list[str] = field(default_factory=list)

    def frames(self) -> Iterator[tuple[str, Image]]:
        """As far as the file can be decoded."""
        done = 0
        with opened(self.path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            try:
                for frame in container.decode(stream):
                    yield f"{done:06d}", upright(frame.to_ndarray(format="rgb24"), frame.rotation)
                    done += 1
            except av.FFmpegError as error:
                self.troubles.append(f"{self.path}: after frame {done} it cannot be decoded ({error.strerror})")
                return
        if done < self.count:
            self.troubles.append(f"{self.path}: only {done} of {self.count} frames can be decoded (it ends there)")


@dataclass
class Folder:
    """Pictures in the order of their names; one that cannot be read is left out and said."""

    paths: tuple[tuple[str, Path], ...]
    rate: float = RATE
    troubles: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.paths)

    def frames(self) -> Iterator[tuple[str, Image]]:
        for name, path in self.paths:
            try:
                yield name.replace("/", "_"), read_frame(path)
            except UserError as error:
                self.troubles.append(f"{error}; left out")


@dataclass
class Camera:
    index: int
    rate: float = RATE
    count: int = 0
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self._capture = cv2.VideoCapture(self.index)
        cv2.utils.logging.setLogLevel(level)
        if not self._capture.isOpened():
            raise UserError(f"there is no camera {self.index}", fix="give another number, a file or a folder")
        self.rate = self._capture.get(cv2.CAP_PROP_FPS) or RATE

    def frames(self) -> Iterator[tuple[str, Image]]:
        done = 0
        while True:
            there, frame = self._capture.read()
            if not there:
                self.troubles.append(f"camera {self.index} gave no more frames after {done}")
                return
            yield f"{done:06d}", np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
            done += 1


@dataclass
class Raw:
    """Bytes, one RGB frame after the other."""

    size: tuple[int, int]
    stream: BinaryIO
    rate: float = RATE
    count: int = 0
    troubles: list[str] = field(default_factory=list)

    def frames(self) -> Iterator[tuple[str, Image]]:
        height, width = self.size
        done, wanted = 0, height * width * 3
        while data := self.stream.read(wanted):
            if len(data) < wanted:
                self.troubles.append(f"the last frame has {len(data)} of {wanted} bytes; left out")
                return
            yield f"{done:06d}", np.frombuffer(data, np.uint8).reshape(height, width, 3)
            done += 1


def open_source(text: str, size: tuple[int, int] | None = None) -> Source:
    """``-`` is raw frames on stdin, a number is a camera, anything else a file or a folder."""
    if text == "-":
        if size is None:
            raise UserError("raw frames have no size", fix="--size HEIGHTxWIDTH")
        return Raw(size, sys.stdin.buffer)
    if text.isdecimal() and not Path(text).exists():
        return Camera(int(text))
    path = Path(text)
    if path.is_dir():
        listing = require_pictures(list_pictures(path), "frames")
        folder = Folder(tuple((name, Path(picture)) for name, picture in listing.files.items()))
        folder.troubles += [f"{fault.file}: {fault.what}" for fault in listing.faults]
        return folder
    dataset = open_video(path, text)
    return VideoFile(path, len(dataset.frames("all")), dataset.rate_hz or RATE)
