"""Batches of clips: seeded, the same for any number of workers, resumable at any batch."""

import math
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from segsmith.data import augment as augmentation
from segsmith.data.ahead import in_order
from segsmith.data.augment import Augment, Draw, Sample
from segsmith.data.base import Clip, Dataset, Frame, Image, Reader
from segsmith.data.motion import motion_clip
from segsmith.errors import UserError

Place: TypeAlias = tuple[int, int]
"""An epoch and a batch's position in it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames NxTx3xHxW, normalised, and masks NxTxHxW (uint8, VOID where nothing is known; losses want ``.long()``).

    ``frames[:, t]`` is channels-last in memory. ``position`` is the batch's place in its epoch.
    """

    frames: Tensor
    masks: Tensor
    clips: tuple[Clip, ...]
    epoch: int
    position: int


def training_clips(
    dataset: Dataset, split: str, length: int = 1, stride: int = 1, synthetic: float = 0.0
) -> list[Clip]:
    """The clips that Batches trains on: one for every labelled frame with ``length - 1`` frames before it.

    Where synthetic motion is asked for, labelled frames that have too few are taken as well, as clips of one.
    """
    clips = dataset.clips(split, length, stride)
    if synthetic > 0:
        ends = {clip.frames[-1] for clip in clips}
        clips += [clip for clip in dataset.clips(split) if clip.frames[-1] not in ends]
    if not clips:
        raise UserError(
            f"{dataset.name} has no {length} consecutive frames, {stride} apart, that end in a labelled one",
            fix=f"its split {split!r} needs shorter clips or synthetic motion",
        )
    return clips


