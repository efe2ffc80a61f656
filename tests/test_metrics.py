"""Scores of single frames against counting by hand, scikit-learn and torchmetrics."""

import json
import math
import pickle
from collections import Counter
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, jaccard_score

from segsmith.data.base import VOID
from segsmith.errors import UserError
from segsmith.metrics import BoundaryIoU, Confusion, Scores
from segsmith.metrics.boundary import reach
from segsmith.metrics.counts import CHUNK

Masks = npt.NDArray[np.uint8]


def random_pair(classes: int, seed: int = 0, shape: tuple[int, ...] = (3, 40, 50)) -> tuple[Masks, Masks]:
    """A truth in blobs with void in it, and a prediction that is right two times out of three."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, classes + 1, (shape[0], shape[1] // 5, shape[2] // 5)).astype(np.uint8)
    cells[cells == classes] = VOID
    truth = cells.repeat(5, 1).repeat(5, 2)
    prediction = np.where(rng.random(shape) < 0.67, truth, rng.integers(0, classes, shape)).astype(np.uint8)
    prediction[prediction == VOID] = 0
    return prediction, truth


def scored(prediction: Masks, truth: Masks, classes: int) -> Scores:
    confusion = Confusion(classes)
    confusion.update(prediction, truth)
    return confusion.scores()


def by_hand(prediction: Masks, truth: Masks, classes: int) -> dict[str, object]:
    """The definitions, a pixel at a time, in exact fractions."""
    pairs = Counter(
        (t, p) for t, p in zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True) if t != VOID
    )
    total = sum(pairs.values())
    iou, accuracy, frequency = {}, {}, {}
    for k in range(classes):
        both = sum(count for (t, p), count in pairs.items() if t == k and p == k)
        either = sum(count for (t, p), count in pairs.items() if t == k or p == k)
        true = sum(count for (t, _), count in pairs.items() if t == k)
        if true:
            iou[k], accuracy[k], frequency[k] = Fraction(both, either), Fraction(both, true), Fraction(true, total)
    return {
        "iou": {k: float(value) for k, value in iou.items()},
        "miou": float(sum(iou.values()) / len(iou)),
        "fwiou": float(sum(frequency[k] * iou[k] for k in iou)),
        "mean_accuracy": float(sum(accuracy.values()) / len(accuracy)),
        "pixel_accuracy": float(Fraction(sum(c for (t, p), c in pairs.items() if t == p), total)),
        "absent": tuple(k for k in range(classes) if k not in iou),
    }


def assert_as_by_hand(scores: Scores, expected: dict[str, object]) -> None:
    assert {k: value for k, value in enumerate(scores.iou) if not math.isnan(value)} == expected["iou"]
    for name in ("miou", "fwiou", "mean_accuracy", "pixel_accuracy", "absent"):
        assert getattr(scores, name) == expected[name], name


@pytest.mark.parametrize("classes", [1, 2, 11, 19, 255])
def test_scores_equal_counting_by_hand_to_the_last_digit(classes: int) -> None:
    prediction, truth = random_pair(classes, seed=classes)
    assert_as_by_hand(scored(prediction, truth, classes), by_hand(prediction, truth, classes))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_masks_score_as_by_hand(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    ids = st.sampled_from([0, 1, 2, 3, VOID])
    prediction, truth = (data.draw(arrays(np.uint8, shape, elements=ids)) for _ in range(2))
    if (truth == VOID).all():
        with pytest.raises(UserError, match="no labelled pixel"):
            scored(prediction, truth, 4)
    else:
        assert_as_by_hand(scored(prediction, truth, 4), by_hand(prediction, truth, 4))


def test_scores_agree_with_scikit_learn() -> None:
    prediction, truth = random_pair(7)
    kept = truth != VOID
    scores = scored(prediction, truth, 7)
    confusion = Confusion(7)
    confusion.update(prediction, truth)
    assert (confusion.matrix.numpy() == confusion_matrix(truth[kept], prediction[kept])).all()
    assert scores.iou == pytest.approx(jaccard_score(truth[kept], prediction[kept], average=None), abs=1e-15)
    assert scores.miou == pytest.approx(jaccard_score(truth[kept], prediction[kept], average="macro"), abs=1e-15)
    assert scores.fwiou == pytest.approx(jaccard_score(truth[kept], prediction[kept], average="weighted"), abs=1e-15)
    assert scores.mean_accuracy == pytest.approx(balanced_accuracy_score(truth[kept], prediction[kept]), abs=1e-15)


def test_scores_agree_with_torchmetrics() -> None:
    """As release 1.9.0 computed them on these masks, in single precision. It is not installed beside us: Lightning
    Fabric imports it where it is, and every process then starts more than a second later."""
    ours = scored(*random_pair(7), 7)
    theirs = {"miou": 0.5649966, "fwiou": 0.5699792, "pixel_accuracy": 0.7249751, "mean_accuracy": 0.7234791}
    assert {name: getattr(ours, name) for name in theirs} == pytest.approx(theirs, abs=1e-6)


def test_reward_is_the_geometric_mean_of_three() -> None:
    scores = scored(*random_pair(5), 5)
    assert scores.reward**3 == pytest.approx(scores.miou * scores.fwiou * scores.mean_accuracy, rel=1e-14)


def test_a_class_that_never_occurs_is_named_and_left_out_of_means() -> None:
    truth = np.array([[0, 0, 1, 1]], np.uint8)
    prediction = np.array([[0, 2, 1, 1]], np.uint8)
    scores = scored(prediction, truth, 4)
    assert scores.absent == (2, 3)
    assert scores.miou == 0.75
    record = scores.record(["a", "b", "c", "d"])
    assert record["absent"] == ["c", "d"]
    assert record["iou"] == {"a": 0.5, "b": 1.0, "c": None, "d": None}
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_void_in_the_truth_counts_for_nothing_and_in_a_prediction_is_a_miss() -> None:
    truth = np.array([[0, 0, 1, VOID]], np.uint8)
    for in_void in (0, 1, VOID):
        scores = scored(np.array([[0, VOID, 1, in_void]], np.uint8), truth, 2)
        assert (scores.iou, scores.pixels) == ((0.5, 1.0), 3)


def test_minus_one_is_void_and_64_bit_ids_are_taken() -> None:
    truth = torch.tensor([[0, -1, 1]])
    assert scored(torch.tensor([[0, 1, 1]]), truth, 2).miou == 1.0


def test_nothing_to_score_is_said() -> None:
    for confusion in (Confusion(3), BoundaryIoU(3)):
        confusion.update(np.zeros((4, 4), np.uint8), np.full((4, 4), VOID, np.uint8))
        with pytest.raises(UserError, match="no labelled pixel"):
            confusion.scores()


@pytest.mark.parametrize("kind", [Confusion, BoundaryIoU])
def test_ids_that_are_no_class_are_named(kind: type[Confusion] | type[BoundaryIoU]) -> None:
    good, bad = np.zeros((2, 2), np.uint8), np.array([[0, 7], [3, 0]], np.uint8)
    for prediction, truth, who in ((good, bad, "the truth"), (bad, good, "a prediction")):
        counts = kind(3)
        counts.update(prediction, truth)
        with pytest.raises(UserError, match=f"{who} holds ids that are no class: 3, 7"):
            counts.scores()


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="argmax"):
        Confusion(3).update(torch.zeros(2, 2), torch.zeros(2, 2, dtype=torch.uint8))
    with pytest.raises(ValueError, match="differ in shape"):
        Confusion(3).update(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match="cannot be merged"):
        Confusion(3).merge(Confusion(4))
    with pytest.raises(ValueError, match="cannot be merged"):
        BoundaryIoU(3, ratio=0.02).merge(BoundaryIoU(3, ratio=0.01))
    for classes in (0, 256):
        with pytest.raises(ValueError, match="classes"):
            Confusion(classes)


def test_parts_merge_to_the_whole_and_reset_forgets() -> None:
    prediction, truth = random_pair(5, shape=(4, 30, 30))
    for kind in (Confusion, BoundaryIoU):
        whole, parts = kind(5), [kind(5), kind(5)]
        whole.update(prediction, truth)
        for i in range(4):
            parts[i % 2].update(prediction[i], truth[i])
        parts[0].merge(pickle.loads(pickle.dumps(parts[1])))
        assert parts[0].scores() == whole.scores()
        parts[0].reset()
        parts[0].update(prediction[:1], truth[:1])
        assert parts[0].scores() == parts[0].scores() != whole.scores()


def test_read_only_mirrored_and_large_masks_are_counted() -> None:
    prediction, truth = random_pair(5, shape=(1, 600, 700))
    assert truth.size > CHUNK["cpu"]
    expected = by_hand(prediction, truth, 5)
    truth.flags.writeable = False
    assert_as_by_hand(scored(prediction, truth, 5), expected)
    assert_as_by_hand(scored(prediction[..., ::-1], truth[..., ::-1], 5), expected)


def published_outline(mask: Masks, distance: int) -> Masks:
    """What is left of a binary mask without its erosion, the image's edge eroding, too."""
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=distance)
    return np.asarray(mask - eroded[1:-1, 1:-1], np.uint8)


