"""Dynamic cells, trained on what the static network gave once for all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from segsmith.genotype import Genotype, prune
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.networks.dynamic import DynamicCell
from segsmith.networks.graph import setting
from segsmith.networks.interface import Features, State, StaticNetwork
from segsmith.networks.sizes import halve
from segsmith.study.collect import FULL, HALF
from segsmith.study.marks import Judge, Marks, labels
from segsmith.study.presets import ProxySettings
from segsmith.study.store import Store
from segsmith.training.budget import rate
from segsmith.training.losses import cross_entropy_sum, pixel_weight

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
        static = cast(StaticNetwork, network.static)
        static.classifier.to(device)
        data = [ClipData.of(Store.open(folder), static, device, self.resident) for folder in (self.train, self.val)]
        return DynamicProxy(static, len(meta.classes), data[0], data[1], self.settings, device)


@dataclass(frozen=True)
class ClipData:
    """``clips``: for every clip its first frame's place in ``dec``, then the places of its frames."""

    arrays: Mapping[str, Tensor]
    clips: Tensor
    dec_stride: int
    strides: Mapping[str, int]
    device: torch.device

    @classmethod
    def of(cls, store: Store, static: StaticNetwork, device: torch.device, resident: bool) -> "ClipData":
        arrays = store.load(device, resident)
        strides = {f"{FULL}.{name}": tap.stride for name, tap in static.taps.items()}
        strides |= {f"{HALF}.{name}": 2 * tap.stride for name, tap in static.taps.items()}
        found = {name: stride for name, stride in strides.items() if name in arrays}
        return cls(arrays, arrays.pop("clips").cpu(), static.dec.stride, found, device)

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def length(self) -> int:
        return self.clips.shape[1] - 1

    @property
    def coarsest(self) -> int:
        return max(self.strides.values())

    def taps(self, scale: str, names: tuple[str, ...], rows: Tensor, window: "Window") -> Features:
        keys = {name: f"{scale}.{name}" for name in names}
        return {name: self._maps(key, rows, window.at(self.strides[key])) for name, key in keys.items()}

    def dec(self, rows: Tensor, window: "Window") -> Tensor:
        return self._maps("dec", rows, window.at(self.dec_stride))

    def masks(self, rows: Tensor, window: "Window", stride: int) -> Tensor:
        rows_, columns = window.at(stride)
        return self.arrays["masks"][:, rows_, columns][rows].to(self.device, non_blocking=True)

    def _maps(self, name: str, rows: Tensor, part: tuple[slice, slice]) -> Tensor:
        found = self.arrays[name][:, part[0], part[1]][rows].to(self.device, non_blocking=True)
        return found.permute(0, 3, 1, 2).float()


