"""A network, a feed and a run small enough to train in milliseconds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from segsmith.networks.interface import State
from segsmith.training.budget import Budget
from segsmith.training.loop import Loop, Status, Watchers
from segsmith.training.recipes import Phase, Rate, Recipe
from segsmith.training.runfolder import RunFolder

CLASSES = 3
BUDGET = Budget(epochs=4)


class TinyStatic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.classifier = nn.Conv2d(4, CLASSES, 1)


class TinyVideo(nn.Module):
    """The state is a blend of what was and what is."""

    classes, in_channels = CLASSES, 3

    def __init__(self, image: bool = False) -> None:
        super().__init__()
        self.static = TinyStatic()
        if not image:
            self.cell = nn.Conv2d(8, 4, 1)

    def key(self, frame: Tensor) -> tuple[Tensor, State]:
        logits, state, _ = self.training_key(frame)
        return logits, state

    def training_key(self, frame: Tensor) -> tuple[Tensor, State, list[Tensor]]:
        dec = self.static.encoder(frame)
        logits = self.static.classifier(dec)
        return logits, {"dec": dec} if hasattr(self, "cell") else {}, [logits * 0.5]

    def step(self, frame: Tensor, state: State) -> tuple[Tensor, State]:
        dec = self.cell(torch.cat([self.static.encoder(frame), state["dec"]], 1)).relu()
        return self.static.classifier(dec), {"dec": dec}


def image_network(seed: int = 0) -> TinyVideo:
    torch.manual_seed(seed)
    return TinyVideo(image=True)


def video_network(seed: int = 0) -> TinyVideo:
    torch.manual_seed(seed)
    return TinyVideo()


@dataclass(frozen=True)
class RandomFeed:
    """Batch ``k`` hangs on the seed and ``k`` alone. A label says which channel leads; a third is void."""

    batch: int = 4
    length: int = 1
    epoch: int = 5
    seed: int = 0

    @property
    def steps_in_epoch(self) -> int:
        return self.epoch

    def batches(self, start: int, salt: int) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            generator = torch.Generator().manual_seed(1000 * self.seed + start + 77 * salt)
            frames = torch.randn(self.batch, self.length, 3, 8, 8, generator=generator)
            masks = frames.argmax(2).to(torch.uint8)
            masks[torch.rand(masks.shape, generator=generator) < 0.3] = 255
            yield frames, masks
            start += 1


def recipe(*phases: Phase, **changes: object) -> Recipe:
    phases = phases or (Phase(1.0, (Rate("all", "adamw", 1e-2, weight_decay=1e-2),)),)
    return Recipe("tiny", phases, epochs=4, batch=4, **changes)


def loop(
    folder: Path,
    network: nn.Module,
    made: Recipe,
    feeds: list[RandomFeed] | None = None,
    *,
    budget: Budget = BUDGET,
    report: Callable[[Status], None] = lambda status: None,
    **options: object,
) -> Loop:
    folder.mkdir(parents=True, exist_ok=True)
    return Loop(
        network,
        made,
        budget,
        feeds or [RandomFeed(length=phase.length) for phase in made.phases],
        RunFolder(folder),
        Fabric(accelerator="cpu", devices=1),
        watchers=Watchers(report=report),
        **options,
    )
