"""Temporal scores against loops over windows and pixels."""

import json
import math
import os
import pickle
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segsmith.data.base import VOID
from segsmith.metrics import Confusion, Drift, Temporal, TemporalScores, changed_share, stable_share

Masks = npt.NDArray[np.uint8]
Videos = Sequence[tuple[Masks, Masks]]
IDS = (0, 1, 2, VOID)


def videos(*lengths: int, seed: int = 0, size: tuple[int, int] = (6, 7)) -> list[tuple[Masks, Masks]]:
    """Predictions and truths, each mostly as in the frame before."""
    rng = np.random.default_rng(seed)
    made = []
    for length in lengths:
        pair = rng.choice(np.array(IDS, np.uint8), (2, length, *size))
        pair[0][pair[0] == VOID] = 0
        for t in range(1, length):
            keep = rng.random((2, *size)) < 0.93
            pair[:, t] = np.where(keep, pair[:, t - 1], pair[:, t])
        made.append((pair[0], pair[1]))
    return made


def scored(shown: Videos, n: Sequence[int]) -> TemporalScores:
    temporal = Temporal(n)
    for prediction, truth in shown:
        for guess, true in zip(prediction, truth, strict=True):
            temporal.update(guess, true)
        temporal.end_sequence()
    return temporal.scores()


def mean(shares: list[float]) -> float:
    return math.fsum(shares) / len(shares) if shares else math.nan


def by_hand(shown: Videos, n: int) -> dict[str, float]:
    """Every window of every video, pixel by pixel."""
    official, strict, stable = [], [], []
    for prediction, truth in shown:
        windows = len(truth) - n + 1
        for start in range(windows):
            kept = alike = known = right = 0
            for row, column in np.ndindex(truth.shape[1:]):
                true = truth[start : start + n, row, column].tolist()
                guess = prediction[start : start + n, row, column].tolist()
                if len(set(true)) == 1:
                    kept += 1
                    alike += len(set(guess)) == 1
                    known += true[0] != VOID
                    right += true[0] != VOID and guess == true
            stable.append(kept / truth[0].size)
            if kept and start < windows - 1:
                official.append(alike / kept)
            if known:
                strict.append(right / known)
    flickered = steady = changed = pixels = 0
    for prediction, truth in shown:
        for t in range(1, len(truth)):
            for place in np.ndindex(truth.shape[1:]):
                pixels += 1
                changed += truth[t][place] != truth[t - 1][place]
                if truth[t][place] == truth[t - 1][place] != VOID:
                    steady += 1
                    flickered += prediction[t][place] != prediction[t - 1][place]
    return {
        "official": mean(official),
        "strict": mean(strict),
        "stable": mean(stable),
        "flicker": flickered / steady if steady else math.nan,
        "changed": changed / pixels if pixels else math.nan,
    }


def assert_as_by_hand(shown: Videos, lengths: Sequence[int]) -> None:
    scores = scored(shown, lengths)
    for n in lengths:
        ours = {
            "official": scores.official[n],
            "strict": scores.strict[n],
            "stable": scores.stable[n],
            "flicker": scores.flicker,
            "changed": scores.changed,
        }
        np.testing.assert_equal(ours, by_hand(shown, n))


def test_scores_equal_counting_by_hand_to_the_last_digit() -> None:
    assert_as_by_hand(videos(20, 5, 9), (2, 5, 8))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_masks_score_as_by_hand(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 6))
    masks = arrays(np.uint8, (length, 2, 3), elements=st.sampled_from((0, 1, VOID)))
    shown = [(data.draw(masks), data.draw(masks)) for _ in range(data.draw(st.integers(1, 2)))]
    assert_as_by_hand(shown, (2, 3, 4))


def test_a_steady_wrong_prediction_is_consistent_officially_and_not_strictly() -> None:
    truth = np.zeros((9, 4, 4), np.uint8)
    scores = scored([(truth + 1, truth)], (8,))
    assert (scores.official[8], scores.strict[8], scores.flicker) == (1.0, 0.0, 0.0)


def test_officially_void_counts_and_strictly_it_does_not() -> None:
    truth = np.zeros((4, 2, 2), np.uint8)
    truth[:, 0] = VOID
    prediction = np.zeros_like(truth)
    prediction[1, 0] = 1
    scores = scored([(prediction, truth)], (3,))
    assert (scores.official[3], scores.strict[3], scores.flicker) == (0.5, 1.0, 0.0)


def test_the_last_window_is_left_out_officially_alone() -> None:
    truth = np.zeros((4, 1, 1), np.uint8)
    prediction = truth.copy()
    prediction[3] = 1
    scores = scored([(prediction, truth)], (2,))
    assert (scores.official[2], scores.strict[2], scores.windows[2]) == (1.0, 2 / 3, 3)
    assert scores.flicker == 1 / 3


