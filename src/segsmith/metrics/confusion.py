"""Intersection over union and its relatives, from one confusion matrix."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor

from segsmith.data.base import VOID
from segsmith.errors import UserError
from segsmith.metrics.counts import IDS, Mask, PairCounts, as_pair, share


def mean_of(values: Sequence[Fraction]) -> float:
    return float(sum(values, start=Fraction(0)) / len(values))


def by_name(values: Sequence[float], names: Sequence[str]) -> dict[str, float | None]:
    """For JSON, which knows no nan."""
    return {name: None if math.isnan(value) else value for name, value in zip(names, values, strict=True)}


@dataclass(frozen=True, slots=True)
class Scores:
    """Classes in ``absent`` never occur in the truth: nan in ``iou`` and ``accuracy``, left out of every mean."""

    iou: tuple[float, ...]
    accuracy: tuple[float, ...]
    miou: float
    fwiou: float
    pixel_accuracy: float
    mean_accuracy: float
    absent: tuple[int, ...]
    pixels: int

    @property
    def reward(self) -> float:
        """The geometric mean that a search maximises."""
        return math.cbrt(self.miou * self.fwiou * self.mean_accuracy)

    def record(self, names: Sequence[str]) -> dict[str, object]:
        """The same as JSON holds it."""
        return {
            "miou": self.miou,
            "fwiou": self.fwiou,
            "pixel_accuracy": self.pixel_accuracy,
            "mean_accuracy": self.mean_accuracy,
            "reward": self.reward,
            "iou": by_name(self.iou, names),
            "accuracy": by_name(self.accuracy, names),
            "absent": [names[id_] for id_ in self.absent],
            "pixels": self.pixels,
        }


class Confusion(PairCounts):
    """Counts predictions against truth; pixels that are void in the truth count for nothing.

    A prediction may be void, too: such a pixel is missed by its true class and claimed by none.
    """

    def update(self, prediction: Mask, truth: Mask) -> None:
        """Class ids of any shape, the same for both."""
        self.add(*as_pair(prediction, truth, self.device))

    @property
    def matrix(self) -> Tensor:
        """Rows are true classes, columns predicted ones."""
        return self.counts.view(IDS, IDS)[: self.classes, : self.classes]

    @property
    def pixels(self) -> int:
        """How many pixels were scored."""
        return int(self.counts.view(IDS, IDS)[:VOID].sum())

    def scores(self) -> Scores:
        """Worked out in exact fractions and rounded once: the same counts give the same digits everywhere."""
        table = self.checked()[: self.classes]
        right = [row[id_] for id_, row in enumerate(table)]
        true = [sum(row) for row in table]
        guessed = [sum(column) for column in zip(*table, strict=True)]
        pixels = sum(true)
        if not pixels:
            raise UserError("nothing to score: no labelled pixel", fix="`segsmith data check` tells what masks hold")
        present = [id_ for id_ in range(self.classes) if true[id_]]
        unions = [true[id_] + guessed[id_] - right[id_] for id_ in range(self.classes)]
        iou = [Fraction(right[id_], unions[id_]) for id_ in present]
        return Scores(
            iou=tuple(share(right[id_], unions[id_] if true[id_] else 0) for id_ in range(self.classes)),
            accuracy=tuple(share(right[id_], true[id_]) for id_ in range(self.classes)),
            miou=mean_of(iou),
            fwiou=float(sum(true[id_] * value for id_, value in zip(present, iou, strict=True)) / pixels),
            pixel_accuracy=sum(right) / pixels,
            mean_accuracy=mean_of([Fraction(right[id_], true[id_]) for id_ in present]),
            absent=tuple(id_ for id_ in range(self.classes) if not true[id_]),
            pixels=pixels,
        )
