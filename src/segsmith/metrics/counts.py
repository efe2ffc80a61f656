"""Pairs of class ids, counted: what every score of a single frame is worked out from."""

from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from segsmith.data.base import VOID
from segsmith.errors import UserError

IDS = 256
Mask: TypeAlias = Tensor | npt.NDArray[np.integer]

# Pieces whose codes and table stay in a core's cache: six times quicker than all at once, and no memory to speak of.
CHUNK = {"cpu": 1 << 18}
CHUNK_ELSEWHERE = 1 << 26


def as_ids(mask: Mask, device: torch.device) -> Tensor:
    """The mask as uint8 on the device. -1, which others use for void, becomes 255."""
    if not isinstance(mask, Tensor):
        # A copy, because torch takes neither read-only arrays (a frame cache's) nor mirrored ones.
        mask = torch.from_numpy(np.array(mask, order="C"))
    if mask.is_floating_point():
        raise ValueError(f"class ids must be integers, not {mask.dtype} (take argmax of logits first)")
    return mask.to(device, torch.uint8)


def as_pair(prediction: Mask, truth: Mask, device: torch.device) -> tuple[Tensor, Tensor]:
    pair = as_ids(prediction, device), as_ids(truth, device)
    if pair[0].shape != pair[1].shape:
        raise ValueError(f"prediction {tuple(pair[0].shape)} and truth {tuple(pair[1].shape)} differ in shape")
    return pair


def share(part: int, whole: int) -> float:
    """``part / whole``, and nan where there is no whole."""
    return part / whole if whole else float("nan")


class PairCounts:
    """How often each (truth, prediction) pair of ids occurred: 256 x 256 counts on the device.

    All 256 ids have a place, so nothing is tested while pixels are counted; ids that are no class are found
    afterwards, and named.
    """

    def __init__(self, classes: int, device: torch.device | str = "cpu") -> None:
        if not 1 <= classes <= VOID:
            raise ValueError(f"{classes} classes: must be 1 to {VOID}")
        self.classes = classes
        self.device = torch.device(device)
        self.counts = torch.zeros(IDS * IDS, dtype=torch.int64, device=self.device)

    def reset(self) -> None:
        self.counts.zero_()

    def merge(self, other: Self) -> None:
        """Add what another one counted, on whichever device."""
        if other.classes != self.classes:
            raise ValueError(f"{other.classes} classes cannot be merged into {self.classes}")
        self.counts += other.counts.to(self.device)

    def add(self, prediction: Tensor, truth: Tensor) -> None:
        """Count uint8 ids of the same shape."""
        size = CHUNK.get(self.device.type, CHUNK_ELSEWHERE)
        for start in range(0, truth.numel(), size):
            guess, true = (ids.flatten()[start : start + size] for ids in (prediction, truth))
            self.counts += torch.bincount(true.to(torch.int32) * IDS + guess, minlength=IDS * IDS)

    def checked(self) -> list[list[int]]:
        """The table [truth][prediction]; raises where an id occurred that is neither a class nor void."""
        table = self.counts.view(IDS, IDS).cpu()
        for name, totals in (("the truth", table.sum(1)), ("a prediction", table.sum(0))):
            strange = [id_ for id_ in totals.nonzero().flatten().tolist() if self.classes <= id_ < VOID]
            if strange:
                raise UserError(
                    f"{name} holds ids that are no class: {', '.join(map(str, strange))}",
                    fix=f"{self.classes} classes have ids 0 to {self.classes - 1}, void is {VOID}",
                )
        rows: list[list[int]] = table.tolist()
        return rows
