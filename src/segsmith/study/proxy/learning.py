"""How a candidate learns: Adam, and a learning rate for each stage."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.study.proxy.presets import ProxySettings, Stage
from segsmith.training.budget import rate
from segsmith.training.losses import cross_entropy_sum, pixel_weight

Batch = TypeVar("Batch")


@dataclass
class Learning:
    """``parts``: parameters, and the learning rate that a stage has for them (those with none stand still)."""

    settings: ProxySettings
    parts: Sequence[tuple[list[nn.Parameter], Callable[[Stage], float]]]
    steps_in_epoch: int
    device: torch.device
    steps: int = 0
    optimiser: torch.optim.Adam = field(init=False)

    def __post_init__(self) -> None:
        groups = [{"params": parameters} for parameters, _ in self.parts]
        self.optimiser = torch.optim.Adam(groups, fused=self.device.type == "cuda")

    def stage(self, number: int, epoch: Callable[[], Iterable[Batch]], loss: Callable[[Batch], Tensor]) -> float:
        """The mean loss of the last epoch, or of the first one in which it is no number."""
        stage = self.settings.stages[number]
        for parameters, lr in self.parts:
            for parameter in parameters:
                parameter.requires_grad_(lr(stage) > 0)
        mean = torch.zeros(())
        for _ in range(stage.epochs):
            mean = torch.stack([self._step(stage, loss(batch)) for batch in epoch()]).mean()
            if not torch.isfinite(mean):
                break
        return float(mean)

    def _step(self, stage: Stage, loss: Tensor) -> Tensor:
        progress = self.steps / (self.settings.epochs * self.steps_in_epoch) if self.settings.anneal else 0.0
        for group, (_, lr) in zip(self.optimiser.param_groups, self.parts, strict=True):
            group["lr"] = lr(stage) * rate("cosine", progress, power=0.0, warmup=0.0)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.steps += 1
        return loss.detach()


def shuffled(count: int, batch: int, chance: torch.Generator) -> list[Tensor]:
    """All places in a random order, in full batches: of what is left over there are too few for a batch norm."""
    order = torch.randperm(count, generator=chance)
    return [places for places in torch.split(order, batch) if len(places) == batch]


def mean_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy, mean over labelled pixels."""
    return cross_entropy_sum(logits, masks, None) / pixel_weight(masks, None).clamp(min=1)


def coarser(masks: Tensor, stride: int) -> Tensor:
    """The label in the middle of every block of ``stride`` x ``stride``."""
    if stride == 1:
        return masks
    size = [-(-side // stride) for side in masks.shape[-2:]]
    return F.interpolate(masks[:, None].float(), size=size, mode="nearest-exact")[:, 0].to(masks.dtype)
