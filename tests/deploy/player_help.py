"""Films to play, a stream that plays them, and a camera that never ends."""

from collections.abc import Iterator
from pathlib import Path

import av
from export_help import picture
from stream_help import Counting

from segsmith.data.base import Classes
from segsmith.data.film import Film
from segsmith.deploy.player import Player, Tally
from segsmith.deploy.sinks import Painter
from segsmith.deploy.sources import Shot, Source
from segsmith.deploy.streams import Stream, Streams, When

PAINT = Painter(Classes(("road", "car"), ((128, 64, 128), (0, 0, 142))))


def film(path: Path, frames: int = 30, size: tuple[int, int] = (48, 64)) -> Path:
    with Film(path, 30) as out:
        for n in range(frames):
            out.write(picture(n, size))
    return path


def count(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def stream() -> Stream:
    return Stream(Streams(Counting(), 1, When(every=5)))


def play(source: Source, sink: object, **options: bool) -> Tally:
    return Player(source, stream(), [sink], **options).play()


class Endless:
    rate, count = 30.0, 0

    def __init__(self) -> None:
        self.troubles: list[str] = []

    def shots(self) -> Iterator[Shot]:
        n = 0
        while True:
            yield Shot(f"{n:06d}", picture(n, (48, 64)), n / self.rate)
            n += 1
