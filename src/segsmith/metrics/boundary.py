"""Boundary IoU (Cheng et al., 2021): the overlap of the outlines, which thin and large things share alike."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import torch
from torch import Tensor

from segsmith.data.base import VOID
from segsmith.errors import UserError
from segsmith.metrics.confusion import by_name, mean_of
from segsmith.metrics.counts import Mask, PairCounts, as_pair, share


def reach(height: int, width: int, ratio: float) -> int:
    """How many pixels deep the outline is."""
    return max(1, round(ratio * math.hypot(height, width)))


def over_window(ids: Tensor, distance: int, pick: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """``pick`` over every square of 2 x distance + 1 that lies inside the image, by doubling the window's reach."""
    for axis in (-2, -1):
        covered, width = 1, 2 * distance + 1
        while covered < width:
            step = min(covered, width - covered)
            length = ids.shape[axis] - step
            ids = pick(ids.narrow(axis, 0, length), ids.narrow(axis, step, length))
            covered += step
    return ids


def outline(ids: Tensor, distance: int) -> Tensor:
    """The ids, VOID where no other id and no edge of the image lies within ``distance``."""
    height, width = ids.shape[-2:]
    if min(height, width) <= 2 * distance:
        return ids
    inside = over_window(ids, distance, torch.maximum) == over_window(ids, distance, torch.minimum)
    result = ids.clone()
    result[..., distance : height - distance, distance : width - distance].masked_fill_(inside, VOID)
    return result


@dataclass(frozen=True, slots=True)
class BoundaryScores:
    """Classes in ``absent`` never occur in the truth: nan in ``iou``, left out of the mean."""

    iou: tuple[float, ...]
    mean: float
    absent: tuple[int, ...]

    def record(self, names: Sequence[str]) -> dict[str, object]:
        """The same as JSON holds it."""
        return {"mean": self.mean, "iou": by_name(self.iou, names), "absent": [names[id_] for id_ in self.absent]}


class BoundaryIoU(PairCounts):
    """A class's outline is that part of it within ``ratio`` of the image's diagonal of another id or the image's edge.

    Intersections and unions are summed over all frames. Where the truth is void the prediction is made void, too,
    before outlines are taken: what lies there counts for nothing, and a perfect prediction scores one.
    """

    def __init__(self, classes: int, device: torch.device | str = "cpu", ratio: float = 0.02) -> None:
        super().__init__(classes, device)
        self.ratio = ratio

    def update(self, prediction: Mask, truth: Mask) -> None:
        """Class ids ...xHxW, the same shape for both."""
        guess, true = as_pair(prediction, truth, self.device)
        distance = reach(true.shape[-2], true.shape[-1], self.ratio)
        self.add(outline(guess.masked_fill(true == VOID, VOID), distance), outline(true, distance))

    def merge(self, other: Self) -> None:
        if other.ratio != self.ratio:
            raise ValueError(f"outlines of ratio {other.ratio} cannot be merged with those of {self.ratio}")
        super().merge(other)

    def scores(self) -> BoundaryScores:
        table = self.checked()
        true = [sum(table[id_]) for id_ in range(self.classes)]
        guessed = [sum(row[id_] for row in table) for id_ in range(self.classes)]
        if not any(true):
            raise UserError("nothing to score: no labelled pixel", fix="`segsmith data check` tells what masks hold")
        pairs = [
            (table[id_][id_], true[id_] + guessed[id_] - table[id_][id_] if true[id_] else 0)
            for id_ in range(self.classes)
        ]
        return BoundaryScores(
            iou=tuple(share(*pair) for pair in pairs),
            mean=mean_of([Fraction(*pair) for pair in pairs if pair[1]]),
            absent=tuple(id_ for id_ in range(self.classes) if not true[id_]),
        )
