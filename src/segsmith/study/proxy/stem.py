"""The stem of template networks: where its weights come from, and its outputs computed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from segsmith.data.base import Clip, Image
from segsmith.data.batches import Batches
from segsmith.networks.encoder import MobileNetV2
from segsmith.networks.interface import Features
from segsmith.networks.tensors import digest, weights_of
from segsmith.networks.weights import load_encoder
from segsmith.ops.memory import channels_last
from segsmith.study.proxy.collect import Workshop, half_precision
from segsmith.study.proxy.frames import FrameSource, frames_of, majority, names_of
from segsmith.study.proxy.store import Store, Writer, making, place
from segsmith.training.start import encoder_of

STEM_TAPS = ("layer1", "layer2")


@dataclass(frozen=True)
class Stem:
    """``static``: a trained network whose encoder it is; or else ``encoder_weights``, a file of another library."""

    static: str = ""
    encoder_weights: str = ""

    def weights(self) -> dict[str, Tensor]:
        stem = MobileNetV2(deepest=STEM_TAPS[-1])
        if self.encoder_weights:
            holder = nn.Module()
            holder.encoder = stem
            load_encoder(holder, Path(self.encoder_weights))
            return stem.state_dict()
        found = encoder_of(self.static).state_dict()
        return {name: found[name] for name in stem.state_dict()}


def frozen(weights: dict[str, Tensor], device: torch.device) -> nn.Module:
    stem = MobileNetV2(deepest=STEM_TAPS[-1])
    stem.load_state_dict(weights)
    return channels_last(stem, device).eval().requires_grad_(False)


def collect_crops(stem: nn.Module, made: Batches, source: FrameSource, stride: int, shop: Workshop) -> Store:
    """One crop of every clip: the stem's outputs, and ``masks``."""
    what = digest(weights_of(stem)), source.name, names_of(made.clips), stride, made.augment, made.seed
    target = place(shop.root, *what)
    with making(target) as writer, torch.inference_mode():
        if writer is not None:
            for batch in made.epoch():
                masks = [majority(mask.cpu().numpy(), stride, source.classes) for mask in batch.masks[:, 0]]
                _append(writer, stem(batch.frames[:, 0]), masks)
                shop.say("features", batch.position + 1, len(made))
    return Store.open(target)


def collect_frames(stem: nn.Module, clips: Sequence[Clip], source: FrameSource, stride: int, shop: Workshop) -> Store:
    """The same of whole frames."""
    target = place(shop.root, digest(weights_of(stem)), source.name, names_of(clips), stride)
    with making(target) as writer, torch.inference_mode():
        if writer is not None:
            frames, done = frames_of(clips), 0
            for some, pixels in source.batches(frames, shop.device):
                _append(writer, stem(pixels), [source.mask(frame, stride) for frame in some])
                done += len(some)
                shop.say("features", done, len(frames))
    return Store.open(target)


def _append(writer: Writer, features: Features, masks: Sequence[Image]) -> None:
    for tap in STEM_TAPS:
        writer.append(tap, half_precision(features[tap]))
    writer.append("masks", np.stack(masks))
