"""Video through a network: reading, answering and writing overlap in three threads."""

import threading
import time
from collections import deque
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
LAST = 10_000
"""Percentiles are those of so many frames, the last ones."""

PERCENTILES = (50, 95, 99)
COLUMNS = ("total_s", *(f"p{one}_ms" for one in PERCENTILES))


@dataclass
class Clock:
    """What a stage took: in total, and for each of the last frames, so that a camera may run for weeks."""

    total: float = 0.0
    last: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))

    @contextmanager
    def timing(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        taken = time.perf_counter() - start
        self.total += taken
        self.last.append(taken)

    def record(self) -> dict[str, float]:
        if not self.last:
            return {}
        found = [self.total, *(np.percentile(np.array(self.last), PERCENTILES) * 1000)]
        return {name: round(float(value), 3) for name, value in zip(COLUMNS, found, strict=True)}


@dataclass
class Tally:
    """The clock of each stage, and what else a person wants to know at the end."""

    clocks: dict[str, Clock] = field(default_factory=lambda: {stage: Clock() for stage in STAGES})
    frames: int = 0
    keys: int = 0
    dropped: int = 0
    wall: float = 0.0
    stopped: bool = False

    def record(self) -> dict[str, Any]:
        stages = {stage: clock.record() for stage, clock in self.clocks.items()}
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
    """``live`` leaves out frames that come while the network is busy. ``watch`` is told after every frame written."""

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
        shots = self.source.shots()
        began = time.perf_counter()
        wanted = True
        while wanted:
            with self.tally.clocks["read"].timing():
                found = next(shots, END)
            if found is END:
                _put(self._read, END, lambda: not self._over.is_set())
                return
            if self.live and self.source.count:
                # a file stands for a camera only if it is read at its own pace
                time.sleep(max(0.0, began + found.time - time.perf_counter()))
            wanted = self._hand_over(found)

    def _hand_over(self, found: Any) -> bool:
        if not self.live:
            return _put(self._read, found, lambda: not self._over.is_set())
        while not self._over.is_set():
            try:
                self._read.put_nowait(found)
                return True
            except Full:
                self._drop()
        return False

    def _drop(self) -> None:
        """The frame that has waited, not the one that comes: what is answered is never older than it must be."""
        try:
            self._read.get_nowait()
            self.tally.dropped += 1
        except Empty:
            return

    def _answering(self) -> None:
        while not self._over.is_set():
            try:
                shot = self._read.get(timeout=PATIENCE)
            except Empty:
                continue
            if shot is END:
                return
            with self.tally.clocks["answer"].timing():
                mask = self.stream(shot.image)
            if not _put(self._answered, (shot, mask, self.stream.age == 0), lambda: not self._over.is_set()):
                return

    def _writing(self) -> None:
        while (found := self._answered.get()) is not END:
            with self.tally.clocks["write"].timing():
                shot, mask, key = found
                for sink in self.sinks:
                    sink.write(shot, mask)
            # what is counted is there, whatever stops it
            self.tally.frames, self.tally.keys = self.tally.frames + 1, self.tally.keys + key
            self.watch(self.tally)

    def _guarded(self, stage: Callable[[], None]) -> None:
        """An error in a thread ends all of them, and is raised where the player was called."""
        try:
            stage()
        except BaseException as error:  # Ctrl-C, too: play() raises it again
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
