"""How fast this machine is at what a forge will do, measured in seconds before a plan is made."""

import statistics
from random import Random

import torch
from torch import Tensor, nn

from segsmith.data.cache import Size
from segsmith.forge.budget import Speeds
from segsmith.forge.material import Material
from segsmith.forge.rehearse import rehearse
from segsmith.forge.watch import seconds_of
from segsmith.genotype import Genotype
from segsmith.networks.build import VideoNetwork, build
from segsmith.ops.memory import channels_last
from segsmith.runtimes.fold import fold
from segsmith.spaces import LgcSpace, Space

STEPS = 3
STARTING_S, SEARCHING_S, EXPORTING_S, OPENING_S, WRITING_S = 12.0, 6.0, 12.0, 20.0, 8.0
"""What a training, a search, recording a network, the processes of a benchmark and a page take to start, however small
the network is."""
PROVED = 60 * 3
"""Frames that are answered while an export is proved."""
SUPERNET_S = 30.0
"""The shortest search by gradient."""
CONTROLS = 3
"""What a video network has to beat, judged beside it."""


def speeds_of(material: Material, static: Genotype, space: Space, timed_s: float, device: str) -> Speeds:
    """``timed_s``: what timing one candidate took."""
    on, lgc = torch.device(device), isinstance(space, LgcSpace)
    network = build(space.decode(space.random(Random(0))) if lgc else static, len(material.dataset.classes)).to(on)
    frame_s = frame_seconds(network, material.size)
    learning_s, collected_s = (SUPERNET_S, 0.0) if lgc else candidate_seconds(material, network, static, space)
    return Speeds(
        timed_s=timed_s,
        candidate_s=timed_s + learning_s,
        collect_s=SEARCHING_S + collected_s,
        start_s=STARTING_S + material.scored * frame_s,
        export_s=EXPORTING_S + PROVED * frame_s,
        benchmark_s=OPENING_S,
        judge_s=WRITING_S / 2 + material.judged * frame_s,
        controls_s=CONTROLS * material.judged * frame_s,
        report_s=WRITING_S + material.judged * frame_s,
    )


def candidate_seconds(material: Material, network: VideoNetwork, static: Genotype, space: Space) -> tuple[float, float]:
    """To train and judge one, and to compute what all of them learn from."""
    found, settings, (learnt, judged) = rehearse(material, network, static, space), material.settings, material.clips
    steps = settings.epochs * max(1, learnt // settings.batch)
    return (
        steps * found.step_s + len(settings.stages) * judged * found.judged_s,
        (learnt + judged) * settings.length * found.collected_s,
    )


def frame_seconds(network: VideoNetwork, size: Size) -> float:
    """Of a key frame."""
    ready = channels_last(fold(network))  # as it is when it is judged
    frame = torch.zeros(1, network.in_channels, *size, device=where(network))
    frame = frame.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def answer() -> Tensor:
        return ready.key(frame)[0].sum().cpu()  # a graphics card is done when its answer is read

    answer()
    return statistics.median(seconds_of(answer) for _ in range(STEPS))


def where(network: nn.Module) -> torch.device:
    return next(network.parameters()).device
