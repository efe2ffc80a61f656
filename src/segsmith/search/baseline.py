"""What a reward is worth: how far it lies from those of late."""

from dataclasses import dataclass

INFEASIBLE = float("-inf")
PENALTY = 2.0  # deviations that a network outside the budget lies below the average


@dataclass
class Baseline:
    """A moving average of the rewards, and of their distance from it.

    It is the plain mean until it has seen as many as it remembers, lest it hang on the first network for long. A
    network that was turned away untrained has no reward of its own. It counts as worse than most, and leaves the
    average alone: else a tight budget would drag the average down until every network looked good.
    """

    decay: float
    mean: float = 0.0
    deviation: float = 0.0
    count: int = 0

    def update(self, reward: float) -> None:
        if reward == INFEASIBLE:
            return
        weight = max(1 - self.decay, 1 / (self.count + 1))
        if self.count:
            # the first network has no distance to give, so the second's is the first
            self.deviation += max(1 - self.decay, 1 / self.count) * (abs(reward - self.mean) - self.deviation)
        self.mean += weight * (reward - self.mean)
        self.count += 1

    def advantage(self, reward: float) -> float:
        return -PENALTY * self.deviation if reward == INFEASIBLE else reward - self.mean
