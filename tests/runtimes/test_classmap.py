"""The cheap class map is the naive one: pixel by pixel, on logits of every kind."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch

from segsmith.runtimes.axis import Axis
from segsmith.runtimes.classmap import SMALL, class_map, class_maps, leaders, naive
from segsmith.runtimes.graphmap import class_map as graph_map

Logits = np.ndarray
Random = np.random.Generator


def noise(rng: Random, shape: tuple[int, int, int]) -> Logits:
    return rng.normal(size=shape) * 10.0 ** rng.integers(-6, 7)


def smooth(rng: Random, shape: tuple[int, int, int]) -> Logits:
    coarse = rng.normal(size=(3, 4, shape[0]))
    grown = cv2.resize(coarse, shape[:0:-1], interpolation=cv2.INTER_CUBIC).reshape(*shape[1:], shape[0])
    return grown.transpose(2, 0, 1) + rng.normal(size=shape) * 0.05


def whole_numbers(rng: Random, shape: tuple[int, int, int]) -> Logits:
    """Ties at positions, and between blends."""
    return rng.integers(-3, 4, shape).astype(np.float64)


def twins(rng: Random, shape: tuple[int, int, int]) -> Logits:
    """Several classes with the same logits everywhere."""
    return smooth(rng, shape)[rng.integers(0, shape[0], shape[0])]


def near_ties(rng: Random, shape: tuple[int, int, int]) -> Logits:
    """Classes that differ in their last bits alone."""
    base = smooth(rng, (1, *shape[1:])).astype(np.float32)
    steps = rng.integers(-2, 3, shape)
    return (base.view(np.int32) + steps).astype(np.int32).view(np.float32)


def eight_bits(rng: Random, shape: tuple[int, int, int]) -> Logits:
    """As a quantised network gives them."""
    return np.round(smooth(rng, shape) * 20) * 0.0437


def constant(rng: Random, shape: tuple[int, int, int]) -> Logits:
    return np.full(shape, rng.normal())


def outlier(rng: Random, shape: tuple[int, int, int]) -> Logits:
    logits = smooth(rng, shape)
    logits[rng.integers(shape[0]), rng.integers(shape[1]), rng.integers(shape[2])] = 1e7
    return logits


def overflowing(rng: Random, shape: tuple[int, int, int]) -> Logits:
    logits = smooth(rng, shape)
    logits[rng.random(shape) < 0.01] = rng.choice([np.inf, -np.inf, np.nan])
    return logits


KINDS: list[Callable[[Random, tuple[int, int, int]], Logits]] = [
    noise,
    smooth,
    whole_numbers,
    twins,
    near_ties,
    eight_bits,
    constant,
    outlier,
    overflowing,
]


def case(seed: int) -> tuple[Logits, tuple[int, int]]:
    """Logits of a kind, and the size to enlarge them to: mostly a stride of 4 or 8, with odd sizes and size 1."""
    rng = np.random.default_rng(seed)
    stride = int(rng.choice([2, 4, 8, 8, 16, 32]))
    height, width = (int(side) for side in rng.integers(1, 200, 2))
    if seed % 7 == 0:
        height = 1
    if seed % 5 == 0:
        height, width = height * stride % 400 + stride, width * stride % 400 + stride
    shape = int(rng.integers(1, 21)), -(-height // stride), -(-width // stride)
    if seed % 11 == 0:  # a working size of the network's own: any ratio, also below one
        height, width = (int(side) for side in rng.integers(1, 200, 2))
    return KINDS[seed % len(KINDS)](rng, shape).astype(np.float32), (height, width)


def check(seeds: range) -> None:
    for seed in seeds:
        logits, size = case(seed)
        found, wanted = class_map(logits, size), naive(logits, size)
        differing = np.argwhere(found != wanted)
        assert len(differing) == 0, f"seed {seed}: {logits.shape} at {size}: pixels {differing[:3].tolist()}"


def test_equals_enlarging_everything() -> None:
    check(range(180))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_equals_enlarging_everything_a_thousand_times(first: int) -> None:
    check(range(first, first + 100))


@pytest.mark.parametrize("seed", [0, 1])
def test_whole_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = (smooth, eight_bits)[seed](rng, (11, 45, 60)).astype(np.float32)
    for size in ((360, 480), (359, 473)):
        np.testing.assert_array_equal(class_map(logits, size), naive(logits, size))


def test_a_tie_goes_to_the_lowest_class() -> None:
    logits = np.zeros((5, 20, 20), np.float32)
    logits[[1, 3]] = 1
    assert (class_map(logits, (160, 160)) == 1).all()


def test_a_class_that_wins_nowhere_at_a_position_may_win_between() -> None:
    """The blend of two specialists is below that of one who is good at both places."""
    logits = np.zeros((4, 20, 20), np.float32)
    logits[0, :, 0::2], logits[1, :, 1::2] = 10, 10
    logits[2] = 9
    found = class_map(logits, (160, 160))
    assert set(np.unique(found)) == {0, 1, 2}
    np.testing.assert_array_equal(found, naive(logits, (160, 160)))


def test_batches_are_their_rows() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 4, 20, 25)).astype(np.float32)
    found = class_maps(logits, (160, 199))
    assert found.shape == (3, 160, 199)
    assert found.dtype == np.uint8
    for one, whole in zip(logits, found, strict=True):
        np.testing.assert_array_equal(whole, naive(one, (160, 199)))


def test_leaders() -> None:
    logits = np.array([[[1.0, 2.0]], [[3.0, 2.0]], [[0.0, 5.0]]], np.float32)
    best, margin = leaders(logits)
    assert best.tolist() == [[1, 2]]
    assert margin.tolist() == [[2.0, 3.0]]


@pytest.mark.parametrize(("positions", "pixels"), [(1, 7), (5, 40), (13, 97), (60, 480), (7, 5), (3, 9)])
def test_blocks_cover_an_axis(positions: int, pixels: int) -> None:
    axis = Axis.of(positions, pixels)
    assert axis.counts.sum() == pixels
    assert len(axis.counts) == positions + 1
    occupied = np.flatnonzero(axis.counts)
    assert set(axis.pixels(occupied).ravel()) == set(range(pixels))


def test_the_graph_gives_the_same_but_for_rounding() -> None:
    """Its blends are products of matrices, its weights single floats: where two classes hardly differ, either may
    win."""
    for seed in range(120):
        logits, size = case(seed)
        if not np.isfinite(logits).all() or KINDS[seed % len(KINDS)] is near_ties:
            continue
        found = graph_map(torch.from_numpy(logits)[None], *size)[0].numpy()
        enlarged = torch.nn.functional.interpolate(torch.from_numpy(logits)[None], size, mode="bilinear")[0].numpy()
        lead = enlarged.max(0) - np.take_along_axis(enlarged, found[None].astype(np.intp), 0)[0]
        assert lead.max() <= 1e-5 * np.abs(logits).max(), f"seed {seed}: {logits.shape} at {size}"
        if sum(size) > SMALL:
            assert (found != naive(logits, size)).mean() < 0.01, f"seed {seed}"
