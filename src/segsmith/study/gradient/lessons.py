"""What a supernet learns from, step by step: frames for a chain of cells, cached features for a dynamic cell."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from segsmith.networks.interface import State
from segsmith.search.architecture import Shares
from segsmith.search.supernet_dynamic import DynamicSupernet
from segsmith.study.proxy.clips import ClipData, Window, random_window
from segsmith.study.proxy.collect import FULL
from segsmith.study.proxy.learning import mean_loss
from segsmith.training.loop import Feed


class Lesson(Protocol):
    @property
    def steps_in_epoch(self) -> int: ...

    def batches(self, start: int) -> Iterator[Any]:
        """From a step on, the same whenever they are asked for; without end."""
        ...

    def loss(self, supernet: nn.Module, batch: Any, shares: Shares) -> Tensor: ...


@dataclass(frozen=True)
class FrameLesson:
    """Single labelled frames."""

    feed: Feed
    device: str

    @property
    def steps_in_epoch(self) -> int:
        return self.feed.steps_in_epoch

    def batches(self, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        for frames, masks in self.feed.batches(start, 0):
            yield frames[:, 0].to(self.device), masks[:, 0].to(self.device)

    def loss(self, supernet: nn.Module, batch: tuple[Tensor, Tensor], shares: Shares) -> Tensor:
        frames, masks = batch
        loss: Tensor = mean_loss(supernet(frames, shares), masks)
        return loss


@dataclass(frozen=True)
class ClipLesson:
    """Clips, by what a static network gave of their frames: the loss is the sum over the frames behind the first."""

    data: ClipData
    batch: int
    crop: tuple[int, int]
    stride: int
    seed: int

    @property
    def steps_in_epoch(self) -> int:
        return len(self.data) // self.batch

    def batches(self, start: int) -> Iterator[tuple[Tensor, Window]]:
        grid, frame = max(self.data.strides.values()), self.data.frame(self.stride)
        for step in count(start):
            epoch, place = divmod(step, self.steps_in_epoch)
            order = torch.randperm(len(self.data), generator=chance(self.seed, 2 * epoch))
            window = random_window(self.crop, frame, grid, chance(self.seed, 2 * step + 1))
            yield order[place * self.batch : (place + 1) * self.batch], window

    def loss(self, supernet: nn.Module, batch: tuple[Tensor, Window], shares: Shares) -> Tensor:
        rows, window = batch
        cell, data = cast(DynamicSupernet, supernet), self.data
        dec, first, *others = data.clips[rows].unbind(1)
        state: State = {"dec": data.maps("dec", dec, window)} | data.taps(FULL, cell.previous, first, window)
        losses = []
        for frames in others:
            seen = data.taps(FULL, tuple(dict.fromkeys(cell.current + cell.previous)), frames, window)
            now, logits = cell(seen, state, shares)
            state = {"dec": now} | {name: seen[name] for name in cell.previous}
            losses.append(mean_loss(logits, data.masks(frames, window, self.stride)))
        return torch.stack(losses).sum()


def chance(seed: int, number: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed * 1_000_003 + number)
