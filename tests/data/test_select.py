from dataclasses import replace

import pytest
from memory_data import memory_set

from segsmith.data.batches import training_clips
from segsmith.data.open import open_dataset
from segsmith.data.select import REACH, joined_split, near_labels
from segsmith.errors import UserError
from segsmith.study.proxy.presets import PRESETS
from segsmith.training.recipes import RECIPES

STREETS = "streets:clips=8,frames=2,size=48x64"


def names(dataset, split):
    return [sequence.name for sequence in dataset.splits[split]]


def test_sequences_held_out_are_no_longer_trained_on() -> None:
    whole = open_dataset(STREETS)
    first, second = names(whole, "train")[:2]
    held = open_dataset(f"{STREETS}?holdout={first}+{second}")
    assert names(held, "holdout") == [first, second]
    assert names(held, "train") == names(whole, "train")[2:]
    assert names(held, "val") == names(whole, "val")
    assert held.name.endswith(f"?holdout={first}+{second}"), "the name opens it again"
    assert names(open_dataset(held.name), "holdout") == [first, second]


@pytest.mark.parametrize(("held", "words"), [("nowhere", "begins with 'nowhere'"), ("train", "leaves nothing")])
def test_what_cannot_be_held_out(held: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        open_dataset(f"{STREETS}?holdout={held}")


def test_splits_joined() -> None:
    dataset = open_dataset(STREETS)
    both = joined_split(dataset, "train+val")
    assert len(both.frames("train+val")) == len(dataset.frames("train")) + len(dataset.frames("val"))
    assert joined_split(dataset, "train") is dataset
    with pytest.raises(UserError, match="no split 'vall'"):
        joined_split(dataset, "train+vall")


def test_of_films_with_few_labels_only_what_is_learnt_from_is_kept() -> None:
    whole = memory_set(sequences=2, frames=30, label_every=19)
    near = near_labels(whole, "train")
    kept = [0, *range(19 - REACH, 20)]
    assert [[frame.index for frame in sequence.frames] for sequence in near.splits["train"]] == [kept, kept]
    for recipe in RECIPES.values():
        for phase in recipe.phases:
            clips = training_clips(whole, "train", phase.length, phase.stride)
            assert {frame for clip in clips for frame in clip.frames} <= set(near.frames("train"))
    assert max(settings.length for settings in PRESETS) <= REACH + 1


def test_where_all_frames_have_labels_or_none_all_are_kept() -> None:
    whole = memory_set()
    assert near_labels(whole, "train") == whole
    bare = tuple(
        replace(one, frames=tuple(replace(frame, mask="") for frame in one.frames)) for one in whole.splits["train"]
    )
    unlabelled = replace(whole, splits={"train": bare})
    assert near_labels(unlabelled, "train") == unlabelled
