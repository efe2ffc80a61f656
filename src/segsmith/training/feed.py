"""Batches for the phases of a recipe, from the cached frames of a data set."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from torch import Tensor

from segsmith.data.augment import Augment
from segsmith.data.base import VOID, Dataset
from segsmith.data.batches import Batches, training_clips
from segsmith.data.cache import FrameCache
from segsmith.training.losses import class_weights
from segsmith.training.recipes import Phase, Recipe

SALT = 7919
"""A run that went back draws other batches: its seed moves by this much."""

PHASE = 101
"""Each phase has a seed of its own: its epochs start to count anew."""

SHOWN_TOGETHER = 4
"""Whole frames in a batch, where nothing is learnt: more would only take memory."""

GRAIN = 16
"""Crops are multiples of this many pixels."""


@dataclass(frozen=True)
class Source:
    """Where a run's batches come from."""

    dataset: Dataset
    cache: FrameCache
    split: str
    seed: int
    workers: int
    device: str
    rank: int = 0
    world: int = 1


@dataclass(frozen=True)
class ClipFeed:
    made: Batches

    @property
    def steps_in_epoch(self) -> int:
        return len(self.made)

    def batches(self, start: int, salt: int) -> Iterator[tuple[Tensor, Tensor]]:
        batches = replace(self.made, seed=self.made.seed + SALT * salt)
        epoch, position = divmod(start, len(batches))
        for batch in batches.endless(epoch, position):
            yield batch.frames, batch.masks


def feed(source: Source, recipe: Recipe, number: int) -> ClipFeed:
    phase = recipe.phases[number]
    synthetic = recipe.synthetic if phase.length > 1 else 0.0
    clips = training_clips(source.dataset, source.split, phase.length, phase.stride, synthetic)
    augment = Augment(
        crop=crop_of(recipe, phase, source.cache.image(0).shape),
        scale=(recipe.scale[0] * phase.zoom, recipe.scale[1] * phase.zoom),
        mirror=recipe.mirror,
        jitter=recipe.jitter,
    )
    return ClipFeed(
        Batches(
            clips=clips,
            reader=source.cache,
            batch=min(recipe.batch, len(clips) - len(clips) % source.world),
            augment=augment,
            length=phase.length,
            synthetic=synthetic,
            seed=source.seed + PHASE * number,
            workers=source.workers,
            device=source.device,
            rank=source.rank,
            world=source.world,
        )
    )


def whole_frames(source: Source, most: int) -> Iterator[Tensor]:
    """Frames as they are, in batches, at most so many: what a network will be shown."""
    clips = training_clips(source.dataset, source.split)
    batch = min(SHOWN_TOGETHER, len(clips))
    height, width = source.cache.image(0).shape[:2]
    made = Batches(
        clips=clips,
        reader=source.cache,
        batch=batch,
        augment=Augment(crop=(height, width)),
        seed=source.seed,
        workers=source.workers,
        device=source.device,
    )
    return (batch.frames[:, 0] for batch in islice(made.epoch(), max(1, most // batch)))


def crop_of(recipe: Recipe, phase: Phase, frame: tuple[int, ...]) -> tuple[int, int]:
    """The recipe's crop (a whole frame where it names none), at the phase's share of it. What no frame fills when it is
    enlarged most would only be padding."""
    largest = [round(whole * max(1.0, recipe.scale[1] * phase.zoom)) for whole in frame[:2]]
    sides = zip(recipe.crop, frame[:2], largest, strict=True)
    height, width = (min(side or whole, most) for side, whole, most in sides)
    if phase.crop == 1:
        return height, width
    return grained(height * phase.crop), grained(width * phase.crop)


def grained(side: float) -> int:
    return max(GRAIN, GRAIN * round(side / GRAIN))


def shares(cache: FrameCache, classes: int) -> list[float]:
    """How much of the labelled pixels each class has."""
    counts = np.zeros(256, np.int64)
    for place in range(len(cache)):
        mask = cache.mask(place)
        if mask is not None:
            counts += np.bincount(mask.ravel(), minlength=256)
    total = max(1, int(counts.sum() - counts[VOID]))
    return [int(count) / total for count in counts[:classes]]


def weights_of(cache: FrameCache, classes: int) -> list[float]:
    return class_weights(shares(cache, classes))
