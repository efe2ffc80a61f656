"""Rank correlations, and how far figures of a few numbers may be off."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]

DRAWS = 2000
LEVEL = 0.95


def ranks(values: Sequence[float] | Floats) -> Floats:
    """From 0 on; equal values share the mean of their ranks."""
    _, places, counts = np.unique(np.asarray(values, float), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts + 1) / 2)[places]


def spearman(one: Sequence[float] | Floats, other: Sequence[float] | Floats) -> float:
    """Spearman's rank correlation; not a number where one of the two is constant."""
    a, b = ranks(one), ranks(other)
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread else float("nan")


def bootstrap(figure: Callable[..., float], *columns: Sequence[float] | Floats, seed: int = 0) -> Interval:
    """Where 95 % of the figure's values lie when rows are drawn again, with replacement; not numbers where it has
    none."""
    table = [np.asarray(column, float) for column in columns]
    draws = np.random.default_rng(seed).integers(len(table[0]), size=(DRAWS, len(table[0])))
    found = np.array([figure(*(column[rows] for column in table)) for rows in draws])
    found = found[np.isfinite(found)]
    low, high = np.quantile(found, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)) if len(found) else (np.nan, np.nan)
    return float(low), float(high)
