"""Writing H.264 video."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from segsmith.data.base import Image
from segsmith.errors import UserError

FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
FRAGMENT_SECONDS = 2
"""At most so much of a film is lost when it is killed."""


class Film:
    """Frames into an mp4 that any player takes: sides are cut to even numbers, which the format asks for.

    It gets its name when it is closed. What was written until something stopped it plays, also if that was a full
    disk or a kill: it is written in fragments (until it is closed, as ``.NAME.part``).
    """

    def __init__(self, path: Path, rate: float, quality: int = 20) -> None:
        self.path, self.rate, self.quality = path, Fraction(rate).limit_denominator(1000), quality
        self._beside = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._beside), "w", format="mp4", options=FRAGMENTS)
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", fix="choose another place", path=path) from None
        self._stream: av.VideoStream | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, frame: Image) -> None:
        height, width = frame.shape[0] // 2 * 2, frame.shape[1] // 2 * 2
        stream = self._stream or self._open(height, width)
        picture = av.VideoFrame.from_ndarray(frame[:height, :width].copy(), format="rgb24")
        self._container.mux(stream.encode(picture))

    def close(self) -> None:
        stream, self._stream = self._stream, None
        try:
            if stream is not None:
                self._container.mux(stream.encode(None))
            self._container.close()
        finally:
            if stream is not None:
                self._beside.replace(self.path)
            else:
                self._beside.unlink(missing_ok=True)

    def _open(self, height: int, width: int) -> av.VideoStream:
        options = {"crf": str(self.quality), "g": str(max(1, round(FRAGMENT_SECONDS * self.rate)))}
        self._stream = self._container.add_stream("libx264", rate=self.rate, options=options)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        return self._stream
