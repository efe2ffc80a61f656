"""What candidates learn from and are judged by."""

from dataclasses import replace

import pytest

from segsmith.data.base import Classes, Clip, Dataset, Frame, FrameSequence
from segsmith.errors import UserError
from segsmith.study.proxy.split import MetaSplit, meta_split, thinned

CLASSES = Classes(("a", "b"), ((0, 0, 0), (1, 1, 1)))


class NoReader:
    def image(self, frame: Frame) -> None: ...

    def mask(self, frame: Frame) -> None: ...


def dataset(*lengths: int, names: tuple[str, ...] = ()) -> Dataset:
    named = names or tuple(f"s{number}" for number in range(len(lengths)))
    sequences = tuple(
        FrameSequence(name, tuple(Frame(f"f{i}", f"{name}/{i}", f"{name}/{i}", 30 * i) for i in range(length)))
        for name, length in zip(named, lengths, strict=True)
    )
    return Dataset("made:", "made", CLASSES, {"train": sequences}, NoReader())


def frames(clips: tuple[Clip, ...]) -> set[tuple[str, int]]:
    return {(clip.sequence, frame.index // 30) for clip in clips for frame in clip.frames}


def apart(split: MetaSplit) -> bool:
    """No frame of one side lies on or next to a frame of the other."""
    near = {(name, place + step) for name, place in frames(split.val) for step in (-1, 0, 1)}
    return not near & frames(split.train)


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_no_neighbours_on_both_sides(length: int, seed: int) -> None:
    data = dataset(100, 60, 30, 9)
    split = meta_split(data, "train", length, seed=seed)
    total = len(data.clips("train", length))
    assert apart(split)
    assert len(split.val) == round(0.1 * total)
    assert len(split.train) > 0.75 * total
    assert not set(split.train) & set(split.val)


def test_the_split_hangs_on_the_seed_alone() -> None:
    data = dataset(100, 60)
    assert meta_split(data, "train", 3, seed=1) == meta_split(data, "train", 3, seed=1)
    assert meta_split(data, "train", 3, seed=1) != meta_split(data, "train", 3, seed=2)


def test_pairs_that_stand_alone_are_all_used() -> None:
    """As in Cityscapes: sequences of one clip."""
    split = meta_split(dataset(*[2] * 50), "train", 2)
    assert (len(split.train), len(split.val)) == (45, 5)


@pytest.mark.parametrize("seed", range(4))
def test_whole_sequences(seed: int) -> None:
    data = dataset(40, 30, 4, 4, 5, names=("a", "a#2", "b", "c", "d"))
    split = meta_split(data, "train", 1, by="sequence", seed=seed)
    sides = [{clip.sequence.partition("#")[0] for clip in side} for side in (split.train, split.val)]
    assert not sides[0] & sides[1]
    assert sides[0] | sides[1] == {"a", "b", "c", "d"}
    assert "a" in sides[0]


def test_named_sequences() -> None:
    split = meta_split(dataset(20, 20, 5, names=("a", "a#2", "b")), "train", 1, by="a")
    assert {clip.sequence for clip in split.val} == {"a", "a#2"}
    assert {clip.sequence for clip in split.train} == {"b"}


@pytest.mark.parametrize(
    ("data", "by", "words"),
    [
        (dataset(20), "sequence", "single sequence"),
        (dataset(20), "nobody", "no training sequence .* begins with 'nobody'"),
        (dataset(3), "clip", "none is left to learn from"),
    ],
)
def test_what_cannot_be_split(data: Dataset, by: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        meta_split(data, "train", 2, by=by)


def test_a_split_that_is_not_there() -> None:
    with pytest.raises(UserError, match="no split 'val'"):
        meta_split(replace(dataset(3)), "val", 1)


def test_thinned_is_even() -> None:
    clips = dataset(30).clips("train")
    assert [clip.frames[0].index // 30 for clip in thinned(clips, 3)] == [0, 10, 20]
    assert thinned(clips, 0) == tuple(clips)
    assert thinned(clips, 99) == tuple(clips)
