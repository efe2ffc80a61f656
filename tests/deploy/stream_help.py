"""A runner that shows what it carried."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from segsmith.genotype.presets import preset
from segsmith.networks.meta import Meta
from segsmith.runtimes.graphs import CLASSES, FRAME, KEY, NEXT, SCENE, STATE, STEP
from segsmith.runtimes.runner import Runner


class Counting(Runner):
    """Carries the key frame's first byte and how many steps it was ago; answers with their sum. Steps that see their
    frame tell one pixel in twenty for its scene."""

    backend = "none"

    def __init__(self, parts: tuple[str, ...] = (KEY, STEP), sees: bool = True) -> None:
        self.meta = Meta(preset("light"), ("a", "b"), ((0, 0, 0), (1, 1, 1)))
        self.parts, self.tells_scene = parts, sees
        self.calls: list[tuple[str, int]] = []

    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        frames = inputs[FRAME]
        self.calls.append((part, len(frames)))
        key = frames[:, :1, :1, 0].astype(np.int64)[..., None]
        carried = key if part == KEY else inputs[STATE + "x"] + 1
        classes = np.broadcast_to(carried[:, :, :, 0], frames.shape[:3]).astype(np.uint8)
        seen = frames[:, ::20, ::20].transpose(0, 3, 1, 2).astype(np.float32)
        told = {SCENE: seen} if self.tells_scene and part == STEP else {}
        return {CLASSES: classes, NEXT + "x": carried} | told