@dataclass(frozen=True)
class Window:
    """A part of all frames, in pixels; its corner lies on the grid of the coarsest features. Empty is everything."""

    top: int = 0
    left: int = 0
    height: int = 0
    width: int = 0

    def at(self, stride: int) -> tuple[slice, slice]:
        if not self.height:
            return slice(None), slice(None)
        top, left = self.top // stride, self.left // stride
        return slice(top, top + self.height // stride), slice(left, left + self.width // stride)


@dataclass
class DynamicProxy:
    static: StaticNetwork
    classes: int
    train: ClipData
    val: ClipData
    settings: ProxySettings
    device: torch.device
    stages: int = field(init=False)
    batch: int = field(init=False)

    def __post_init__(self) -> None:
        self.stages = len(self.settings.stages)
        self.batch = min(self.settings.batch, len(self.train))
        self.learn_at = min(self.settings.learn_at, self.static.dec.stride)
        self.judge_at = min(self.settings.judge_at, self.static.dec.stride)

    def candidate(self, genotype: Genotype, batch: int, seed: int) -> "DynamicCandidate":
        cell = DynamicCell(prune(genotype), self.static.taps, self.static.dec, self.static.classifier)
        cell.classifier.requires_grad_(True)
        cell.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        scale = HALF if setting(genotype, "step_scale") == 0.5 else FULL
        return DynamicCandidate(self, cell, scale, batch, torch.Generator().manual_seed(seed))


@dataclass
class DynamicCandidate:
    proxy: DynamicProxy
    cell: DynamicCell
    scale: str
    batch: int
    chance: torch.Generator

    def __post_init__(self) -> None:
        self.optimiser = torch.optim.Adam(self.cell.parameters(), lr=1.0, fused=self.proxy.device.type == "cuda")
        self.steps_done = 0

    def learn(self, stage: int) -> float:
        settings, data = self.proxy.settings, self.proxy.train
        whole = settings.epochs * -(-len(data) // self.batch)
        self.cell.train()
        loss = torch.zeros(())
        for _ in range(settings.stages[stage].epochs):
            losses = []
            for rows in self._batches(data):
                progress = self.steps_done / whole if settings.anneal else 0.0
                for group in self.optimiser.param_groups:
                    group["lr"] = settings.stages[stage].lr * rate("cosine", progress, power=0.0, warmup=0.0)
                losses.append(self._step(data.clips[rows]))
                self.steps_done += 1
            loss = torch.stack(losses).mean()
            if not torch.isfinite(loss):
                break
        return float(loss)

    def _batches(self, data: ClipData) -> Iterator[Tensor]:
        """All clips in a new order; a last batch that is smaller is left out."""
        order = torch.randperm(len(data), generator=self.chance).split(self.batch)
        yield from (rows for rows in order if len(rows) == self.batch)

    def _step(self, clips: Tensor) -> Tensor:
        data, stride = self.proxy.train, self.proxy.learn_at
        window = self._window()
        total = torch.zeros((), device=self.proxy.device)
        for place, logits in enumerate(self._answers(data, clips, window), start=1):
            masks = data.masks(clips[:, 1 + place], window, stride)
            total = total + cross_entropy_sum(logits, masks, None) / pixel_weight(masks, None).clamp(min=1)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        self.optimiser.step()
        return total.detach()

    def _answers(self, data: ClipData, clips: Tensor, window: Window) -> Iterator[Tensor]:
        """Logits of every frame behind the first."""
        cell = self.cell
        before = data.taps(FULL, cell.previous, clips[:, 1], window)
        if self.scale == HALF:
            before = {name: halve(x) for name, x in before.items()}
        state: State = {"dec": data.dec(clips[:, 0], window)} | before
        for place in range(1, data.length):
            names = tuple(dict.fromkeys(cell.current + cell.previous))
            seen = data.taps(self.scale, names, clips[:, 1 + place], window)
            dec, logits = cell(seen, state)
            state = {"dec": dec} | {name: seen[name] for name in cell.previous}
            yield logits

    def _window(self) -> Window:
        crop, data = self.proxy.settings.crop, self.proxy.train
        if not any(crop):
            return Window()
        grid = data.coarsest
        frame = [side * self.proxy.learn_at for side in data.arrays["masks"].shape[1:]]
        sides = [min(crop[axis], frame[axis]) // grid * grid for axis in (0, 1)]
        corners = [self._corner(frame[axis] - sides[axis], grid) for axis in (0, 1)]
        return Window(corners[0], corners[1], sides[0], sides[1])

    def _corner(self, room: int, grid: int) -> int:
        return grid * int(torch.randint(room // grid + 1, (), generator=self.chance))

    @torch.inference_mode()
    def judge(self, stage: int) -> Marks:
        data, judge = self.proxy.val, Judge(self.proxy.classes, self.proxy.device)
        self.cell.eval()
        for clips in data.clips.split(JUDGED_TOGETHER):
            whole = Window()
            truth = data.masks(clips[:, 1], whole, self.proxy.judge_at)
            before = labels(self.proxy.static.classifier(data.dec(clips[:, 0], whole)), truth.shape), truth
            for place, logits in enumerate(self._answers(data, clips, whole), start=1):
                truth = data.masks(clips[:, 1 + place], whole, self.proxy.judge_at)
                now = labels(logits, truth.shape), truth
                judge.see(*now)
                judge.compare(before, now)
                before = now
        return judge.marks()
