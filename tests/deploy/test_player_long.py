"""Long films need no more memory than short ones, and films that are played at once never mix what they carry."""

import mmap
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from export_help import SIZE, picture

from segsmith.data.base import Classes, Image
from segsmith.deploy.model import Model, load_model
from segsmith.deploy.player import Player
from segsmith.deploy.sinks import Painter, Sink, VideoSink
from segsmith.deploy.sources import Shot

PAINT = Painter(Classes(tuple("abcde"), tuple((40 * i, 255 - 40 * i, 9) for i in range(5))))
FRAMES = 3000
EARLY = 600
STATM = Path("/proc/self/statm")
ROOM_MB = 24
"""Less than 40 frames of three seconds of film; what is kept of every frame would be many times that."""

Exports = Mapping[str, Mapping[str, Path]]


class Moving:
    """Frames that differ from those of any other ``start``."""

    rate = 30.0

    def __init__(self, start: int, count: int) -> None:
        self.start, self.count = start, count
        self.troubles: list[str] = []

    def shots(self) -> Iterator[Shot]:
        kept = [picture(self.start + n) for n in range(min(self.count, 60))]
        for n in range(self.count):
            yield Shot(f"{n:06d}", kept[n % len(kept)], n / self.rate)


class Kept:
    def __init__(self) -> None:
        self.masks: list[Image] = []

    def write(self, shot: Shot, mask: Image) -> None:
        self.masks.append(mask)

    def close(self) -> None:
        return


class Scale:
    """The process's memory in MB behind some of the frames."""

    def __init__(self) -> None:
        self.found: dict[int, float] = {}
        self._done = 0

    def write(self, shot: Shot, mask: Image) -> None:
        self._done += 1
        if self._done % 100 == 0:
            self.found[self._done] = resident()

    def close(self) -> None:
        return


def resident() -> float:
    return int(STATM.read_text().split()[1]) * mmap.PAGESIZE / 2**20


def played(model: Model, start: int, sink: Sink) -> None:
    Player(Moving(start, 40), model.stream(key_every=7), [sink]).play()


@pytest.mark.slow
@pytest.mark.skipif(not STATM.exists(), reason="reads a process's memory as Linux tells it")
def test_memory_stays_flat(exported: Exports, tmp_path: Path) -> None:
    model, scale = load_model(exported["onnx"]["key"], threads=1), Scale()
    sinks: list[Sink] = [VideoSink(tmp_path / "out.mp4", 30, PAINT), scale]
    Player(Moving(0, FRAMES), model.stream(), sinks).play()
    early = max(megabytes for frame, megabytes in scale.found.items() if frame <= EARLY)
    late = max(megabytes for frame, megabytes in scale.found.items() if frame > FRAMES - EARLY)
    assert late - early < ROOM_MB


@pytest.mark.parametrize("target", ["onnx", "openvino", "torch-export"])
def test_films_played_at_once_are_answered_as_each_alone(exported: Exports, target: str) -> None:
    """By one model, in two threads."""
    model = load_model(exported[target]["key"], threads=1)
    starts = (0, 100)
    alone, together = [Kept() for _ in starts], [Kept() for _ in starts]
    for start, sink in zip(starts, alone, strict=True):
        played(model, start, sink)
    threads = [threading.Thread(target=played, args=(model, *one)) for one in zip(starts, together, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        assert len(other.masks) == 40
        assert np.array_equal(np.stack(one.masks), np.stack(other.masks))
    assert not np.array_equal(np.stack(alone[0].masks), np.stack(alone[1].masks))


def test_streams_in_one_batch_are_answered_as_each_alone(exported: Exports) -> None:
    model = load_model(exported["onnx"]["key"], threads=1)
    films = [[picture(start + n) for n in range(16)] for start in (0, 100, 200)]
    streams = model.streams(3, key_every=5)
    masks = [streams(list(frames)) for frames in zip(*films, strict=True)]
    for place, film in enumerate(films):
        alone = model.stream(key_every=5)
        found = np.stack([mask[place] for mask in masks])
        assert np.mean(found == np.stack([alone(frame) for frame in film])) > 0.999
    assert masks[0][0].shape == SIZE
