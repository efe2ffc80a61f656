"""The quick look at val while a network trains."""

from segsmith.data.base import Frame, FrameSequence
from segsmith.training.glance import starts


def film(name: str, labelled: set[int], frames: int = 30) -> FrameSequence:
    return FrameSequence(name, tuple(Frame(f"{name}{k}", "x", "x" if k in labelled else "", k) for k in range(frames)))


def test_films_with_one_label_each_are_seen_at_it() -> None:
    """As those of Cityscapes are."""
    found = starts(tuple(film(name, {19}) for name in "abcde"), key_every=5)
    assert len(found) == 5
    for sequence in found:
        assert [frame.index for frame in sequence.frames] == [15, 16, 17, 18, 19, 20]


def test_films_without_labels_are_left_out() -> None:
    found = starts((film("a", set()), film("b", set(range(30)))), key_every=10)
    assert [(sequence.name, len(sequence.frames)) for sequence in found] == [("b", 30)]
