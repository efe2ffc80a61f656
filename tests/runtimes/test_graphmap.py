"""The class map as a graph where blocks are empty: logits as large as the frame, or larger."""

import numpy as np
import pytest
import torch

from segsmith.runtimes.classmap import naive
from segsmith.runtimes.graphmap import class_map


@pytest.mark.parametrize("size", [(40, 60), (37, 60), (40, 41), (20, 30)])
def test_logits_that_are_not_smaller_than_the_frame(size: tuple[int, int]) -> None:
    """A first block without pixels must not write anywhere: here the first row differs from the last."""
    logits = np.zeros((4, 40, 60), np.float32)
    logits[1, :20, :31], logits[2, :20, 31:], logits[3, 20:] = 1, 1, 1
    logits += np.random.default_rng(0).normal(0, 0.01, logits.shape).astype(np.float32)
    found = class_map(torch.from_numpy(np.stack([logits, -logits])), *size).numpy()
    for one, whole in zip((logits, -logits), found, strict=True):
        np.testing.assert_array_equal(whole, naive(one, size))
