"""How good a candidate is on the clips that it is judged by."""

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from segsmith.data.base import VOID
from segsmith.metrics import Confusion


@dataclass(frozen=True, slots=True)
class Marks:
    """All between 0 and 1. ``iou`` by class, None where it does not occur; ``flicker`` is the share of pixels whose
    label stays the same from one frame to the next and whose prediction does not, None for single images."""

    reward: float
    miou: float
    fwiou: float
    accuracy: float
    iou: tuple[float | None, ...]
    flicker: float | None = None


@dataclass
class Judge:
    """Counts predictions; a candidate's answers to one clip after the other, frame by frame."""

    classes: int
    device: torch.device
    stable: Tensor = field(init=False)
    changed: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.confusion = Confusion(self.classes, self.device)
        self.stable, self.changed = (torch.zeros((), dtype=torch.int64, device=self.device) for _ in range(2))

    def see(self, prediction: Tensor, truth: Tensor) -> None:
        self.confusion.update(prediction, truth)

    def compare(self, before: tuple[Tensor, Tensor], now: tuple[Tensor, Tensor]) -> None:
        """Two neighbouring frames, each with its prediction and truth."""
        stays = (before[1] == now[1]) & (now[1] != VOID)
        self.stable += stays.sum()
        self.changed += (stays & (before[0] != now[0])).sum()

    def marks(self) -> Marks:
        scores = self.confusion.scores()
        stable = int(self.stable)
        return Marks(
            scores.reward,
            scores.miou,
            scores.fwiou,
            scores.mean_accuracy,
            tuple(None if value != value else value for value in scores.iou),
            int(self.changed) / stable if stable else None,
        )


def labels(logits: Tensor, truth: Tensor) -> Tensor:
    """The most probable class, with the logits brought to the size of the masks first."""
    if logits.shape[-2:] != truth.shape[-2:]:
        logits = F.interpolate(logits, size=truth.shape[-2:], mode="bilinear", align_corners=False)
    return logits.argmax(1).to(torch.uint8)


def plain(marks: Marks) -> dict[str, Any]:
    """As JSON keeps it."""
    return {
        "reward": marks.reward,
        "miou": marks.miou,
        "fwiou": marks.fwiou,
        "macc": marks.accuracy,
        "iou": list(marks.iou),
        "flicker": marks.flicker,
    }
