"""Video as it comes: a frame in, its class map out, key frames by period or where the scene changes."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.errors import UserError
from segsmith.runtimes.graphs import STEP
from segsmith.runtimes.runner import Frames, Memory, Runner, join

GRID = (16, 12)
"""Scenes are compared by the means of frames over so many columns and rows: the same for every runtime, and known
before the frame is run."""

STRIDE = 4
"""Of the frame's pixels a scene's glimpse reads one in so many, each way: it costs microseconds."""

Glimpse = npt.NDArray[np.float32]
Turn = AbstractContextManager[Any]


@dataclass(frozen=True, slots=True)
class When:
    """When a key frame comes: every so many frames; or, with ``change``, when the picture has moved that far from the
    last one (0 is the same picture, 1 about any other). ``max_age`` bounds how many frames a key frame serves."""

    every: int = 10
    change: float | None = None
    max_age: int | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UserError(f"a key frame every {self.every} frames is not possible", fix="give 1 or more")
        if self.change is not None and not self.change > 0:
            raise UserError(f"a scene change of {self.change} is not above zero", fix="0.5 is a common value")
        if self.max_age is not None and self.max_age < 1:
            raise UserError(f"a key frame cannot serve {self.max_age} frames", fix="give 1 or more")

    def due(self, age: int) -> bool:
        """Whether a frame that would be ``age`` frames after its key frame is one itself, whatever it shows."""
        limit = self.max_age if self.change is not None else min(self.every, self.max_age or self.every)
        return limit is not None and age >= limit


@dataclass(slots=True)
class Lane:
    """One of the streams: what it carries, how old its key frame is, and what that one looked like."""

    memory: Memory | None = None
    age: int = 0
    glimpse: Glimpse | None = None
    frames: int = 0
    keys: int = 0


class Streams:
    """Several streams of frames of one size, in batches. States are never shared: each frame meets its own.

    ``turn`` is held while the runner works, for runners that several threads may not call at once.
    """

    def __init__(self, runner: Runner, count: int, when: When, turn: Turn | None = None) -> None:
        if count < 1:
            raise UserError(f"{count} streams are none", fix="give 1 or more")
        self.runner, self.when, self.turn = runner, when, turn or nullcontext()
        self.lanes = [Lane() for _ in range(count)]

    def __call__(self, frames: Sequence[Frames]) -> list[Frames]:
        """The class maps of the next frame of every stream."""
        if len(frames) != len(self.lanes):
            raise ValueError(f"{len(frames)} frames for {len(self.lanes)} streams")
        sizes = {frame.shape for frame in frames}
        if len(sizes) > 1:
            raise ValueError(f"streams of one batch have frames of one size, not of {sorted(sizes)}")
        self._forget_other_sizes(frames[0].shape[:2])
        found: dict[int, Frames] = {}
        due = [n for n, frame in enumerate(frames) if self._due(self.lanes[n], frame)]
        going = [n for n in range(len(frames)) if n not in due]
        if going:
            self._step(going, frames, found)
        if due:
            self._key(due, frames, found)
        return [found[n] for n in range(len(frames))]

    def reset(self, stream: int | None = None) -> None:
        """The next frame (of one stream, or of all) is the first of another video."""
        for lane in self.lanes if stream is None else [self.lanes[stream]]:
            lane.memory = lane.glimpse = None

    @property
    def key_share(self) -> float:
        """The share of frames so far that were key frames."""
        return sum(lane.keys for lane in self.lanes) / max(1, sum(lane.frames for lane in self.lanes))

    def _due(self, lane: Lane, frame: Frames) -> bool:
        if lane.memory is None or STEP not in self.runner.parts or self.when.due(lane.age + 1):
            return True
        wanted = self.when.change
        return wanted is not None and lane.glimpse is not None and change(lane.glimpse, glimpse(frame)) > wanted

    def _forget_other_sizes(self, size: Sequence[int]) -> None:
        for lane in self.lanes:
            if lane.memory is not None and lane.memory.size != tuple(size):
                lane.memory = lane.glimpse = None

    def _key(self, which: Sequence[int], frames: Sequence[Frames], found: dict[int, Frames]) -> None:
        with self.turn:
            answer = self.runner.key(_batch(which, frames))
        for row, number in enumerate(which):
            lane = self.lanes[number]
            lane.memory, lane.age = answer.state.row(row), 0
            lane.frames, lane.keys = lane.frames + 1, lane.keys + 1
            if self.when.change is not None:
                lane.glimpse = glimpse(frames[number])
            found[number] = answer.classes[row]

    def _step(self, which: Sequence[int], frames: Sequence[Frames], found: dict[int, Frames]) -> None:
        memories = [cast(Memory, self.lanes[number].memory) for number in which]
        with self.turn:
            answer = self.runner.step(_batch(which, frames), join(memories))
        for row, number in enumerate(which):
            lane = self.lanes[number]
            lane.memory, lane.age, lane.frames = answer.state.row(row), lane.age + 1, lane.frames + 1
            found[number] = answer.classes[row]


class Stream:
    """One video: call it with frame after frame."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._lane = streams.lanes[0]

    def __call__(self, frame: Frames) -> Frames:
        return self._streams([frame])[0]

    def reset(self) -> None:
        """The next frame is the first of another video."""
        self._streams.reset()

    @property
    def frames(self) -> int:
        return self._lane.frames

    @property
    def keys(self) -> int:
        return self._lane.keys

    @property
    def age(self) -> int:
        """How many frames ago the last key frame was; 0 for a key frame."""
        return self._lane.age

    @property
    def key_share(self) -> float:
        return self._streams.key_share


def change(before: Glimpse, now: Glimpse) -> float:
    """0 for the same; about 1 where nothing is as it was."""
    return float(np.abs(now - before).sum()) / max(float(np.abs(before).sum()), 1e-9)


def glimpse(frame: Frames) -> Glimpse:
    """The picture in a few areas, its brightness and contrast taken out: clouds change those, scenes change more."""
    small = cv2.resize(frame[::STRIDE, ::STRIDE].mean(2, dtype=np.float32), GRID, interpolation=cv2.INTER_AREA)
    return cast(Glimpse, (small - small.mean()) / max(float(small.std()), 1.0))


def _batch(which: Sequence[int], frames: Sequence[Frames]) -> Frames:
    return frames[which[0]][None] if len(which) == 1 else np.stack([frames[number] for number in which])
