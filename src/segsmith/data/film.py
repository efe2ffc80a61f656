"""Writing H.264 video."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from segsmith.data.base import Image
from segsmith.errors import UserError


class Film:
    """Frames into an mp4 that any player takes: sides are cut to even numbers, which the format asks for.

    Where something stops it half way, closing it keeps what was written, and that plays.
    """

    def __init__(self, path: Path, rate: float, quality: int = 20) -> None:
        self.path, self.rate, self.quality = path, Fraction(rate).limit_denominator(1000), quality
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._container = av.open(str(path), "w", format="mp4")
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
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
            self._stream = None
        self._container.close()

    def _open(self, height: int, width: int) -> av.VideoStream:
        self._stream = self._container.add_stream("libx264", rate=self.rate, options={"crf": str(self.quality)})
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        return self._stream