def boundary_by_hand(pairs: list[tuple[Masks, Masks]], classes: int, ratio: float) -> dict[int, float]:
    result = {}
    for k in range(classes):
        both = either = occurs = 0
        for prediction, truth in pairs:
            distance = max(1, round(ratio * math.sqrt(truth.shape[0] ** 2 + truth.shape[1] ** 2)))
            known = truth != VOID
            guess, true = (
                published_outline(((mask == k) & known).astype(np.uint8), distance) for mask in (prediction, truth)
            )
            both += int((guess & true).sum())
            either += int((guess | true).sum())
            occurs += int((truth == k).sum())
        if occurs:
            result[k] = float(Fraction(both, either))
    return result


@pytest.mark.parametrize(("ratio", "shape"), [(0.02, (37, 52)), (0.1, (37, 52)), (0.02, (1, 9)), (0.6, (20, 20))])
def test_boundary_iou_equals_the_published_definition(ratio: float, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    pairs = []
    for _ in range(4):
        small = rng.integers(0, 4, (2, 5, 6)).astype(np.uint8)
        small[small == 3] = VOID
        guess, true = (cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST) for mask in small)
        guess[guess == VOID] = 0
        pairs.append((np.asarray(guess, np.uint8), np.asarray(true, np.uint8)))
    boundary = BoundaryIoU(4, ratio=ratio)
    for pair in pairs:
        boundary.update(*pair)
    scores, expected = boundary.scores(), boundary_by_hand(pairs, 4, ratio)
    assert {k: value for k, value in enumerate(scores.iou) if not math.isnan(value)} == expected
    assert scores.mean == pytest.approx(sum(expected.values()) / len(expected), abs=1e-15)
    assert scores.absent == tuple(k for k in range(4) if k not in expected)
    assert scores.record("abcd")["absent"] == ["abcd"[k] for k in scores.absent]


def test_a_perfect_prediction_has_boundary_iou_one_whatever_it_says_in_void() -> None:
    _, truth = random_pair(4)
    prediction = truth.copy()
    prediction[truth == VOID] = 2
    boundary = BoundaryIoU(4)
    boundary.update(prediction, truth)
    assert boundary.scores().mean == 1.0


def test_boundary_iou_sees_what_iou_forgives() -> None:
    truth = np.zeros((100, 100), np.uint8)
    truth[20:80, 20:80] = 1
    prediction = np.roll(truth, 2, 1)
    boundary = BoundaryIoU(2)
    boundary.update(prediction, truth)
    assert boundary.scores().iou[1] < 0.6 < 0.9 < scored(prediction, truth, 2).iou[1]


def test_the_outline_is_two_percent_of_the_diagonal_deep() -> None:
    assert [reach(360, 480, 0.02), reach(1024, 2048, 0.02), reach(5, 5, 0.02)] == [12, 46, 1]
