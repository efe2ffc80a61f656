import pytest

from segsmith.data.open import open_dataset
from segsmith.data.select import joined_split
from segsmith.errors import UserError

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
