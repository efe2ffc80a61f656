"""Frames on their way into a network: as evaluation prepares them, by OpenCV, to the last bit where it can be."""

import cv2
import numpy as np
import pytest
import torch

from segsmith.genotype import preset
from segsmith.networks.build import build
from segsmith.networks.meta import Meta
from segsmith.networks.sizes import halve
from segsmith.runtimes.prepare import Prepare, shares, shrink
from segsmith.training.answerers import TorchAnswerer

SIZES = [
    *(((72, 96), (36, 48)), ((108, 96), (36, 48)), ((72, 128), (36, 48)), ((144, 192), (36, 48))),
    *(((37, 50), (36, 48)), ((73, 97), (36, 48)), ((18, 24), (36, 48)), ((36, 48), (36, 48))),
]


def meta(size: tuple[int, int] = (0, 0), **changes: object) -> Meta:
    return Meta(preset("template-arch1"), ("a", "b"), ((0, 0, 0), (1, 1, 1)), size=size, **changes)


def frame(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)


@pytest.mark.parametrize(("size", "working"), SIZES)
def test_shrinks_as_opencv_does(size: tuple[int, int], working: tuple[int, int]) -> None:
    image = frame(size)
    expected = cv2.resize(image, working[::-1], interpolation=cv2.INTER_AREA)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    found = shrink(pixels, working)[0].permute(1, 2, 0).numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1
    assert np.mean(found != expected) < 0.02, "a mean of exactly a half may be rounded to either side"


@pytest.mark.parametrize("working", [(0, 0), (36, 48)])
def test_prepares_as_evaluation_does(working: tuple[int, int]) -> None:
    described = meta(working, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
    answerer = TorchAnswerer(build(described.genotype, 2), described)
    image = frame((72, 96))
    prepared = Prepare(described)(torch.from_numpy(image)[None])
    torch.testing.assert_close(prepared, answerer._tensor(image), rtol=0, atol=1e-5)
    assert Prepare(described).seen(72, 96) == (working if any(working) else (72, 96))


def test_a_step_at_half_size_sees_the_half() -> None:
    image = torch.from_numpy(frame((35, 48)))[None]
    whole, half = Prepare(meta())(image), Prepare(meta(), halves=True)(image)
    assert half.shape == (1, 3, 18, 24)
    torch.testing.assert_close(half, halve(whole), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("pixels", "places"), [(10, 4), (7, 7), (4, 6), (480, 213)])
def test_shares_are_means(pixels: int, places: int) -> None:
    table = shares(pixels, places)
    np.testing.assert_allclose(table.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(table.sum(0), places / pixels, rtol=1e-5)
