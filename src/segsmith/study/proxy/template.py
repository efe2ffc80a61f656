"""Template networks: first what is behind the stem, on its outputs computed once; then end to end, on frames."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import cast

import torch
from torch import Tensor, nn

from segsmith.data.augment import Augment
from segsmith.data.base import Clip
from segsmith.data.batches import Batches
from segsmith.genotype import Genotype
from segsmith.networks.build import build_static
from segsmith.networks.interface import Features
from segsmith.networks.parts import EncoderDecoder
from segsmith.ops.memory import channels_last
from segsmith.study.proxy.frames import FrameSource
from segsmith.study.proxy.learning import Learning, coarser, mean_loss, shuffled
from segsmith.study.proxy.marks import Judge, Marks, labels
from segsmith.study.proxy.presets import ProxySettings, longer
from segsmith.study.proxy.split import thinned
from segsmith.study.proxy.stem import STEM_TAPS
from segsmith.study.proxy.store import Arrays, Move
from segsmith.study.proxy.weights import Weights, tensors_of
from segsmith.training.settle import settle

JUDGED_TOGETHER = 8
"""Frames that are judged at once."""


@dataclass(frozen=True)
class Pictures:
    """Frames for the stages that train end to end: clips of one."""

    source: FrameSource
    train: tuple[Clip, ...]
    val: tuple[Clip, ...]


@dataclass(frozen=True)
class TemplateOpener:
    """``stem``: its weights. ``resident`` says whether features are to be held in memory."""

    stem: Weights
    train: Arrays
    val: Arrays
    pictures: Pictures
    settings: ProxySettings
    device: str
    resident: bool

    def open(self) -> "TemplateProxy":
        device = torch.device(self.device)
        train, val = (arrays.load(device, self.resident) for arrays in (self.train, self.val))
        stem = tensors_of(self.stem)
        return TemplateProxy(stem, train, val, self.pictures, self.settings, device)

    def longer(self, factor: float) -> "TemplateOpener":
        return replace(self, settings=longer(self.settings, factor))

    def moved(self, move: Move) -> "TemplateOpener":
        source = replace(self.pictures.source, reader=move.frames(self.pictures.source.reader))
        return replace(
            self,
            train=move.arrays(self.train),
            val=move.arrays(self.val),
            device=move.device,
            pictures=replace(self.pictures, source=source),
        )


@dataclass(frozen=True)
class TemplateProxy:
    stem: Mapping[str, Tensor]
    train: Mapping[str, Tensor]
    val: Mapping[str, Tensor]
    pictures: Pictures
    settings: ProxySettings
    device: torch.device

    @property
    def stages(self) -> int:
        return len(self.settings.stages)

    @property
    def batch(self) -> int:
        return min(self.settings.batch, len(self.pictures.train))

    def candidate(self, genotype: Genotype, batch: int, seed: int) -> "TemplateCandidate":
        network = cast(EncoderDecoder, build_static(genotype, self.pictures.source.classes))
        cast(nn.Module, network.encoder).load_state_dict(self.stem)
        channels_last(network, self.device)
        return TemplateCandidate(self, network, batch, seed)


class TemplateCandidate:
    def __init__(self, proxy: TemplateProxy, network: EncoderDecoder, batch: int, seed: int) -> None:
        self.proxy, self.network, self.batch = proxy, network, batch
        self.chance = torch.Generator().manual_seed(seed)
        self.seed, self.epochs = seed, count()
        stem = [p for name, p in network.named_parameters() if name.startswith("encoder.")]
        rest = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
        parts = [(rest, lambda s: s.lr), (stem, lambda s: s.encoder_lr)]
        self.learning = Learning(proxy.settings, parts, len(proxy.pictures.train) // batch, proxy.device)

    def learn(self, stage: int) -> float:
        self.network.train()
        return self.learning.stage(stage, self._frames if self._whole(stage) else self._features, self._loss)

    def _whole(self, stage: int) -> bool:
        return self.proxy.settings.stages[stage].encoder_lr > 0

    def _loss(self, batch: tuple[Features, Tensor]) -> Tensor:
        features, masks = batch
        return mean_loss(self.network.decode(features)[1], masks)

    def _features(self) -> Iterator[tuple[Features, Tensor]]:
        for places in shuffled(len(self.proxy.pictures.train), self.batch, self.chance):
            yield self._stored(self.proxy.train, places)

    def _stored(self, arrays: Mapping[str, Tensor], places: Tensor) -> tuple[Features, Tensor]:
        rows = {name: array[places.to(array.device)].to(self.proxy.device) for name, array in arrays.items()}
        return {name: rows[name].permute(0, 3, 1, 2).float() for name in STEM_TAPS}, rows["masks"]

    def _frames(self) -> Iterator[tuple[Features, Tensor]]:
        settings, pictures = self.proxy.settings, self.proxy.pictures
        made = batches(pictures.source, pictures.train, settings, self.batch, self.seed, self.proxy.device)
        for batch in made.epoch(next(self.epochs)):
            yield self.network.encode(batch.frames[:, 0]), coarser(batch.masks[:, 0], settings.learn_at)

    @torch.inference_mode()
    def judge(self, stage: int) -> Marks:
        """Once the stem has moved, what was computed of it is of no use any more."""
        judge = Judge(self.proxy.pictures.source.classes, self.proxy.device)
        moved = any(self._whole(earlier) for earlier in range(stage + 1))
        self._settle(moved)
        for places in torch.split(torch.arange(len(self.proxy.pictures.val)), JUDGED_TOGETHER):
            features, masks = self._stored(self.proxy.val, places)
            logits = self.network.decode(self._seen(self.proxy.pictures.val, places) if moved else features)[1]
            judge.see(labels(logits, masks), masks)
        return judge.marks()

    def _settle(self, moved: bool) -> None:
        """On crops as they were learnt from; on whole frames once the stem has moved."""
        self.network.eval()
        if most := self.proxy.settings.settle:
            clips = self.proxy.pictures.train

            def show(places: Tensor) -> None:
                seen = self._seen(clips, places) if moved else self._stored(self.proxy.train, places)[0]
                self.network.decode(seen)

            settle(self.network, torch.split(torch.tensor(thinned(range(len(clips)), most)), JUDGED_TOGETHER), show)

    def _seen(self, clips: Sequence[Clip], places: Tensor) -> Features:
        source = self.proxy.pictures.source
        frames = [source.normalised(clips[place].frames[0], self.proxy.device) for place in places.tolist()]
        return self.network.encode(torch.cat(frames))


def batches(
    source: FrameSource, clips: Sequence[Clip], settings: ProxySettings, batch: int, seed: int, device: torch.device
) -> Batches:
    augment = Augment(
        crop=settings.crop if any(settings.crop) else source.size,
        scale=settings.scale,
        mirror=settings.mirror,
        mean=source.mean,
        std=source.std,
    )
    return Batches(clips=clips, reader=source.reader, batch=batch, augment=augment, seed=seed, workers=1, device=device)