def test_sequences_that_are_too_short_give_nan_and_null_in_json() -> None:
    scores = scored(videos(5, 8), (8, 16))
    assert math.isnan(scores.official[8])
    assert scores.strict[8] >= 0
    record = scores.record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["vc16"], record["vc16_strict"], record["frames"]) == (None, None, 13)
    assert math.isnan(Temporal().scores().flicker)


def test_a_frame_without_labels_ends_the_sequence() -> None:
    prediction, truth = videos(12)[0]
    with_gap = Temporal((3,))
    for t in range(12):
        with_gap.update(prediction[t], None if t == 5 else truth[t])
    two = [(prediction[:5], truth[:5]), (prediction[6:], truth[6:])]
    assert with_gap.scores() == scored(two, (3,))


def test_windows_much_longer_than_others_do_not_disturb_them() -> None:
    shown = videos(40, seed=4)
    assert scored(shown, (3, 30)).official[3] == scored(shown, (3,)).official[3]
    held = np.zeros((300, 1, 1), np.uint8)
    assert scored([(held, held)], (2, 255)).strict == {2: 1.0, 255: 1.0}


def test_parts_merge_to_the_whole() -> None:
    shown = videos(12, 10, 4)
    whole, parts = scored(shown, (3, 8)), [Temporal((3, 8)), Temporal((3, 8))]
    for i, (prediction, truth) in enumerate(shown):
        part = parts[i % 2]
        for guess, true in zip(prediction, truth, strict=True):
            part.update(guess, true)
        part.end_sequence()
    parts[0].merge(pickle.loads(pickle.dumps(parts[1])))
    assert parts[0].scores() == whole
    parts[0].reset()
    assert parts[0].scores().frames == 0


def test_what_makes_no_sense_is_refused() -> None:
    for n in ((), (1,), (256,)):
        with pytest.raises(ValueError, match="windows of"):
            Temporal(n)
    with pytest.raises(ValueError, match="cannot be merged"):
        Temporal((2,)).merge(Temporal((3,)))
    temporal = Temporal()
    temporal.update(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match="differ in shape"):
        temporal.update(np.zeros((2, 3), np.uint8), np.zeros((2, 3), np.uint8))


def test_truth_alone_is_described() -> None:
    _, truth = videos(11)[0]
    expected = by_hand([(truth, truth)], 4)
    assert stable_share(truth, 4) == expected["stable"]
    assert changed_share(iter(truth)) == expected["changed"]


def test_the_published_figures_of_camvid() -> None:
    root = os.environ.get("SEGSMITH_CAMVID")
    if not root:
        pytest.skip("SEGSMITH_CAMVID does not name a CamVid folder")
    paths = sorted((Path(root) / "valannot").glob("*.png"))
    masks = [np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), np.uint8) for path in paths]
    shares = stable_share(masks, 8), stable_share(masks, 16), 100 * changed_share(masks)
    assert (len(masks), *(f"{value:.4g}" for value in shares)) == (101, "0.7707", "0.6502", "6.072")


def test_drift_is_scored_by_distance_from_the_key_frame() -> None:
    prediction, truth = videos(12, size=(8, 8), seed=2)[0]
    drift = Drift(3)
    for t in range(12):
        drift.update(t % 4, prediction[t], truth[t])
    points = drift.scores()
    assert [point.distance for point in points] == [0, 1, 2, 3]
    for point in points:
        times = list(range(point.distance, 12, 4))
        alone = Confusion(3)
        alone.update(prediction[times], truth[times])
        assert (point.frames, point.scores) == (3, alone.scores())
        steady = changed = 0
        for t in times:
            if t:
                kept = (truth[t] == truth[t - 1]) & (truth[t] != VOID)
                steady += int(kept.sum())
                changed += int((kept & (prediction[t] != prediction[t - 1])).sum())
        assert point.flicker == changed / steady
    record = points[1].record("abc")
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["distance"], record["miou"]) == (1, points[1].scores.miou)


def test_drift_knows_gaps_voids_and_parts() -> None:
    prediction, truth = videos(6, size=(8, 8))[0]
    parts = [Drift(3), Drift(3)]
    parts[0].update(0, prediction[0], truth[0])
    parts[0].update(1, prediction[1], None)
    parts[0].update(2, prediction[2], truth[2])
    assert [point.distance for point in parts[0].scores()] == [0, 2]
    assert all(math.isnan(point.flicker) for point in parts[0].scores())
    assert parts[0].scores()[0].record("abc")["flicker"] is None
    parts[1].update(5, prediction[3], np.full_like(truth[3], VOID))
    parts[1].update(2, prediction[4], truth[4])
    parts[0].merge(pickle.loads(pickle.dumps(parts[1])))
    assert [(point.distance, point.frames) for point in parts[0].scores()] == [(0, 1), (2, 2)]
    parts[0].reset()
    assert parts[0].scores() == []
