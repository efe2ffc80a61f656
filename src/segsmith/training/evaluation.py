"""How good and how steady a network is on a split: whole frames at full resolution, in the order of time."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from segsmith.data.base import VOID, Dataset, Frame, Image
from segsmith.errors import UserError
from segsmith.metrics import BoundaryIoU, BoundaryScores, Confusion, Drift, DriftPoint, Scores, Temporal, TemporalScores

WORST = 6


class Answerer(Protocol):
    """Whatever turns frames into masks at their size: a network, an exported file, a control."""

    def key(self, frame: Image) -> Image: ...

    def step(self, frame: Image) -> Image: ...


@dataclass(frozen=True)
class Result:
    """``worst`` are the frames that scored least, the worst first; ``key_every`` 1 is every frame by itself."""

    scores: Scores
    boundary: BoundaryScores
    temporal: TemporalScores
    drift: list[DriftPoint]
    confusion: list[list[int]]
    key_every: int
    frames: int
    worst: list[tuple[float, Frame]] = field(default_factory=list)

    def record(self, names: tuple[str, ...]) -> dict[str, Any]:
        """What ``--json`` prints; all shares are fractions."""
        temporal, boundary = self.temporal.record(), self.boundary.record(names)
        values = self.scores.record(names)
        return {
            "miou": self.scores.miou,
            "per_class": values["iou"],
            "fwiou": self.scores.fwiou,
            "macc": self.scores.mean_accuracy,
            "pixel_accuracy": self.scores.pixel_accuracy,
            "reward": self.scores.reward,
            "absent": values["absent"],
            "boundary_iou": self.boundary.mean,
            "per_class_boundary": boundary["iou"],
            **{key: temporal.get(key) for key in ("vc8", "vc8_strict", "vc16", "vc16_strict", "flicker")},
            "frames": self.frames,
            "key_every": self.key_every,
            "drift": [point.record(names) for point in self.drift],
            "worst": [{"frame": frame.name, "miou": score} for score, frame in self.worst],
        }


def evaluate(
    answerer: Answerer,
    dataset: Dataset,
    split: str,
    *,
    key_every: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Result:
    """Every sequence from its first frame on: a key frame, ``key_every - 1`` steps, and so on."""
    total = len(dataset.frames(split))
    if not any(frame.labelled for frame in dataset.frames(split)):
        have = ", ".join(name for name, sequences in dataset.splits.items() if sequences) or "none"
        raise UserError(f"the split {split!r} of {dataset.name} has no labelled frame", fix=f"splits here: {have}")
    classes = len(dataset.classes)
    confusion, boundary, temporal, drift = Confusion(classes), BoundaryIoU(classes), Temporal(), Drift(classes)
    worst: list[tuple[float, Frame]] = []
    frames = 0
    for done, (frame, place) in enumerate(walk(dataset, split), 1):
        if place == 0:
            temporal.end_sequence()
            drift.end_sequence()
        distance = place % key_every
        image, truth = dataset.reader.image(frame), dataset.reader.mask(frame)
        answer = answerer.step(image) if distance else answerer.key(image)
        temporal.update(answer, truth)
        drift.update(distance, answer, truth)
        if truth is not None:
            confusion.update(answer, truth)
            boundary.update(answer, truth)
            frames += 1
            worst = sorted([*worst, (frame_miou(answer, truth), frame)], key=lambda pair: pair[0])[:WORST]
        progress(done, total)
    return Result(
        confusion.scores(),
        boundary.scores(),
        temporal.scores(),
        drift.scores(),
        confusion.matrix.tolist(),
        key_every,
        frames,
        worst,
    )


def walk(dataset: Dataset, split: str) -> Iterator[tuple[Frame, int]]:
    """Frames in the order of time with their place in their sequence."""
    for sequence in dataset.splits[split]:
        for place, frame in enumerate(sequence.frames):
            yield frame, place


def frame_miou(answer: Image, truth: Image) -> float:
    """Over the classes that occur in the frame's truth; a frame without any scores 1."""
    seen = truth != VOID
    guess, true = answer[seen].astype(np.int64), truth[seen].astype(np.int64)
    if not true.size:
        return 1.0
    table = np.bincount(true * 256 + guess, minlength=1 << 16).reshape(256, 256)
    right = table.diagonal()
    union = table.sum(0) + table.sum(1) - right
    present = table.sum(1) > 0
    return math.fsum((right[present] / union[present]).tolist()) / int(present.sum())
