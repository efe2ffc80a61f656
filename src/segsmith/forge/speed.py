"""How fast this machine is at what a forge will do, measured in seconds before a plan is made."""

import statistics
import time
from collections.abc import Callable
from random import Random
from typing import cast

import torch
from torch import Tensor, nn

from segsmith.data.cache import Size
from segsmith.forge.budget import Speeds
from segsmith.forge.material import Material
from segsmith.genotype import Genotype
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.spaces import Space
from segsmith.study.proxy.presets import ProxySettings
from segsmith.training.run import device_of

STEPS = 3
STARTING_S, EXPORTING_S, OPENING_S, WRITING_S = 12.0, 12.0, 20.0, 8.0
"""What the processes of a training, recording a network, the processes of a benchmark and a page take, however small
the network is."""
PROVED = 60 * 3
"""Frames that are answered while an export is proved."""
CONTROLS = 4
"""Networks that run when one is judged beside its controls."""


def speeds_of(material: Material, static: Genotype, space: Space, timed_s: float, device: str) -> Speeds:
    """``timed_s``: what timing one candidate took."""
    classes, size = len(material.dataset.classes), material.size
    where = torch.device(device_of(device))
    frame_s = frame_seconds(build(static, classes).to(where), size)
    drawn = Random(0)
    candidates = [space.decode(space.random(drawn)) for _ in range(STEPS)]
    step_s = statistics.mean(step_seconds(build(one, classes).to(where), material.settings) for one in candidates)
    settings, (learnt, judged) = material.settings, material.clips
    steps = settings.epochs * max(1, learnt // settings.batch)
    judging = len(settings.stages) * judged * max(1, settings.length - 1) * frame_s
    scoring = material.scored * frame_s
    return Speeds(
        frame_s=frame_s,
        candidate_s=timed_s + steps * step_s + judging,
        collect_s=STARTING_S / 2 + (learnt + judged) * settings.length * frame_s,
        start_s=STARTING_S + scoring,
        export_s=EXPORTING_S + PROVED * frame_s,
        benchmark_s=OPENING_S,
        judge_s=WRITING_S / 2 + CONTROLS * material.judged * frame_s,
        report_s=WRITING_S + material.judged * frame_s,
    )


def frame_seconds(network: VideoNetwork, size: Size) -> float:
    """Of a key frame."""
    network.eval()
    frame = torch.zeros(1, network.in_channels, *size, device=where(network))

    @torch.inference_mode()
    def answer() -> Tensor:
        return network.key(frame)[0]

    return seconds_of(answer)


def step_seconds(network: VideoNetwork, settings: ProxySettings) -> float:
    """Of a training step of a candidate, on crops as the proxy cuts them. Of a cell, what it stands on is computed in
    each: a little more than a search has to."""
    frames = torch.rand(settings.batch, network.in_channels, *settings.crop, device=where(network))
    network.train()
    cell = isinstance(network, DynamicNetwork)
    if cell:
        cast(nn.Module, network.static).eval().requires_grad_(False)

    def learn() -> Tensor:
        logits, state = network.key(frames)
        losses = [logits.mean()]
        for _ in range(settings.length - 1):
            logits, state = network.step(frames, state)
            losses.append(logits.mean())
        total = torch.stack(losses[1:] or losses).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total.detach()

    return seconds_of(learn)


def seconds_of(call: Callable[[], Tensor]) -> float:
    """The median of a few, the first left out."""
    times = []
    for _ in range(STEPS + 1):
        start = time.perf_counter()
        call().sum().item()  # a graphics card is done when its answer is read
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def where(network: nn.Module) -> torch.device:
    return next(network.parameters()).device
