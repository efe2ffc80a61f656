"""Seeded chance: every stream of numbers is a function of what it is for, never of what was drawn before it."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Rgb: TypeAlias = tuple[float, float, float]

SPLITS = ("train", "val", "test")


def stream(seed: int, split: str, clip: int, *purpose: int) -> np.random.Generator:
    """PCG64 by name, since what ``default_rng`` stands for may change from one numpy to the next."""
    return np.random.Generator(np.random.PCG64([seed, SPLITS.index(split), clip, *purpose]))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(rng.random())


def happens(rng: np.random.Generator, share: float) -> bool:
    return bool(rng.random() < share)


def pick(rng: np.random.Generator, options: tuple[Rgb, ...], spread: float = 12.0) -> Rgb:
    """One of the colours, moved a little, so that no two houses or coats are quite alike."""
    base = options[int(rng.integers(len(options)))]
    all_, *each = (rng.standard_normal(4) * spread).tolist()
    r, g, b = (min(250.0, max(4.0, part + all_ + own / 3)) for part, own in zip(base, each, strict=True))
    return r, g, b


def mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    """``share`` of the second colour in the first."""
    r, g, b = (a + (c - a) * share for a, c in zip(first, second, strict=True))
    return r, g, b
