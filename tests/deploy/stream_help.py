"""A runner that shows what it carried."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from segsmith.genotype.presets import preset
from segsmith.networks.meta import Meta
from segsmith.runtimes.graphs import CLASSES, FRAME, KEY, NEXT, STATE, STEP
from segsmith.runtimes.runner import Runner


class Counting(Runner):
    """Carries the key frame's first byte and how many steps it was ago; answers with their sum."""

    backend = "none"

    def __init__(self, parts: tuple[str, ...] = (KEY, STEP)) -> None:
        self.meta = Meta(preset("light"), ("a", "b"), ((0, 0, 0), (1, 1, 1)))
        self.parts = parts
        self.calls: list[tuple[str, int]] = []

    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        frames = inputs[FRAME]
        self.calls.append((part, len(frames)))
        key = frames[:, :1, :1, 0].astype(np.int64)[..., None]
        carried = key if part == KEY else inputs[STATE + "x"] + 1
        classes = np.broadcast_to(carried[:, :, :, 0], frames.shape[:3]).astype(np.uint8)
        return {CLASSES: classes, NEXT + "x": carried}
