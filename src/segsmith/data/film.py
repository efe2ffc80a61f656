"""Writing H.264 video."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np

from segsmith.data.base import Image
from segsmith.errors import UserError

FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
FRAGMENT_SECONDS = 2
"""At most so much of a film is lost when it is killed."""

TICKS = 90000
"""A second of film: every usual rate is a whole number of ticks."""

PRESET = "veryfast"
"""Files as small as x264's default makes them for half its time, which a network on the same machine can use."""


class Film:
    """Frames into an mp4 that any player takes: sides are cut to even numbers, which the format asks for.

    It gets its name when it is closed. What was written until something stopped it plays, also if that was a full
    disk or a kill: it is written in fragments (until it is closed, as ``.NAME.part``).
    """

    def __init__(self, path: Path, rate: float, quality: int = 20) -> None:
        self.path, self.quality = path, quality
        self.rate = Fraction(rate).limit_denominator(1001)  # 30000/1001 and its kind
        self._beside = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._beside), "w", format="mp4", options=FRAGMENTS)
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", fix="choose another place", path=path) from None
        self._stream: av.VideoStream | None = None
        self._last = -1
        self._next: Fraction | float = Fraction(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, frame: Image, seconds: float | None = None) -> None:
        """``seconds`` since the film began; without, one frame follows the other at the film's rate."""
        height, width = frame.shape[0] // 2 * 2, frame.shape[1] // 2 * 2
        stream = self._stream or self._open(height, width)
        # OpenCV takes a fifth of the time that FFmpeg's own conversion takes
        even = np.ascontiguousarray(frame[:height, :width])
        planes = np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2YUV_I420), np.uint8)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = self._place(seconds), Fraction(1, TICKS)
        self._container.mux(stream.encode(picture))

    def close(self) -> None:
        stream, self._stream = self._stream, None
        try:
            try:
                if stream is not None:
                    self._container.mux(stream.encode(None))
            finally:
                self._container.close()
        finally:
            if stream is not None:
                self._beside.replace(self.path)
            else:
                self._beside.unlink(missing_ok=True)

    def _open(self, height: int, width: int) -> av.VideoStream:
        options = {"crf": str(self.quality), "preset": PRESET, "g": str(max(1, round(FRAGMENT_SECONDS * self.rate)))}
        self._stream = self._container.add_stream("libx264", rate=self.rate, options=options)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS)
        return self._stream

    def _place(self, seconds: float | None) -> int:
        """In ticks, behind the frame before whatever its clock says."""
        wanted = self._next if seconds is None else seconds * TICKS
        place = max(round(wanted), self._last + 1)
        self._last, self._next = place, wanted + TICKS / self.rate
        return place
