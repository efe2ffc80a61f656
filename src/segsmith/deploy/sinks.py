"""Where the player's pictures go: a video, a folder, raw bytes, a window."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import av
import cv2
import numpy as np
from PIL import Image as Pillow

from segsmith.data.base import Classes, Image
from segsmith.data.film import Film
from segsmith.data.pictures import legend, overlay, side_by_side
from segsmith.deploy.sources import Shot
from segsmith.errors import UserError

VIDEOS = (".mp4", ".m4v", ".mov")
FOLDERS = ("overlay", "index")
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


class Sink(Protocol):
    def write(self, shot: Shot, mask: Image) -> None: ...

    def close(self) -> None:
        """What was written stays, and can be played."""
        ...


@dataclass
class Painter:
    """A frame and its mask as one picture: overlay, on wish only the lines, beside the frame, with a legend."""

    classes: Classes
    contour: bool = False
    beside: bool = False
    legend: bool = True
    _strip: Image | None = field(default=None, init=False)

    def __call__(self, frame: Image, mask: Image) -> Image:
        picture = overlay(frame, mask, self.classes, contour=self.contour)
        if self.beside:
            picture = side_by_side(frame, picture, gap=0)
        if not self.legend:
            return picture
        if self._strip is None or self._strip.shape[1] != picture.shape[1]:
            self._strip = legend(self.classes, picture.shape[1])
        return np.vstack([picture, self._strip])


class VideoSink:
    """H.264. Frames of another size than the first are brought to it."""

    def __init__(self, path: Path, rate: float, paint: Painter) -> None:
        self.path, self.paint = path, paint
        self.film = Film(path, rate)
        self._size: tuple[int, int] | None = None

    def write(self, shot: Shot, mask: Image) -> None:
        picture = self.paint(shot.image, mask)
        height, width = self._size = self._size or (picture.shape[0], picture.shape[1])
        if picture.shape[:2] != (height, width):
            picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        with told(self.path):
            self.film.write(picture, shot.time)

    def close(self) -> None:
        with told(self.path):
            self.film.close()


@dataclass
class FolderSink:
    """A PNG for each frame: class numbers, or pictures."""

    path: Path
    paint: Painter | None

    def __post_init__(self) -> None:
        with told(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    def write(self, shot: Shot, mask: Image) -> None:
        place = self.path / f"{shot.name}.png"
        beside = self.path / f".{shot.name}.part"
        with told(place):
            Pillow.fromarray(self.paint(shot.image, mask) if self.paint else mask).save(beside, format="png")
            os.replace(beside, place)

    def close(self) -> None:
        for left in self.path.glob(".*.part"):
            left.unlink()


@dataclass
class RawSink:
    """Class maps, one byte a pixel, one frame after the other."""

    stream: BinaryIO

    def write(self, shot: Shot, mask: Image) -> None:
        try:
            self.stream.write(np.ascontiguousarray(mask).data)
        except BrokenPipeError:
            raise UserError("whoever reads the class maps has gone", fix="read until the end") from None
        except OSError as error:
            raise UserError(f"class maps cannot be written: {error.strerror}", fix="make room") from None

    def close(self) -> None:
        try:
            self.stream.flush()
        except BrokenPipeError:
            return


@dataclass
class Window:
    """Shown beside being written; q closes it and ends the run."""

    paint: Painter

    def __post_init__(self) -> None:
        # some builds of OpenCV end the process where they find no display
        if sys.platform == "linux" and not any(os.environ.get(name) for name in DISPLAYS):
            raise UserError("there is no display", fix="write to a file instead: -o OUT.mp4")

    def write(self, shot: Shot, mask: Image) -> None:
        picture = cv2.cvtColor(self.paint(shot.image, mask), cv2.COLOR_RGB2BGR)
        try:
            cv2.imshow("segsmith", picture)
            if cv2.waitKey(1) & 0xFF == ord("q"):
                raise KeyboardInterrupt
        except cv2.error:
            fix = "install opencv-python in the place of opencv-python-headless, or write to a file"
            raise UserError("this build of OpenCV has no windows", fix=fix) from None

    def close(self) -> None:
        return


class told:
    """A file that cannot be written is the user's affair, and named."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (OSError, av.FFmpegError)):
            reason = error.strerror or str(error)
            fix = "what was written before is there; make room, or choose another place"
            raise UserError(f"cannot be written: {reason}", fix=fix, path=self.path) from None


def open_sink(text: str, rate: float, paint: Painter, kind: str) -> Sink:
    """``-`` is class maps on stdout, a name with a video's ending a video, anything else a folder."""
    if text == "-":
        return RawSink(sys.stdout.buffer)
    path = Path(text)
    if path.suffix.lower() in VIDEOS:
        return VideoSink(path, rate, paint)
    if path.suffix and not path.is_dir():
        raise UserError(f"cannot write {path.suffix} files", fix=f"give a folder, -, or {', '.join(VIDEOS)}", path=path)
    return FolderSink(path, paint if kind == "overlay" else None)
