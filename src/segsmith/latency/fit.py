"""How pieces add up: weights of a model from whole networks, and how well it predicts others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segsmith.latency.model import FEATURES, Model
from segsmith.latency.piece import Piece

Floats = npt.NDArray[np.float64]
TRUST = 0.005
"""How much a weight is held where the pieces alone would have it, in relation to an error of all of a network."""
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
    rows = np.array([features(case.pieces, net_ms) for case in cases]) / np.array([[case.ms] for case in cases])
    prior = scaled(rows)
    # rows are shares of a whole: a kind of piece that is a small share of all networks stays where it is
    strength = np.full(len(prior), trust * len(cases))
    weights = non_negative(rows, np.ones(len(rows)), prior, strength)
    return Model(dict(zip(FEATURES, map(float, weights), strict=True)))


def scaled(rows: Floats) -> Floats:
    """The weights of a plain sum, but that all pieces take longer, or less long, by one factor in a network. Whole
    static networks are what they are. The median: one disturbed network does not matter."""
    prior = np.array(list(FEATURES.values()))
    alone = np.array([name == "whole" for name in FEATURES])
    rest, fixed = rows @ (prior * ~alone), rows @ (prior * alone)
    telling = rest > TELLING
    if not telling.any():
        return prior
    scale = float(np.median((1 - fixed[telling]) / rest[telling]))
    return np.where(alone, prior, prior * max(scale, 0.0))


def features(pieces: Sequence[Piece], net_ms: Callable[[Piece], float]) -> Floats:
    """What each weight is multiplied by."""
    found = dict.fromkeys(FEATURES, 0.0)
    for piece in pieces:
        for name, amount in Model.parts(piece, net_ms(piece)).items():
            found[name] += amount
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
