"""What a reward is worth: how far it lies from those of late."""

from dataclasses import dataclass

INFEASIBLE = float("-inf")
PENALTY = 2.0  # deviations that a network outside the budget lies below the average


@dataclass
class Baseline:
    """A moving average of the rewards and of their distance from it.

    A network that was turned away untrained has no reward of its own. It counts as worse than most, and leaves the
    average alone: otherwise a tight budget would drag the average down until every network looked good.
    """

    decay: float
    mean: float | None = None
    deviation: float | None = None

    def update(self, reward: float) -> None:
        if reward == INFEASIBLE:
            return
        if self.mean is None:
            self.mean = reward
            return
        distance = abs(reward - self.mean)
        self.deviation = distance if self.deviation is None else self._moved(self.deviation, distance)
        self.mean = self._moved(self.mean, reward)

    def advantage(self, reward: float) -> float:
        """0 as long as there is nothing to compare with."""
        if reward == INFEASIBLE:
            return -PENALTY * (self.deviation or 0.0)
        return 0.0 if self.mean is None else reward - self.mean

    def _moved(self, average: float, value: float) -> float:
        return self.decay * average + (1 - self.decay) * value
