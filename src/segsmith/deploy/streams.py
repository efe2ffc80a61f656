"""Video as it comes: a frame in, its class map out, key frames by period or where the scene changes."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from segsmith.deploy.scenes import change, thumbnail
from segsmith.errors import UserError
from segsmith.runtimes.graphs import STEP
from segsmith.runtimes.runner import Floats, Frames, Memory, Runner, join

BLIND = (
    "key frames are told by thumbnails: no scene comes with this network's steps (its cell reads nothing of the frame, "
    "or the file is of an older export; segsmith export makes another)"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class When:
    """When a key frame comes: every so many frames; or, with ``change``, when what the network sees has moved that far
    from the last one (0 is the same picture, 1 about any other). ``max_age`` bounds how many frames a key frame
    serves."""

    every: int = 10
    change: float | None = None
    max_age: int | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UserError(f"a key frame every {self.every} frames is not possible", fix="give 1 or more")
        if self.change is not None and not self.change > 0:
            raise UserError(f"a scene change of {self.change} is not above zero", fix="0.4 is a common value")
        if self.max_age is not None and self.max_age < 1:
            raise UserError(f"a key frame cannot serve {self.max_age} frames", fix="give 1 or more")

    def due(self, age: int) -> bool:
        """Whether a frame that would be ``age`` frames after its key frame is one itself, whatever it shows."""
        limit = self.max_age if self.change is not None else min(self.every, self.max_age or self.every)
        return limit is not None and age >= limit


@dataclass(slots=True)
class Lane:
    """One of the streams: what it carries, how old its key frame is, what that one looked like (``then``), and what the
    latest step saw (``now``)."""

    memory: Memory | None = None
    age: int = 0
    then: Floats | None = None
    now: Floats | None = None
    frames: int = 0
    keys: int = 0

    def forget(self) -> None:
        self.memory = self.then = self.now = None


class Streams:
    """Several streams of frames of one size, in batches. States are never shared: each frame meets its own.

    Where key frames come by change, every frame is a step first; one whose scene is another runs again, as a key
    frame. Thumbnails, which stand in where steps tell no scene, are known before the frame is run.
    """

    def __init__(self, runner: Runner, count: int, when: When) -> None:
        if count < 1:
            raise UserError(f"{count} streams are none", fix="give 1 or more")
        self.runner, self.when = runner, when
        self.lanes = [Lane() for _ in range(count)]
        self.thumbnails = when.change is not None and STEP in runner.parts and not runner.tells_scene
        if self.thumbnails:
            log.warning(BLIND)

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
            due += self._step(going, frames, found)
        if due:
            self._key(due, frames, found)
        for lane in self.lanes:
            lane.frames += 1
        return [found[n] for n in range(len(frames))]

    def reset(self, stream: int | None = None) -> None:
        """The next frame (of one stream, or of all) is the first of another video."""
        for lane in self.lanes if stream is None else [self.lanes[stream]]:
            lane.forget()

    @property
    def key_share(self) -> float:
        """The share of frames so far that were key frames."""
        return sum(lane.keys for lane in self.lanes) / max(1, sum(lane.frames for lane in self.lanes))

    def _due(self, lane: Lane, frame: Frames) -> bool:
        if lane.memory is None or STEP not in self.runner.parts or self.when.due(lane.age + 1):
            return True
        return self.thumbnails and self._moved(lane, thumbnail(frame))

    def _moved(self, lane: Lane, now: Floats) -> bool:
        """Whether the lane's key frame saw another scene. Where nobody knows what it saw, this is it: the first step
        behind the start of a video is taken for its first frame."""
        lane.now = now
        if lane.then is None:
            lane.then = now
        return self.when.change is not None and change(lane.then, now) > self.when.change

    def _forget_other_sizes(self, size: Sequence[int]) -> None:
        for lane in self.lanes:
            if lane.memory is not None and lane.memory.size != tuple(size):
                lane.forget()

    def _key(self, which: Sequence[int], frames: Sequence[Frames], found: dict[int, Frames]) -> None:
        answer = self.runner.key(_batch(which, frames))
        for row, number in enumerate(which):
            lane = self.lanes[number]
            lane.memory, lane.age, lane.keys = answer.state.row(row), 0, lane.keys + 1
            # a key frame tells no scene of its own: a step may see frames at half size. The latest step saw this very
            # frame, or, where age alone made it a key frame, the one before
            lane.then = thumbnail(frames[number]) if self.thumbnails else lane.now
            found[number] = answer.classes[row]

    def _step(self, which: Sequence[int], frames: Sequence[Frames], found: dict[int, Frames]) -> list[int]:
        """Those whose scene has changed."""
        memories = [cast(Memory, self.lanes[number].memory) for number in which]
        answer = self.runner.step(_batch(which, frames), join(memories))
        moved = []
        for row, number in enumerate(which):
            lane = self.lanes[number]
            lane.memory, lane.age = answer.state.row(row), lane.age + 1
            found[number] = answer.classes[row]
            if answer.scene is not None and self._moved(lane, answer.scene[row]):
                moved.append(number)
        return moved


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


def _batch(which: Sequence[int], frames: Sequence[Frames]) -> Frames:
    return frames[which[0]][None] if len(which) == 1 else np.stack([frames[number] for number in which])
