"""One callable for every runtime: frames in, class maps out, and what a stream carries from frame to frame."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segsmith.errors import UserError
from segsmith.networks.meta import Meta
from segsmith.runtimes.graphs import CLASSES, CONFIDENCE, FRAME, KEY, LOGITS, NEXT, SCENE, STATE, STEP

Frames = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Memory:
    """What the frames before have left, one row for each stream. The tensors are the runtime's own."""

    size: Size
    streams: int
    tensors: Mapping[str, Any]

    def row(self, stream: int) -> "Memory":
        """One of the streams alone."""
        return Memory(self.size, 1, {name: value[stream : stream + 1] for name, value in self.tensors.items()})


def join(memories: Sequence[Memory]) -> Memory:
    """Several streams in one batch."""
    first = memories[0]
    if any(memory.size != first.size for memory in memories):
        sizes = ", ".join(sorted({f"{height}x{width}" for height, width in (memory.size for memory in memories)}))
        raise ValueError(f"streams of frames of {sizes} cannot be one batch")
    tensors = {name: _stacked([memory.tensors[name] for memory in memories]) for name in first.tensors}
    return Memory(first.size, sum(memory.streams for memory in memories), tensors)


@dataclass(frozen=True, slots=True)
class Answer:
    """``classes`` N x H x W; ``logits`` N x K x h x w at the network's stride, ``confidence`` N x H x W, where the
    runtime gives them. ``scene`` N x C x 6 x 8 comes with steps that see their frame."""

    classes: Frames
    state: Memory
    logits: Floats | None = None
    confidence: Floats | None = None
    scene: Floats | None = None


class Runner(ABC):
    """A network that is ready to run. Frames are uint8 RGB N x H x W x 3, every row a stream of its own.

    ``size`` is the only size that frames may have, or None; an image network has no step, and takes every frame for a
    key frame. ``tells_scene`` says whether the answers of steps have a scene.
    """

    backend: str
    meta: Meta
    parts: Sequence[str]
    size: Size | None = None
    tells_scene: bool = False

    @abstractmethod
    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The named outputs of the key or the step graph for its named inputs."""

    def key(self, frames: Frames) -> Answer:
        return self._answer(self.run(KEY, {FRAME: self._checked(frames)}), frames)

    def step(self, frames: Frames, state: Memory) -> Answer:
        if STEP not in self.parts:
            return self.key(frames)
        if (state.streams, state.size) != (len(frames), frames.shape[1:3]):
            raise ValueError(
                f"{len(frames)} frames of {_shown(frames.shape[1:3])} for the state of {state.streams} streams of "
                f"{_shown(state.size)}: start anew with key(frames)"
            )
        carried = {STATE + name: value for name, value in state.tensors.items()}
        return self._answer(self.run(STEP, {FRAME: self._checked(frames), **carried}), frames)

    def _checked(self, frames: Frames) -> Frames:
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != self.meta.in_channels:
            shape = "x".join(map(str, frames.shape))
            raise ValueError(f"frames are uint8 N x H x W x {self.meta.in_channels}, not {frames.dtype} {shape}")
        if self.size is not None and frames.shape[1:3] != self.size:
            fix = f"give such frames, or export with --size {_shown(frames.shape[1:3])} or --size dynamic"
            raise UserError(f"a file for frames of {_shown(self.size)} was given {_shown(frames.shape[1:3])}", fix=fix)
        return np.ascontiguousarray(frames)

    def _answer(self, outputs: Mapping[str, Any], frames: Frames) -> Answer:
        tensors = {name.removeprefix(NEXT): value for name, value in outputs.items() if name.startswith(NEXT)}
        memory = Memory((frames.shape[1], frames.shape[2]), len(frames), tensors)
        return Answer(outputs[CLASSES], memory, outputs.get(LOGITS), outputs.get(CONFIDENCE), outputs.get(SCENE))


def _stacked(values: Sequence[Any]) -> Any:
    if isinstance(values[0], np.ndarray):
        return np.concatenate(values)
    import torch

    return torch.cat(list(values))


def _shown(size: Sequence[int]) -> str:
    return f"{size[0]}x{size[1]}"
