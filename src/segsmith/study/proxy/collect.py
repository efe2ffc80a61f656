"""What a dynamic cell may read of frames, computed once by the static network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from segsmith.data.base import Clip
from segsmith.networks.interface import StaticNetwork
from segsmith.networks.sizes import halve
from segsmith.networks.tensors import digest, weights_of
from segsmith.ops.memory import channels_last
from segsmith.runtimes.fold import fold
from segsmith.study.proxy.frames import FrameSource, frames_of, names_of
from segsmith.study.proxy.store import Store, making, place

Say: TypeAlias = Callable[[str, int, int], None]
"""Called with what is done, how much of it and how much there is."""

FULL, HALF = "full", "half"


@dataclass(frozen=True)
class Workshop:
    """Where features are computed and kept, and who hears of it."""

    root: Path
    device: torch.device
    say: Say


@dataclass(frozen=True)
class Wanted:
    """``taps`` of the static network, at the whole frame and, where ``half``, of the frame at half its size."""

    taps: tuple[str, ...]
    half: bool
    stride: int

    @property
    def scales(self) -> tuple[str, ...]:
        return (FULL, HALF) if self.half else (FULL,)


def collect(
    static: StaticNetwork,
    source: FrameSource,
    clips: Sequence[Clip],
    wanted: Wanted,
    shop: Workshop,
) -> Store:
    """The store holds ``SCALE.TAP`` and ``masks`` by frame, ``dec`` by first frame, and ``clips`` as places
    of frames, the first one's place in ``dec`` ahead of them."""
    weights = digest(weights_of(cast(nn.Module, static)))
    target = place(shop.root, weights, source.name, names_of(clips), wanted)
    with making(target) as writer, torch.inference_mode():
        if writer is None:
            return Store.open(target)
        answers = cast(StaticNetwork, channels_last(fold(cast(nn.Module, static))))
        frames = frames_of(clips)
        firsts = {clip.frames[0] for clip in clips}
        done = 0
        for some, pixels in source.batches(frames, shop.device):
            features = answers.encode(pixels)
            seen = {FULL: features} | ({HALF: answers.encode(halve(pixels), wanted.taps[-1])} if wanted.half else {})
            for scale in wanted.scales:
                for tap in wanted.taps:
                    writer.append(f"{scale}.{tap}", half_precision(seen[scale][tap]))
            starts = [place for place, frame in enumerate(some) if frame in firsts]
            if starts:
                dec, _ = answers.decode({name: x[starts] for name, x in features.items()})
                writer.append("dec", half_precision(dec))
            writer.append("masks", np.stack([source.mask(frame, wanted.stride) for frame in some]))
            done += len(some)
            shop.say("features", done, len(frames))
        places = {frame: place for place, frame in enumerate(frames)}
        decs = {frame: row for row, frame in enumerate(frame for frame in frames if frame in firsts)}
        rows = [[decs[clip.frames[0]], *(places[frame] for frame in clip.frames)] for clip in clips]
        writer.append("clips", np.array(rows, np.int64))
    return Store.open(target)


def half_precision(x: Tensor) -> npt.NDArray[np.float16]:
    """Height x width x channels, as a store keeps pictures."""
    return cast("npt.NDArray[np.float16]", x.permute(0, 2, 3, 1).contiguous().half().cpu().numpy())
