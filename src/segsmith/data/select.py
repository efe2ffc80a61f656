"""Other cuts of a data set: splits joined, sequences held out."""

from collections.abc import Sequence
from dataclasses import replace

from segsmith.data.base import Dataset, FrameSequence
from segsmith.errors import UserError

HOLDOUT = "holdout"
REACH = 5
"""So many frames before a labelled one are learnt from at the most."""


def joined_split(dataset: Dataset, split: str) -> Dataset:
    """With a split called ``a+b`` that holds the sequences of both, if that is what is asked for."""
    if "+" not in split:
        return dataset
    sequences: tuple[FrameSequence, ...] = ()
    for part in split.split("+"):
        if not dataset.splits.get(part):
            raise UserError(f"{dataset.name} has no split {part!r}", fix=f"it has {', '.join(dataset.splits)}")
        sequences += dataset.splits[part]
    return replace(dataset, splits={**dataset.splits, split: sequences})


def near_labels(dataset: Dataset, split: str) -> Dataset:
    """With what can be learnt from of that split, if anything: of films with few labels most frames are never asked
    for, and decoding them all would fill the disk."""
    found = []
    for sequence in dataset.splits.get(split, ()):
        ends = [place for place, frame in enumerate(sequence.frames) if frame.labelled]
        near = sorted({place for end in ends for place in range(max(0, end - REACH), end + 1)})
        found.append(replace(sequence, frames=tuple(sequence.frames[place] for place in near)))
    kept = tuple(sequence for sequence in found if sequence.frames)
    return replace(dataset, splits={**dataset.splits, split: kept}) if kept else dataset


def hold_out(dataset: Dataset, beginnings: Sequence[str]) -> Dataset:
    """Training sequences whose names begin so become the split ``holdout``: streets never seen in training."""
    train = dataset.splits.get("train", ())
    out = tuple(sequence for sequence in train if sequence.name.startswith(tuple(beginnings)))
    kept = tuple(sequence for sequence in train if sequence not in out)
    names = ", ".join(sorted({sequence.name.partition("#")[0] for sequence in train}))
    for beginning in beginnings:
        if not any(sequence.name.startswith(beginning) for sequence in out):
            raise UserError(
                f"no training sequence of {dataset.name} begins with {beginning!r}", fix=f"there are {names}"
            )
    if not kept:
        raise UserError(f"holding out {', '.join(beginnings)} leaves nothing to train on", fix=f"there are {names}")
    return replace(dataset, splits={**dataset.splits, "train": kept, HOLDOUT: out})
