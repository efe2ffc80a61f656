"""The clips that candidates learn from and those that they are judged by, cut from one split of a data set."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from segsmith.data.base import Clip, Dataset, FrameSequence
from segsmith.data.select import HOLDOUT, hold_out
from segsmith.errors import UserError

Thing = TypeVar("Thing")
SHARE = 0.1
"""Of the clips, for judging."""

BLOCK = 8
"""Clips that are taken together: each block costs the clips that overlap it or lie next to it."""

CLIP, SEQUENCE = "clip", "sequence"


@dataclass(frozen=True)
class MetaSplit:
    """``val`` shares no frame with ``train``, and no frame of the one is the neighbour of a frame of the other."""

    train: tuple[Clip, ...]
    val: tuple[Clip, ...]


def meta_split(dataset: Dataset, split: str, length: int, *, by: str = CLIP, seed: int = 0) -> MetaSplit:
    """``by``: clip (blocks of clips anywhere), sequence (whole ones), or the names of the sequences to judge by."""
    if not dataset.splits.get(split):
        raise UserError(f"{dataset.name} has no split {split!r}", fix=f"it has {', '.join(dataset.splits)}")
    found = _by_clip(dataset, split, length, seed) if by == CLIP else _by_sequence(dataset, split, length, by, seed)
    for clips, what in ((found.train, "to learn from"), (found.val, "to judge by")):
        if not clips:
            raise UserError(
                f"{dataset.name} has too few clips of {length} frames in {split!r}: none is left {what}",
                fix="take another split, or shorter clips",
            )
    return found


def thinned(things: Sequence[Thing], most: int) -> tuple[Thing, ...]:
    """At most so many (all where 0), evenly spread."""
    if not most or len(things) <= most:
        return tuple(things)
    return tuple(things[place * len(things) // most] for place in range(most))


def _by_clip(dataset: Dataset, split: str, length: int, seed: int) -> MetaSplit:
    clips = dataset.clips(split, length)
    blocks = list(_blocks(clips))
    Random(seed).shuffle(blocks)
    wanted = max(1, round(SHARE * len(clips)))
    chosen: set[int] = set()
    for block in blocks:
        if len(chosen) >= wanted:
            break
        chosen.update(block[: wanted - len(chosen)])
    places = _places(dataset.splits[split])
    spans = [_span(places, clip) for clip in clips]
    near = {(name, place) for i in chosen for name, first, last in (spans[i],) for place in range(first - 1, last + 2)}
    train = [
        clip
        for clip, (name, first, last) in zip(clips, spans, strict=True)
        if not any((name, place) in near for place in range(first, last + 1))
    ]
    return MetaSplit(tuple(train), tuple(clips[i] for i in sorted(chosen)))


def _blocks(clips: Sequence[Clip]) -> Iterator[list[int]]:
    """Places of consecutive clips of one sequence."""
    block: list[int] = []
    for place, clip in enumerate(clips):
        if block and (len(block) == BLOCK or clip.sequence != clips[place - 1].sequence):
            yield block
            block = []
        block.append(place)
    if block:
        yield block


def _places(sequences: Sequence[FrameSequence]) -> dict[tuple[str, str], int]:
    """Where each frame stands in its sequence: a frame's own index may skip."""
    return {(s.name, frame.name): place for s in sequences for place, frame in enumerate(s.frames)}


def _span(places: dict[tuple[str, str], int], clip: Clip) -> tuple[str, int, int]:
    first, last = (places[clip.sequence, frame.name] for frame in (clip.frames[0], clip.frames[-1]))
    return clip.sequence, first, last


def _by_sequence(dataset: Dataset, split: str, length: int, by: str, seed: int) -> MetaSplit:
    if by == SEQUENCE:
        clips = dataset.clips(split, length)
        names = _some_sequences(dataset.name, clips, seed)
        out = [_whole_name(clip) in names for clip in clips]
        pairs = list(zip(clips, out, strict=True))
        return MetaSplit(tuple(c for c, o in pairs if not o), tuple(c for c, o in pairs if o))
    cut = hold_out(replace(dataset, splits={"train": dataset.splits[split]}), by.split(","))
    return MetaSplit(tuple(cut.clips("train", length)), tuple(cut.clips(HOLDOUT, length)))


def _some_sequences(dataset: str, clips: Sequence[Clip], seed: int) -> list[str]:
    """In a random order those that fit into the share; the smallest where none does."""
    counts = Counter(_whole_name(clip) for clip in clips)
    if len(counts) < 2:
        raise UserError(f"{dataset} has a single sequence of clips: none can be held out whole", fix=f"--meta {CLIP}")
    room = round(SHARE * len(clips))
    names = sorted(counts)
    Random(seed).shuffle(names)
    chosen = []
    for name in names:
        if counts[name] <= room:
            chosen.append(name)
            room -= counts[name]
    return chosen or [min(names, key=lambda name: counts[name])]


def _whole_name(clip: Clip) -> str:
    """Readers cut a sequence with gaps into ``NAME``, ``NAME#2`` and so on."""
    return clip.sequence.partition("#")[0]