class _Buffers:
    """Memory for batches, taken back when the last tensor over it is gone.

    Fresh memory of this size comes from the system page by page, which takes longer than filling it.
    """

    SIZES = 4

    def __init__(self) -> None:
        self._free: dict[int, list[npt.NDArray[np.uint8]]] = {}

    def __reduce__(self) -> tuple[type["_Buffers"], tuple[()]]:
        return _Buffers, ()

    def take(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        size = math.prod(shape) * dtype.itemsize
        try:
            memory = self._free[size].pop()
        except (KeyError, IndexError):
            memory = np.empty(size, np.uint8)
        lease = memory.view()
        weakref.finalize(lease, self._give_back, memory).atexit = False
        return torch.from_numpy(lease).view(dtype).view(shape)

    def _give_back(self, memory: npt.NDArray[np.uint8]) -> None:
        if memory.nbytes not in self._free and len(self._free) == self.SIZES:
            self._free.clear()  # whole frames of many sizes: do not hoard
        self._free.setdefault(memory.nbytes, []).append(memory)


@dataclass(frozen=True, kw_only=True)
class Batches:
    """``clips`` in batches of ``batch``, in a new order every epoch.

    ``reader``: a FrameCache, or a data set's own reader, which decodes in every epoch. ``synthetic``: the share of
    samples whose frames are made from the clip's last one by synthetic motion of this ``strength``; clips shorter
    than ``length`` always are. ``rank`` of ``world`` processes takes its share of every batch (of a last one that is
    not full, possibly nothing). What a sample looks like depends on seed, epoch and clip alone.
    """

    clips: Sequence[Clip]
    reader: Reader
    batch: int
    augment: Augment
    length: int = 1
    synthetic: float = 0.0
    strength: float = 1.0
    shuffle: bool = True
    drop_last: bool = True
    seed: int = 0
    workers: int = 2
    device: str | torch.device = "cpu"
    rank: int = 0
    world: int = 1
    _buffers: _Buffers = field(default_factory=_Buffers, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.batch < 1 or self.batch % self.world:
            raise UserError(f"a batch of {self.batch} cannot be split over {self.world}", fix="use a multiple")
        if not len(self):
            raise UserError(
                f"a batch of {self.batch} is more than the {len(self.clips)} clips", fix="use a smaller batch"
            )

    def __len__(self) -> int:
        """Batches in an epoch."""
        whole, rest = divmod(len(self.clips), self.batch)
        return whole + bool(rest and not self.drop_last)

    def epoch(self, number: int = 0, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch from ``start`` on."""
        return self._run((number, position) for position in range(start, len(self)))

    def endless(self, epoch: int = 0, position: int = 0) -> Iterator[Batch]:
        """One epoch after the other, without a pause between them; starts again where an earlier run was left."""
        first = ((epoch, place) for place in range(position, len(self)))
        return self._run(chain(first, ((e, place) for e in count(epoch + 1) for place in range(len(self)))))

    def _run(self, places: Iterable[Place]) -> Iterator[Batch]:
        device = torch.device(self.device)
        ours = (place for place in places if self._chosen(place))
        if device.type == "cpu":
            yield from in_order(self._on_cpu, ours, self.workers)
        else:
            for staged in in_order(self._stage, ours, self.workers):
                yield staged.on_device(device)

    def _on_cpu(self, place: Place) -> Batch:
        clips, samples = self._samples(place)
        frames, masks = augmentation.on_cpu(samples, self._size(samples), self._buffers.take)
        return Batch(frames, masks, clips, *place)

    def _stage(self, place: Place) -> "_Staged":
        clips, samples = self._samples(place)
        windows, masks = augmentation.stack(samples, pin=torch.device(self.device).type == "cuda")
        draws = [sample.draw for sample in samples]
        return _Staged(Batch(windows, masks, clips, *place), draws, self._size(samples))

    def _size(self, samples: Sequence[Sample]) -> tuple[int, int]:
        return self.augment.crop or augmentation.output_size(samples)

    def _chosen(self, place: Place) -> list[int]:
        epoch, position = place
        order = np.arange(len(self.clips))
        if self.shuffle:
            order = self._rng(epoch).permutation(order)
        chosen: list[int] = order[position * self.batch : (position + 1) * self.batch][self.rank :: self.world].tolist()
        return chosen

    def _rng(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _samples(self, place: Place) -> tuple[tuple[Clip, ...], list[Sample]]:
        chosen = self._chosen(place)
        clips = tuple(self.clips[index] for index in chosen)
        return clips, [
            self._sample(clip, self._rng(place[0], index)) for clip, index in zip(clips, chosen, strict=True)
        ]

    def _sample(self, clip: Clip, rng: np.random.Generator) -> Sample:
        last = clip.frames[-1]
        image = self.reader.image(last)
        size = (image.shape[0], image.shape[1])
        draw = self.augment.draw(size, rng)
        if rng.random() < self.synthetic or len(clip.frames) < self.length:
            return self._move(last, image, draw, rng)
        others = [self._same_size(frame, size) for frame in clip.frames[:-1]]
        masks = [self.reader.mask(frame) if frame.labelled else None for frame in clip.frames]
        return Sample(
            tuple(draw.cut(frame) for frame in (*others, image)),
            tuple(None if mask is None else draw.cut(mask) for mask in masks),
            draw,
        )

    def _same_size(self, frame: Frame, size: tuple[int, int]) -> Image:
        image = self.reader.image(frame)
        if image.shape[:2] != size:
            raise UserError(
                f"the frame is {image.shape[0]}x{image.shape[1]}, others of its clip {size[0]}x{size[1]}",
                fix="give a working size",
                path=frame.image,
            )
        return image

    def _move(self, frame: Frame, image: Image, draw: Draw, rng: np.random.Generator) -> Sample:
        mask = self.reader.mask(frame) if frame.labelled else None
        if mask is None:
            raise UserError("synthetic motion needs a labelled frame", fix="label the clip's last", path=frame.image)
        windows, masks = motion_clip(image, mask, self.length, rng, self.strength, window=draw.window)
        return Sample(tuple(windows), tuple(masks), draw)


@dataclass(frozen=True, slots=True)
class _Staged:
    """A batch of windows as the workers leave it, and what the device is to make of it."""

    windows: Batch
    draws: list[Draw]
    size: tuple[int, int]

    def on_device(self, device: torch.device) -> Batch:
        frames, masks = (part.to(device, non_blocking=True) for part in (self.windows.frames, self.windows.masks))
        frames, masks = augmentation.on_device(frames, masks, self.draws, self.size)
        return replace(self.windows, frames=frames, masks=masks)
