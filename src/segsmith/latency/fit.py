"""How pieces add up: weights of a model from whole networks, and how well it predicts others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segsmith.latency.model import GROUPS, WHOLE, Model, group_of
from segsmith.latency.piece import Piece

Floats = npt.NDArray[np.float64]
TRUST = 0.005
"""How firmly weights are held at the common factor: so much error of every network weighs as much as a weight that is
off by as much."""
ROUNDS = 500
TELLING = 0.2
"""The share of a network that pieces have to be before it tells how they add up."""


@dataclass(frozen=True, slots=True)
class Case:
    """A part of a network: its pieces, and what it took."""

    pieces: tuple[Piece, ...]
    ms: float


def fitted(cases: Sequence[Case], net_ms: Callable[[Piece], float], trust: float = TRUST) -> Model:
    """Weights that are never negative, by relative errors squared; few cases move them little."""
    if not cases:
        return Model()
    rows = np.array([by_group(case.pieces, net_ms) for case in cases]) / np.array([[case.ms] for case in cases])
    prior = common(rows)
    # rows are shares of a whole: a group that is a small share of all networks stays where it is
    weights = non_negative(rows, np.ones(len(rows)), prior, np.full(len(prior), trust * len(cases)))
    return Model(dict(zip(GROUPS, map(float, weights), strict=True)))


def common(rows: Floats) -> Floats:
    """One factor for all pieces, but whole networks, which are what they are. It is the median: one network that
    something disturbed does not matter."""
    alone = np.array([name == WHOLE for name in GROUPS])
    rest, fixed = rows[:, ~alone].sum(1), rows[:, alone].sum(1)
    telling = rest > TELLING
    factor = float(np.median((1 - fixed[telling]) / rest[telling])) if telling.any() else 1.0
    return np.where(alone, 1.0, max(factor, 0.0))


def by_group(pieces: Sequence[Piece], net_ms: Callable[[Piece], float]) -> Floats:
    """Milliseconds that pieces take by themselves."""
    found = dict.fromkeys(GROUPS, 0.0)
    for piece in pieces:
        found[group_of(piece)] += net_ms(piece)
    return np.array(list(found.values()))


def non_negative(rows: Floats, wanted: Floats, prior: Floats, strength: Floats) -> Floats:
    """Least squares with a pull towards a prior, one weight at a time, none below zero."""
    weights = prior.copy()
    square = (rows**2).sum(0) + strength
    rest = wanted - rows @ weights
    for _ in range(ROUNDS):
        for place in np.flatnonzero(square > 0):
            pull = rows[:, place] @ rest + strength[place] * (prior[place] - weights[place])
            moved = max(0.0, weights[place] + pull / square[place]) - weights[place]
            weights[place] += moved
            rest -= moved * rows[:, place]
    return weights


def judged(pairs: Sequence[tuple[float, float]]) -> Mapping[str, Any]:
    """Of predicted and measured milliseconds."""
    errors = sorted(abs(predicted / measured - 1) for predicted, measured in pairs)
    predicted, measured = zip(*pairs, strict=True)
    return {
        "networks": len(pairs),
        "median_error": float(np.median(errors)),
        "worst_error": errors[-1],
        "rank_correlation": rank_correlation(predicted, measured),
        "bias": float(np.median([p / m - 1 for p, m in pairs])),
    }


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's; 0 where one of the two does not vary."""
    a, b = _ranks(first), _ranks(second)
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: Sequence[float]) -> Floats:
    """Ties share their mean rank."""
    array = np.asarray(values, dtype=np.float64)
    return np.array([((array < value).sum() + (array <= value).sum() - 1) / 2 for value in array])
