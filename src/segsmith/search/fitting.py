"""The most probable network, and the next best choices where it costs too much."""

from collections.abc import Callable, Mapping

from segsmith.spaces import Option
from segsmith.spaces.base import Decision

Picked = dict[str, Option]


def within(
    decisions: tuple[Decision, ...],
    picks: Mapping[str, Option],
    log_chances: Mapping[str, tuple[float, ...]],
    cost: Callable[[Mapping[str, Option]], float],
    budget: float,
) -> Picked:
    """Other choices, one after the other, until the cost is within the budget or nothing is cheaper.

    Each time the one that saves the most for what it loses in probability.
    """
    now, price = dict(picks), cost(picks)
    while price > budget:
        better = _step(decisions, now, price, log_chances, cost, price - budget)
        if better is None:
            break
        now, price = better
    return now


def _step(
    decisions: tuple[Decision, ...],
    picks: Picked,
    price: float,
    log_chances: Mapping[str, tuple[float, ...]],
    cost: Callable[[Mapping[str, Option]], float],
    wanted: float,
) -> tuple[Picked, float] | None:
    found: tuple[float, Picked, float] | None = None
    for decision in decisions:
        chances = log_chances[decision.name]
        held = chances[decision.options.index(picks[decision.name])]
        for option, chance in zip(decision.options, chances, strict=True):
            other = picks | {decision.name: option}
            saved = price - cost(other) if option != picks[decision.name] else 0.0
            # what is saved beyond the budget is worth nothing; what has become likelier on the way costs nothing
            merit = min(saved, wanted) / max(held - chance, 1e-6)
            if saved > 1e-9 * price and (found is None or merit > found[0]):
                found = merit, other, price - saved
    return None if found is None else (found[1], found[2])
