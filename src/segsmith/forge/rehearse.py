"""What a candidate takes to train and to judge, found out on a few clips: all that a search does, once."""

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

import torch
from torch import nn

from segsmith.data.augment import MEAN, STD
from segsmith.data.base import Clip
from segsmith.data.cache import open_cache
from segsmith.data.select import near_labels
from segsmith.forge.material import TRAIN, Material
from segsmith.forge.watch import seconds_of
from segsmith.genotype import Genotype
from segsmith.networks.build import VideoNetwork
from segsmith.networks.encoder import MobileNetV2
from segsmith.networks.parts import EncoderDecoder
from segsmith.spaces import DynamicSpace, Space
from segsmith.study.proxy.collect import Wanted, Workshop, collect
from segsmith.study.proxy.dynamic import DynamicOpener
from segsmith.study.proxy.frames import FrameSource, shrunk
from segsmith.study.proxy.presets import ProxySettings, Stage
from segsmith.study.proxy.scoring import Proxy
from segsmith.study.proxy.stem import STEM_TAPS, collect_crops, collect_frames, frozen
from segsmith.study.proxy.template import Pictures, TemplateOpener, batches
from segsmith.study.proxy.weights import arrays_of

CANDIDATES, JUDGED = 3, 8


@dataclass(frozen=True)
class Rehearsed:
    """Seconds for one: a step of training, a clip that is judged, a frame that candidates read."""

    step_s: float
    judged_s: float
    collected_s: float


@dataclass(frozen=True)
class Few:
    """A few clips, and where what is made of them is kept for the moment."""

    source: FrameSource
    learnt: tuple[Clip, ...]
    judged: tuple[Clip, ...]
    settings: ProxySettings
    shop: Workshop

    @classmethod
    def of(cls, material: Material, folder: Path, device: torch.device) -> "Few":
        """Of clips that follow each other, whose frames are the fewest; two epochs of one step."""
        settings = material.settings
        clips = material.dataset.clips(TRAIN, settings.length)
        learnt, judged = clips[: settings.batch], clips[-JUDGED:]
        size = material.work_size or shrunk(material.size, settings.longest)
        native = not material.resized and size == material.size
        cache = open_cache(near_labels(material.dataset, TRAIN), TRAIN, size=None if native else size)
        classes = len(material.dataset.classes)
        source = FrameSource(cache, cache.folder.name, size, classes, MEAN, STD)
        short = replace(settings, stages=(Stage(1, 1e-3), Stage(1, 1e-3)))
        shop = Workshop(folder, device, lambda what, done, total: None)
        return cls(source, tuple(learnt), tuple(judged), short, shop)

    @property
    def frames(self) -> int:
        return len({frame for clips in (self.learnt, self.judged) for clip in clips for frame in clip.frames})


def rehearse(material: Material, network: VideoNetwork, static: Genotype, space: Space) -> Rehearsed:
    """``network`` is that of ``static``, on the device that is to be trained on."""
    device = next(cast(nn.Module, network).parameters()).device
    drawn = Random(0)
    candidates = [space.decode(space.random(drawn)) for _ in range(CANDIDATES)]
    with tempfile.TemporaryDirectory(prefix="segsmith-forge-") as folder:
        few = Few.of(material, Path(folder), device)
        opened: list[Proxy] = []

        def open_proxy() -> None:
            opened.append(
                cells(few, network, static, space) if isinstance(space, DynamicSpace) else images(few, network)
            )

        collected = seconds_of(open_proxy) / few.frames
        return Rehearsed(*scored(opened[0], candidates, few), collected)


def cells(few: Few, network: VideoNetwork, static: Genotype, space: DynamicSpace) -> Proxy:
    read = {name.removeprefix("prev:") for name in space.inputs}
    below, settings = network.static, few.settings
    taps = tuple(name for name in below.taps if name in read)
    train, val = (
        collect(
            below, few.source, clips, Wanted(taps, 0.5 in space.step_scales, min(stride, below.dec.stride)), few.shop
        )
        for clips, stride in ((few.learnt, settings.learn_at), (few.judged, settings.judge_at))
    )
    return DynamicOpener.on(below, static, (train, val), settings, str(few.shop.device), resident=True).open()


def images(few: Few, network: VideoNetwork) -> Proxy:
    settings, device = few.settings, few.shop.device
    whole = cast(nn.Module, cast(EncoderDecoder, network.static).encoder).state_dict()
    weights = {name: whole[name] for name in MobileNetV2(deepest=STEM_TAPS[-1]).state_dict()}
    stem = frozen(weights, device)
    crops = batches(few.source, few.learnt, settings, len(few.learnt), 0, device)
    train = collect_crops(stem, crops, few.source, settings.learn_at, few.shop)
    val = collect_frames(stem, few.judged, few.source, settings.judge_at, few.shop)
    pictures = Pictures(few.source, few.learnt, few.judged)
    return TemplateOpener(arrays_of(weights), train, val, pictures, settings, str(device), True).open()


def scored(proxy: Proxy, candidates: Sequence[Genotype], few: Few) -> tuple[float, float]:
    """The second time that each learns and is judged; the first one warms up."""
    steps, judged = [], []
    for genotype in candidates:
        with torch.random.fork_rng(enabled=proxy.device.type == "cpu"):
            candidate = proxy.candidate(genotype, proxy.batch, 0)
        candidate.learn(0)
        candidate.judge(0)
        steps.append(seconds_of(partial(candidate.learn, 1)))
        judged.append(seconds_of(partial(candidate.judge, 1)) / len(few.judged))
    return statistics.mean(steps), statistics.mean(judged)
