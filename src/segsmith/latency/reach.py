"""The fastest and the slowest network of a space, by prediction: what a budget can be, before anyone searches."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from segsmith.genotype import Genotype
from segsmith.spaces import Space
from segsmith.spaces.base import Choices

Predict = Callable[[Genotype], float]
TRIES = 60
"""Random networks that show whether costs add up."""
EXACT = 1e-9


@dataclass(frozen=True)
class Extreme:
    choices: Choices
    genotype: Genotype
    ms: float


@dataclass(frozen=True)
class Reach:
    """``exact`` where every choice costs the same whatever the others are, so that nothing can lie beyond; otherwise
    the best that was found, by ``tried`` different networks."""

    fastest: Extreme
    slowest: Extreme
    exact: bool
    tried: int


def reach(
    space: Space,
    predict: Predict,
    *,
    samples: int = 300,
    starts: int = 4,
    seed: int = 0,
    told: Callable[[str], None] = lambda line: None,
) -> Reach:
    """Where costs do not add up, random networks and the ends by single choices are where a descent starts from."""
    rng, ask = Random(seed), _Asked(space, predict)
    alone = _alone(space, ask, space.random(rng))
    exact = all(alone.agrees(choices, ask(choices)) for choices in (space.random(rng) for _ in range(TRIES)))
    ends = [alone.end(sign) for sign in (1, -1)]
    if not exact:
        drawn = sorted((space.random(rng) for _ in range(samples)), key=ask)
        beginnings = [[ends[0], *drawn[: starts - 1]], [ends[1], *drawn[::-1][: starts - 1]]]
        ends = [_descend(space, ask, begin, sign, told) for begin, sign in zip(beginnings, (1, -1), strict=True)]
    fastest, slowest = (Extreme(choices, space.decode(choices), ask(choices)) for choices in ends)
    return Reach(fastest, slowest, exact, len(ask.known))


class _Asked:
    """Predictions, each asked for once."""

    def __init__(self, space: Space, predict: Predict) -> None:
        self.space, self.predict = space, predict
        self.known: dict[Choices, float] = {}

    def __call__(self, choices: Choices) -> float:
        if choices not in self.known:
            self.known[choices] = self.predict(self.space.decode(choices))
        return self.known[choices]


@dataclass(frozen=True)
class _Alone:
    """What each option costs beside that of ``start``, all else being as there."""

    start: Choices
    whole: float
    extra: list[list[float]]

    def end(self, sign: int) -> Choices:
        """The cheapest option of every decision, or with -1 the dearest."""
        return tuple(min(range(len(row)), key=lambda option: sign * row[option]) for row in self.extra)

    def agrees(self, choices: Choices, ms: float) -> bool:
        added = self.whole + sum(row[option] for row, option in zip(self.extra, choices, strict=True))
        return abs(added - ms) <= EXACT * max(abs(ms), self.whole)


def _alone(space: Space, ask: _Asked, start: Choices) -> _Alone:
    whole = ask(start)
    extra = [
        [ask(_with(start, place, option)) - whole for option in range(len(decision.options))]
        for place, decision in enumerate(space.decisions)
    ]
    return _Alone(start, whole, extra)


def _descend(space: Space, ask: _Asked, starts: list[Choices], sign: int, told: Callable[[str], None]) -> Choices:
    """The best of several descents; ``sign`` -1 goes uphill."""
    ends = []
    for choices in starts:
        ends.append(_descent(space, ask, choices, sign))
        told(f"{'fastest' if sign > 0 else 'slowest'} so far {sign * min(sign * ask(end) for end in ends):.3g} ms")
    return min(ends, key=lambda end: sign * ask(end))


def _descent(space: Space, ask: _Asked, choices: Choices, sign: int) -> Choices:
    """One choice after the other to its best, until no single one makes it better."""
    settled = 0
    while settled < len(space.decisions):
        for place, decision in enumerate(space.decisions):
            others = [_with(choices, place, option) for option in range(len(decision.options))]
            best = min(others, key=lambda other: sign * ask(other))
            better = sign * ask(best) < sign * ask(choices) - EXACT
            choices, settled = (best, 0) if better else (choices, settled + 1)
            if settled == len(space.decisions):
                break
    return choices


def _with(choices: Choices, place: int, option: int) -> Choices:
    return (*choices[:place], option, *choices[place + 1 :])
