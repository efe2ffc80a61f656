"""Which candidates are not trained to their end. Optuna has no pruning for several objectives, so this is ours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

DECAY = 0.99
"""Of the moving maximum, for every candidate."""

TOLERANCES = ((400, 0.1), (300, 0.3), (200, 0.5), (100, 0.7), (0, 0.9))
"""From so many candidates on, the largest share of the maximum that a candidate may lie below it."""


@dataclass
class Stopper:
    """Keeps a moving maximum of the rewards behind each stage. Tolerances are drawn by the trial's number, so that a
    study that goes on after a kill stops the same candidates."""

    seed: int
    maxima: list[float] = field(default_factory=list)
    seen: int = 0

    def observe(self, rewards: Sequence[float]) -> None:
        """A candidate's rewards behind its stages."""
        self.maxima.extend([0.0] * (len(rewards) - len(self.maxima)))
        for stage, reward in enumerate(rewards):
            self.maxima[stage] = max(reward, DECAY * self.maxima[stage])
        self.seen += 1

    def halt_below(self, number: int, stages: int) -> tuple[float, ...]:
        """For every stage but the last the reward that the trial of this number has to reach."""
        luck = Random(f"{self.seed} {number}")
        largest = next(tolerance for least, tolerance in TOLERANCES if self.seen >= least)
        known = [*self.maxima, *[0.0] * stages][: stages - 1]
        return tuple(highest * (1 - luck.uniform(0.0, largest)) for highest in known)
