"""What becomes of quality and steadiness as the last key frame recedes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from segsmith.data.base import VOID
from segsmith.metrics.confusion import Confusion, Scores
from segsmith.metrics.counts import Mask, as_pair, share
from segsmith.metrics.temporal import changes


@dataclass(frozen=True, slots=True)
class DriftPoint:
    """``flicker`` is the change from the frame before to this distance: at 0, the jump that a key frame makes."""

    distance: int
    frames: int
    flicker: float
    scores: Scores

    def record(self, names: Sequence[str]) -> dict[str, object]:
        """The same as JSON holds it."""
        flicker = None if self.flicker != self.flicker else self.flicker
        return {"distance": self.distance, "frames": self.frames, "flicker": flicker, **self.scores.record(names)}


class Drift:
    """Fed frame by frame with how many frames ago the key frame was."""

    def __init__(self, classes: int, device: torch.device | str = "cpu") -> None:
        self.classes = classes
        self.device = torch.device(device)
        self.reset()

    def reset(self) -> None:
        self._before: tuple[Tensor, Tensor] | None = None
        self._confusion: dict[int, Confusion] = {}
        self._frames: Counter[int] = Counter()
        self._changed: Counter[int] = Counter()
        self._steady: Counter[int] = Counter()

    def update(self, distance: int, prediction: Mask, truth: Mask | None) -> None:
        """The next frame of the sequence. One without labels is not scored, and nothing follows upon it."""
        if truth is None:
            self.end_sequence()
            return
        guess, true = as_pair(prediction, truth, self.device)
        self._at(distance).update(guess, true)
        self._frames[distance] += 1
        if self._before is not None:
            guess_before, true_before = self._before
            steady = (true == true_before) & (true != VOID)
            changed, kept = changes(guess, guess_before, steady)
            self._changed[distance] += changed
            self._steady[distance] += kept
        self._before = guess, true

    def end_sequence(self) -> None:
        """What comes next does not follow what came before."""
        self._before = None

    def merge(self, other: Self) -> None:
        for distance, confusion in other._confusion.items():
            self._at(distance).merge(confusion)
        self._frames += other._frames
        self._changed += other._changed
        self._steady += other._steady

    def scores(self) -> list[DriftPoint]:
        """By distance; without those at which no pixel was labelled."""
        return [
            DriftPoint(
                distance,
                self._frames[distance],
                share(self._changed[distance], self._steady[distance]),
                confusion.scores(),
            )
            for distance, confusion in sorted(self._confusion.items())
            if confusion.pixels
        ]

    def _at(self, distance: int) -> Confusion:
        if distance not in self._confusion:
            self._confusion[distance] = Confusion(self.classes, self.device)
        return self._confusion[distance]
