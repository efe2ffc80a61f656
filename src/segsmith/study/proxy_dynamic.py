"""Dynamic cells, trained on what the static network gave once for all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from segsmith.genotype import Genotype, prune
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.networks.dynamic import DynamicCell
from segsmith.networks.graph import setting
from segsmith.networks.interface import Features, State, Tap
from segsmith.networks.sizes import halve
from segsmith.study.collect import FULL, HALF
from segsmith.study.learning import Learning, mean_loss, shuffled
from segsmith.study.marks import Judge, Marks, labels
from segsmith.study.presets import ProxySettings
from segsmith.study.store import Store
from segsmith.study.windows import WHOLE, Window, random_window

JUDGED_TOGETHER = 8
"""Clips that are judged at once."""


@dataclass(frozen=True)
class DynamicOpener:
    """``train`` and ``val`` are stores; ``resident`` says whether they are to be held in memory."""

    static: Path
    train: Path
    val: Path
    settings: ProxySettings
    device: str
    resident: bool

    def open(self) -> "DynamicProxy":
        device = torch.device(self.device)
        network, meta = load_checkpoint(self.static)
        static = network.static
        outline = Outline(static.taps, static.dec, static.classifier.to(device).requires_grad_(False))
        train, val = (
            ClipData.of(Store.open(folder), outline, device, self.resident) for folder in (self.train, self.val)
        )
        return DynamicProxy(outline, len(meta.classes), train, val, self.settings, device)


@dataclass(frozen=True)
class Outline:
    """What a cell has to know of the static network that it stands on."""

    taps: Mapping[str, Tap]
    dec: Tap
    classifier: nn.Module


@dataclass(frozen=True)
class ClipData:
    """``clips``: for every clip its first frame's place in ``dec``, then the places of its frames."""

    arrays: Mapping[str, Tensor]
    clips: Tensor
    strides: Mapping[str, int]
    device: torch.device

    @classmethod
    def of(cls, store: Store, outline: Outline, device: torch.device, resident: bool) -> "ClipData":
        arrays = store.load(device, resident)
        strides = {f"{FULL}.{name}": tap.stride for name, tap in outline.taps.items()}
        strides |= {f"{HALF}.{name}": 2 * tap.stride for name, tap in outline.taps.items()}
        strides = {name: stride for name, stride in strides.items() if name in arrays}
        return cls(arrays, arrays.pop("clips").cpu(), strides | {"dec": outline.dec.stride}, device)

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def length(self) -> int:
        return self.clips.shape[1] - 1

    def frame(self, stride: int) -> tuple[int, int]:
        """Height and width, of masks with this stride, in pixels."""
        height, width = self.arrays["masks"].shape[1:]
        return height * stride, width * stride

    def taps(self, scale: str, names: tuple[str, ...], rows: Tensor, window: Window) -> Features:
        return {name: self.maps(f"{scale}.{name}", rows, window) for name in names}

    def maps(self, name: str, rows: Tensor, window: Window) -> Tensor:
        return self._cut(name, rows, window.at(self.strides[name])).permute(0, 3, 1, 2).float()

    def masks(self, rows: Tensor, window: Window, stride: int) -> Tensor:
        return self._cut("masks", rows, window.at(stride))

    def _cut(self, name: str, rows: Tensor, part: tuple[slice, slice]) -> Tensor:
        array = self.arrays[name]
        return array[:, part[0], part[1]][rows.to(array.device)].to(self.device)


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
        cell.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
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
        self.cell.eval()
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


def at(stride: int, outline: Outline) -> int:
    """Where logits and masks meet: never more coarsely than the network answers."""
    return min(stride, outline.dec.stride)
