"""A runner as evaluation asks it: one frame in, its mask out, the state kept."""

import numpy as np

from segsmith.runtimes.runner import Frames, Memory, Runner


class RunnerAnswerer:
    """``key`` starts anew, ``step`` goes on; frames are uint8 H x W x 3, masks H x W."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.state: Memory | None = None

    def key(self, frame: Frames) -> Frames:
        answer = self.runner.key(frame[None])
        self.state = answer.state
        return np.asarray(answer.classes[0])

    def step(self, frame: Frames) -> Frames:
        if self.state is None:
            raise ValueError("a stream starts with key(frame)")
        answer = self.runner.step(frame[None], self.state)
        self.state = answer.state
        return np.asarray(answer.classes[0])
