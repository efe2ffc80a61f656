"""Where the player's frames come from: a video file, a folder of pictures, a camera, or raw bytes."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

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

MISSING = 1.0
"""Seconds by which a film may end before it said it would: its last picture may be meant to stand."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame, uint8 RGB, and when it was taken, in seconds since the first."""

    name: str
    image: Image
    time: float


class Source(Protocol):
    """``shots`` may be asked for once. ``count`` is 0 where nobody knows it; ``troubles`` grows while it is read."""

    rate: float
    troubles: list[str]

    @property
    def count(self) -> int: ...

    def shots(self) -> Iterator[Shot]: ...


@dataclass
class VideoFile:
    """``count`` is what the file holds packets for; its index may announce more."""

    path: Path
    count: int
    rate: float
    troubles: list[str] = field(default_factory=list)
    _damaged: int = field(default=0, init=False)

    def shots(self) -> Iterator[Shot]:
        """All that can be decoded: what is damaged is left out, and it goes on behind it."""
        done, first, last = 0, 0.0, 0.0
        corrupt: int | None = None
        with opened(self.path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            announced, length = max(self.count, stream.frames), seconds_of(container)
            for frame in self._decoded(container):
                when = done / self.rate if frame.time is None else frame.time
                first = first if done else when
                last = when - first
                if frame.is_corrupt and corrupt is None:
                    corrupt = done
                yield Shot(f"{done:06d}", upright(frame.to_ndarray(format="rgb24"), frame.rotation), last)
                done += 1
        if done < announced:
            why = f"{self._damaged} are damaged" if self._damaged else "it ends there"
            self.troubles.append(f"{self.path}: only {done} of {announced} frames can be decoded ({why})")
        elif length - last > MISSING:
            self.troubles.append(f"{self.path}: it ends after {last:.1f} of {length:.1f} seconds")
        elif corrupt is not None:
            self.troubles.append(f"{self.path}: damaged at frame {corrupt}; shown as far as it can be decoded")

    def _decoded(self, container: Any) -> Iterator[Any]:
        packets = container.demux(container.streams.video[0])
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
            except av.EOFError:
                return
            except av.FFmpegError:
                self._damaged += 1


@dataclass
class Folder:
    """Pictures in the order of their names; one that cannot be read is left out and said."""

    paths: tuple[tuple[str, Path], ...]
    rate: float = RATE
    troubles: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.paths)

    def shots(self) -> Iterator[Shot]:
        for place, (name, path) in enumerate(self.paths):
            try:
                yield Shot(name.replace("/", "_"), read_frame(path), place / self.rate)
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

    def shots(self) -> Iterator[Shot]:
        done, began = 0, time.perf_counter()
        while True:
            there, frame = self._capture.read()
            if not there:
                self.troubles.append(f"camera {self.index} gave no more frames after {done}")
                return
            now = time.perf_counter() - began
            yield Shot(f"{done:06d}", np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8), now)
            done += 1


@dataclass
class Raw:
    """Bytes, one RGB frame after the other."""

    size: tuple[int, int]
    stream: BinaryIO
    rate: float = RATE
    count: int = 0
    troubles: list[str] = field(default_factory=list)

    def shots(self) -> Iterator[Shot]:
        height, width = self.size
        done, wanted = 0, height * width * 3
        while data := self.stream.read(wanted):
            if len(data) < wanted:
                self.troubles.append(f"the last frame has {len(data)} of {wanted} bytes; left out")
                return
            yield Shot(f"{done:06d}", np.frombuffer(data, np.uint8).reshape(height, width, 3), done / self.rate)
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


def seconds_of(container: Any) -> float:
    """How long the pictures should last, or 0 where the file does not say: other streams may be longer."""
    stream = container.streams.video[0]
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base if len(container.streams) == 1 else 0.0
