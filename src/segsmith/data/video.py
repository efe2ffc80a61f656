"""Frames without labels: a video file, or a folder of pictures."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from segsmith.data.base import Classes, Dataset, Frame, FrameSequence, Image
from segsmith.data.labels import LabelRules
from segsmith.data.listing import by_prefix, list_pictures, require_pictures, sequences
from segsmith.data.reader import PictureReader
from segsmith.errors import UserError

KEPT = 16
"""Decoded frames that are kept for those who ask again, or a little out of order."""
NOTHING = Classes((), ())


@dataclass
class VideoReader:
    """Decodes in order; a frame further back starts the file again, so that frame i is always the i-th one.

    Safe to share between threads, which take turns. ``stamp`` tells one content under the same path from another.
    """

    path: str
    count: int
    stamp: tuple[int, int]
    _kept: OrderedDict[int, Image] = field(default_factory=OrderedDict, init=False, repr=False, compare=False)
    _frames: Iterator[Image] | None = field(default=None, init=False, repr=False, compare=False)
    _next: int = field(default=0, init=False, repr=False, compare=False)
    _broken: str = field(default="", init=False, repr=False, compare=False)
    _turn: Any = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[type["VideoReader"], tuple[str, int, tuple[int, int]]]:
        return VideoReader, (self.path, self.count, self.stamp)

    def image(self, frame: Frame) -> Image:
        with self._turn:
            return self._image(int(frame.image))

    def mask(self, frame: Frame) -> Image | None:
        return None

    def _image(self, wanted: int) -> Image:
        if wanted in self._kept:
            return self._kept[wanted]
        if self._broken and wanted >= self._next:
            raise UserError(self._broken, fix="copy it again, or convert it with ffmpeg", path=self.path)
        if self._frames is None or wanted < self._next:
            self._frames, self._next = _decode(Path(self.path)), 0
            self._kept.clear()
        while self._next <= wanted:
            self._kept[self._next] = self._decode_next()
            self._next += 1
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[wanted]

    def _decode_next(self) -> Image:
        """The next picture; where there is none, the file is not tried again for those behind it."""
        assert self._frames is not None
        try:
            return next(self._frames)
        except StopIteration:
            reason = "it ends there"
        except av.FFmpegError as error:
            reason = str(error.strerror)
        self._broken = f"only the first {self._next} of {self.count} frames can be decoded ({reason})"
        raise UserError(self._broken, fix="copy it again, or convert it with ffmpeg", path=self.path)


def open_video(path: Path, name: str) -> Dataset:
    if not path.exists():
        raise UserError("does not exist", fix="name a video file or a folder of frames", path=path)
    return _open_frames(path, name) if path.is_dir() else _open_file(path, name)


def _open_file(path: Path, name: str) -> Dataset:
    count, rate = _count(path)
    state = path.stat()
    frames = tuple(Frame(f"{path.stem}_{place:06d}", str(place), index=place) for place in range(count))
    reader = VideoReader(str(path), count, (state.st_size, state.st_mtime_ns))
    splits = {"all": (FrameSequence(path.stem, frames),)}
    return Dataset(name, "video without labels", NOTHING, splits, reader, rate, (f"{count} frames at {rate:g} Hz",))


def _open_frames(path: Path, name: str) -> Dataset:
    """A subfolder is a sequence."""
    listing = require_pictures(list_pictures(path), "frames")
    folders: dict[str, list[Frame]] = {}
    for stem, picture in listing.files.items():
        folders.setdefault(stem.rpartition("/")[0], []).append(Frame(stem, str(picture)))
    found: list[FrameSequence] = []
    for folder, frames in folders.items():
        found += sequences(folder, frames) if folder else by_prefix(frames, path.name)
    reader = PictureReader(LabelRules((), {}, {}))
    return Dataset(name, "frames without labels", NOTHING, {"all": tuple(found)}, reader, faults=listing.faults)


def _count(path: Path) -> tuple[int, float]:
    """How many frames the file announces, and how many a second; read from the packets, without decoding."""
    if path.stat().st_size == 0:
        raise UserError("an empty file (0 bytes)", fix="copy or download it again", path=path)
    with opened(path) as container:
        stream = container.streams.video[0]
        try:
            count = sum(1 for packet in container.demux(stream) if packet.size and not packet.is_discard)
        except av.FFmpegError as error:
            raise _broken(path, error) from error
        if count == 0:
            raise UserError("a video without frames", fix="record or convert it again", path=path)
        return count, float(stream.average_rate or 0)


def _decode(path: Path) -> Iterator[Image]:
    with opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            yield upright(frame.to_ndarray(format="rgb24"), frame.rotation)


def upright(image: Image, rotation: int) -> Image:
    """Turned as the file asks for: phones store a frame as the sensor saw it, and an angle (counter-clockwise)."""
    return np.ascontiguousarray(np.rot90(image, round(rotation / 90) % 4)) if rotation else image


def opened(path: Path) -> Any:
    try:
        container = av.open(str(path), metadata_errors="replace")
    except av.FFmpegError as error:
        raise _broken(path, error) from error
    if not container.streams.video:
        container.close()
        raise UserError("a media file without pictures", fix="name a video file or a folder of frames", path=path)
    return container


def _broken(path: Path, error: av.FFmpegError) -> UserError:
    if isinstance(error, PermissionError):
        return UserError("may not be read", fix="change the file's permissions", path=path)
    return UserError(f"not a whole video: {error.strerror}", fix="copy it again, or convert it with ffmpeg", path=path)
