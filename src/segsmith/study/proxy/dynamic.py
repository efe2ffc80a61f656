"""Dynamic cells, trained on what the static network gave once for all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from segsmith.genotype import Genotype, prune
from segsmith.networks.build import build_static
from segsmith.networks.dynamic import DynamicCell, last_norm
from segsmith.networks.graph import setting
from segsmith.networks.interface import State, StaticNetwork, Tap
from segsmith.networks.sizes import halve
from segsmith.ops.blocks import BatchNorm
from segsmith.ops.memory import channels_last
from segsmith.study.proxy.clips import WHOLE, ClipData, Window, random_window
from segsmith.study.proxy.collect import FULL, HALF
from segsmith.study.proxy.learning import Learning, mean_loss, shuffled
from segsmith.study.proxy.marks import Judge, Marks, labels
from segsmith.study.proxy.presets import ProxySettings, longer
from segsmith.study.proxy.split import thinned
from segsmith.study.proxy.store import Arrays, Move
from segsmith.study.proxy.weights import Weights, arrays_of, tensors_of
from segsmith.training.settle import settle

JUDGED_TOGETHER = 8
"""Clips that are judged at once."""


@dataclass(frozen=True)
class DynamicOpener:
    """``static`` is the genotype of the network that cells stand on. ``classifier`` and ``norm`` are its last
    convolution, and the batch norm before. ``resident`` says whether features are to be held in memory."""

    static: Genotype
    classes: int
    classifier: Weights
    norm: Weights
    train: Arrays
    val: Arrays
    settings: ProxySettings
    device: str
    resident: bool

    @classmethod
    def on(
        cls, below: StaticNetwork, static: Genotype, arrays: tuple[Arrays, Arrays], settings: ProxySettings,
        device: str, resident: bool,
    ) -> "DynamicOpener":  # fmt: skip
        """``arrays`` of train and val are what ``below``, the network of ``static``, gave."""
        norm = last_norm(below)
        classifier, ahead = arrays_of(below.classifier.state_dict()), arrays_of(norm.state_dict() if norm else {})
        return cls(static, below.classes, classifier, ahead, *arrays, settings, device, resident)

    def open(self) -> "DynamicProxy":
        device = torch.device(self.device)
        with torch.device("meta"):
            static = build_static(prune(self.static), self.classes)
        norm = last_norm(static)
        if norm is not None:
            with_weights(norm, self.norm, device)
        classifier = with_weights(static.classifier, self.classifier, device)
        outline = Outline(static.taps, static.dec, classifier, norm)
        train, val = (
            ClipData.of(arrays, outline.taps, outline.dec, device, self.resident) for arrays in (self.train, self.val)
        )
        return DynamicProxy(outline, self.classes, train, val, self.settings, device)

    def longer(self, factor: float) -> "DynamicOpener":
        return replace(self, settings=longer(self.settings, factor))

    def moved(self, move: Move) -> "DynamicOpener":
        return replace(self, train=move.arrays(self.train), val=move.arrays(self.val), device=move.device)


@dataclass(frozen=True)
class Outline:
    """What a cell has to know of the static network that it stands on."""

    taps: Mapping[str, Tap]
    dec: Tap
    classifier: nn.Module
    norm: BatchNorm | None


@dataclass(frozen=True)
class DynamicProxy:
    outline: Outline
    classes: int
    train: ClipData
    val: ClipData
    settings: ProxySettings
    device: torch.device

    @property
    def stages(self) -> int:
        return len(self.settings.stages)

    @property
    def batch(self) -> int:
        return min(self.settings.batch, len(self.train))

    def candidate(self, genotype: Genotype, batch: int, seed: int) -> "DynamicCandidate":
        cell = DynamicCell(prune(genotype), self.outline.taps, self.outline.dec, self.outline.classifier)
        channels_last(cell, self.device)
        cell.begin_as_copy(self.outline.norm)
        scale = HALF if setting(genotype, "step_scale") == 0.5 else FULL
        return DynamicCandidate(self, cell, scale, batch, torch.Generator().manual_seed(seed))


class DynamicCandidate:
    def __init__(self, proxy: DynamicProxy, cell: DynamicCell, scale: str, batch: int, chance: torch.Generator) -> None:
        self.proxy, self.cell, self.scale = proxy, cell, scale
        self.batch, self.chance = batch, chance
        steps = len(proxy.train) // batch
        self.learning = Learning(proxy.settings, [(list(cell.parameters()), lambda s: s.lr)], steps, proxy.device)

    def learn(self, stage: int) -> float:
        self.cell.train()
        return self.learning.stage(stage, self._batches, self._loss)

    def _batches(self) -> list[Tensor]:
        return shuffled(len(self.proxy.train), self.batch, self.chance)

    def _loss(self, rows: Tensor) -> Tensor:
        """The sum over the frames behind the first."""
        data, stride = self.proxy.train, at(self.proxy.settings.learn_at, self.proxy.outline)
        clips = data.clips[rows]
        window = random_window(self.proxy.settings.crop, data.frame(stride), max(data.strides.values()), self.chance)
        losses = [
            mean_loss(logits, data.masks(frames, window, stride))
            for frames, logits in self._answers(data, clips, window)
        ]
        return torch.stack(losses).sum()

    def _answers(self, data: ClipData, clips: Tensor, window: Window) -> Iterator[tuple[Tensor, Tensor]]:
        """The frames behind the first one, each with its logits."""
        cell, (dec, first, *others) = self.cell, clips.unbind(1)
        before = data.taps(FULL, cell.previous, first, window)
        if self.scale == HALF:
            before = {name: halve(x) for name, x in before.items()}
        state: State = {"dec": data.maps("dec", dec, window)} | before
        read = tuple(dict.fromkeys(cell.current + cell.previous))
        for frames in others:
            seen = data.taps(self.scale, read, frames, window)
            now, logits = cell(seen, state)
            state = {"dec": now} | {name: seen[name] for name in cell.previous}
            yield frames, logits

    @torch.inference_mode()
    def judge(self, stage: int) -> Marks:
        data, outline = self.proxy.val, self.proxy.outline
        stride = at(self.proxy.settings.judge_at, outline)
        judge = Judge(self.proxy.classes, self.proxy.device)
        self._settle()
        for clips in torch.split(data.clips, JUDGED_TOGETHER):
            truth = data.masks(clips[:, 1], WHOLE, stride)
            before = labels(outline.classifier(data.maps("dec", clips[:, 0], WHOLE)), truth), truth
            for frames, logits in self._answers(data, clips, WHOLE):
                truth = data.masks(frames, WHOLE, stride)
                now = labels(logits, truth), truth
                judge.see(*now)
                judge.compare(before, now)
                before = now
        return judge.marks()

    def _settle(self) -> None:
        """On whole frames, as it is judged."""
        self.cell.eval()
        if most := self.proxy.settings.settle:
            data = self.proxy.train
            clips = data.clips[list(thinned(range(len(data)), most))]
            settle(self.cell, torch.split(clips, JUDGED_TOGETHER), lambda some: list(self._answers(data, some, WHOLE)))


def with_weights(module: nn.Module, weights: Weights, device: torch.device) -> nn.Module:
    """``module`` without gradients on ``device``, wherever it was."""
    module.to_empty(device=device).requires_grad_(False)
    module.load_state_dict(tensors_of(weights))
    return module


def at(stride: int, outline: Outline) -> int:
    """Where logits and masks meet: never more coarsely than the network answers."""
    return min(stride, outline.dec.stride)
