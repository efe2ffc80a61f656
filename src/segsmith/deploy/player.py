"""Video through a network: reading, answering and writing overlap in three threads."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from typing import Any

import numpy as np

from segsmith.deploy.sinks import Sink
from segsmith.deploy.sources import Source
from segsmith.deploy.streams import Stream
from segsmith.errors import UserError

ROOM = 8
"""Frames that wait between two stages: a stage that falters does not stop the others, and memory stays flat."""

END = None
PATIENCE = 0.2
STAGES = ("read", "answer", "write")


@dataclass
class Tally:
    """Seconds of each stage for each frame, and what else a person wants to know at the end."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    frames: int = 0
    keys: int = 0
    dropped: int = 0
    wall: float = 0.0
    stopped: bool = False

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage].append(time.perf_counter() - start)

    def record(self) -> dict[str, Any]:
        stages = {stage: _percentiles(values) for stage, values in self.seconds.items()}
        rate = self.frames / self.wall if self.wall else 0.0
        return {
            "frames": self.frames,
            "key_frames": self.keys,
            "dropped": self.dropped,
            "seconds": round(self.wall, 3),
            "fps": round(rate, 2),
            "stages": stages,
            "stopped": self.stopped,
        }


@dataclass
class Player:
    """``live`` leaves out frames that come while the network is busy. ``watch`` is told after every frame."""

    source: Source
    stream: Stream
    sinks: list[Sink]
    live: bool = False
    watch: Callable[[Tally], None] = lambda tally: None
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._read: Queue[Any] = Queue(1 if self.live else ROOM)
        self._answered: Queue[Any] = Queue(ROOM)
        self._over = threading.Event()
        self._errors: list[BaseException] = []

    def play(self) -> Tally:
        """To the end, or to Ctrl-C; what was answered is written in any case."""
        reader = threading.Thread(target=self._guarded, args=(self._reading,), daemon=True)
        writer = threading.Thread(target=self._guarded, args=(self._writing,), daemon=True)
        start = time.perf_counter()
        reader.start()
        writer.start()
        try:
            self._answering()
        except KeyboardInterrupt:
            self.tally.stopped = True
        finally:
            self._over.set()
            _put(self._answered, END, lambda: writer.is_alive())
            writer.join()
            self.tally.wall = time.perf_counter() - start
            self._close()
        if self._errors:
            if isinstance(self._errors[0], KeyboardInterrupt):
                self.tally.stopped = True
            else:
                raise self._errors[0]
        return self.tally

    def _reading(self) -> None:
        frames = self.source.frames()
        began = time.perf_counter()
        wanted, place = True, 0
        while wanted:
            with self.tally.timing("read"):
                found = next(frames, END)
            if found is END:
                _put(self._read, END, lambda: not self._over.is_set())
                return
            if self.live and self.source.count:
                # a file stands for a camera only if it is read at its own pace
                time.sleep(max(0.0, began + place / self.source.rate - time.perf_counter()))
            wanted, place = self._hand_over(found), place + 1

    def _hand_over(self, found: Any) -> bool:
        if not self.live:
            return _put(self._read, found, lambda: not self._over.is_set())
        try:
            self._read.put_nowait(found)
        except Full:
            self.tally.dropped += 1
        return not self._over.is_set()

    def _answering(self) -> None:
        size: tuple[int, ...] | None = None
        while not self._over.is_set():
            try:
                found = self._read.get(timeout=PATIENCE)
            except Empty:
                continue
            if found is END:
                return
            name, frame = found
            if size is not None and frame.shape != size:
                self.stream.reset()
            size = frame.shape
            with self.tally.timing("answer"):
                mask = self.stream(frame)
            self.tally.frames, self.tally.keys = self.stream.frames, self.stream.keys
            if not _put(self._answered, (name, frame, mask), lambda: not self._over.is_set()):
                return
            self.watch(self.tally)

    def _writing(self) -> None:
        while (found := self._answered.get()) is not END:
            with self.tally.timing("write"):
                name, frame, mask = found
                for sink in self.sinks:
                    sink.write(name, frame, mask)

    def _guarded(self, stage: Callable[[], None]) -> None:
        """An error in a thread ends all of them, and is raised where the player was called."""
        try:
            stage()
        except BaseException as error:  # play() raises it again
            self._errors.append(error)
            self._over.set()

    def _close(self) -> None:
        for sink in self.sinks:
            try:
                sink.close()
            except UserError as error:
                self._errors.append(error)


def _put(queue: "Queue[Any]", value: Any, wanted: Callable[[], bool]) -> bool:
    """Put it there as soon as there is room, as long as it is wanted; whether it was."""
    while wanted():
        try:
            queue.put(value, timeout=PATIENCE)
        except Full:
            continue
        return True
    return False


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    found = np.percentile(np.array(values) * 1000, (50, 95, 99))
    names = ("p50_ms", "p95_ms", "p99_ms")
    return {"total_s": round(sum(values), 3)} | {n: round(float(v), 3) for n, v in zip(names, found, strict=True)}
