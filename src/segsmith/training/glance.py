"""A quick look at val while a network trains: some frames, spread over the split."""

from dataclasses import dataclass, replace

import torch
from torch import nn

from segsmith.data.base import Dataset, FrameSequence, Image
from segsmith.data.cache import cached
from segsmith.data.pictures import overlay, sheet
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.meta import Meta
from segsmith.training.answerers import TorchAnswerer
from segsmith.training.evaluation import evaluate

MOST = 30
SHOWN = 4


@dataclass(frozen=True)
class Glance:
    dataset: Dataset
    network: nn.Module
    meta: Meta
    key_every: int
    device: torch.device

    @classmethod
    def of(
        cls, dataset: Dataset, network: nn.Module, meta: Meta, key_every: int, device: torch.device
    ) -> "Glance | None":
        """None where val has no labelled frame."""
        sequences = dataset.splits.get("val", ())
        if not any(frame.labelled for sequence in sequences for frame in sequence.frames):
            return None
        video = isinstance(network, DynamicNetwork)
        some = starts(sequences, key_every) if video else spread(sequences)
        whole = cached(dataset, "val")
        return cls(replace(whole, splits={"val": some}), network, meta, key_every if video else 1, device)

    def miou(self) -> float:
        return evaluate(self._answerer(), self.dataset, "val", key_every=self.key_every).scores.miou

    def picture(self) -> Image:
        answerer = self._answerer()
        frames = [frame for frame in self.dataset.frames("val") if frame.labelled]
        images = [self.dataset.reader.image(frame) for frame in frames[:: max(1, len(frames) // SHOWN)][:SHOWN]]
        return sheet([overlay(image, answerer.key(image), self.dataset.classes) for image in images], 2)

    def _answerer(self) -> TorchAnswerer:
        return TorchAnswerer(self.network, self.meta, self.device)


def spread(sequences: tuple[FrameSequence, ...]) -> tuple[FrameSequence, ...]:
    """Single labelled frames, evenly over all."""
    frames = [frame for sequence in sequences for frame in sequence.frames if frame.labelled]
    step = max(1, -(-len(frames) // MOST))
    return tuple(FrameSequence(frame.name, (frame,)) for frame in frames[::step])


def starts(sequences: tuple[FrameSequence, ...], key_every: int) -> tuple[FrameSequence, ...]:
    """Pieces of as many sequences as are needed, each at least one key frame and its steps long. It begins with the
    key frame that the first labelled frame follows."""
    labelled = [sequence for sequence in sequences if any(frame.labelled for frame in sequence.frames)]
    each = max(key_every, MOST // len(labelled))
    found = []
    for sequence in labelled[: max(1, MOST // each)]:
        first = next(place for place, frame in enumerate(sequence.frames) if frame.labelled)
        start = first - first % key_every
        found.append(FrameSequence(sequence.name, sequence.frames[start : start + each]))
    return tuple(found)
