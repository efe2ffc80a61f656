"""Guesses the score of a network from those of a few hundred others: Gaussian process regression on its structure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import log2

import numpy as np

from segsmith.genotype import Genotype
from segsmith.genotype.order import ordered
from segsmith.spaces import Choices, Space
from segsmith.study.correlation import Floats, spearman

WIDTHS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Of the kernel, in mean distances between networks."""

NOISES = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Variances of a score's noise, as shares of what structure explains."""

FOLDS = 5


@dataclass(frozen=True)
class Surrogate:
    """Fitted to ``features`` of networks, standardised by ``centre`` and ``scale``."""

    features: Floats
    weights: Floats
    mean: float
    width: float
    centre: Floats
    scale: Floats

    def __call__(self, features: Floats) -> Floats:
        """Scores of networks by rows of their raw features."""
        standard = (features - self.centre) / self.scale
        return self.mean + _kernel(_distances(standard, self.features), self.width) @ self.weights


def fit(features: Floats, scores: Floats) -> Surrogate:
    """Width and noise are those that guess each network best from all the others."""
    centre, scale = features.mean(0), features.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    standard = (features - centre) / scale
    distances, mean = _distances(standard, standard), float(scores.mean())
    rest = scores - mean
    tried = []
    for width, noise in product(WIDTHS, NOISES):
        inverse = np.linalg.inv(_kernel(distances, width) + noise * np.eye(len(scores)))
        weights = inverse @ rest
        error = float(((weights / np.diag(inverse)) ** 2).mean())  # of leaving one out, each in turn
        tried.append((error, width, weights))
    _, width, weights = min(tried, key=lambda one: one[0])
    return Surrogate(standard, weights, mean, width, centre, scale)


def held_out(features: Floats, scores: Floats, seed: int = 0) -> float:
    """Rank correlation of scores with guesses from networks of the other folds."""
    folds = np.random.default_rng(seed).permutation(len(scores)) % FOLDS
    guesses = np.empty_like(scores)
    for fold in range(FOLDS):
        out = folds == fold
        guesses[out] = fit(features[~out], scores[~out])(features[out])
    return spearman(guesses, scores)


def features_of(space: Space, networks: Sequence[Choices]) -> Floats:
    return np.stack([_features(space, choices) for choices in networks])


def _features(space: Space, choices: Choices) -> Floats:
    """Every choice by itself, how often each option was chosen, and what the graph looks like."""
    chosen = [np.eye(len(d.options))[choice] for d, choice in zip(space.decisions, choices, strict=True)]
    picks = space.picks(choices)
    options = sorted({(_sort(d.kind), option) for d in space.decisions for option in d.options}, key=str)
    counts = Counter((_sort(d.kind), picks[d.name]) for d in space.decisions)
    return np.concatenate([*chosen, [counts[option] for option in options], _shape(space.decode(choices))])


def _sort(kind: str) -> str:
    """Locations of all rows are counted together."""
    return kind.rstrip("0123456789")


def _shape(genotype: Genotype) -> list[float]:
    """Depth, outputs, downsampling, instances, and how deep below the outputs each input is read."""
    depth = dict.fromkeys(genotype.net.inputs, 0)
    scale = dict.fromkeys(genotype.net.inputs, 0.0)
    for node in ordered(genotype.net):
        depth[node.name] = node.repeat + max(depth[name] for name in node.inputs)
        scale[node.name] = log2(node.stride) * node.repeat + max(scale[name] for name in node.inputs)
    outputs = genotype.net.outputs
    return [
        max(depth[name] for name in outputs),
        len(outputs),
        min(scale[name] for name in outputs),
        max(scale.values()),
        sum(node.repeat for node in genotype.net.nodes),
        len(genotype.net.inputs),
    ]


def _distances(one: Floats, other: Floats) -> Floats:
    """Squared, by the number of features."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.asarray(np.maximum(squares, 0) / one.shape[1], float)


def _kernel(distances: Floats, width: float) -> Floats:
    return np.asarray(np.exp(-distances / (2 * width**2)), float)
