"""REINFORCE with a moving average as its baseline: one step along the gradient for every scored network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn

from segsmith.search.baseline import Baseline
from segsmith.search.policy import Policy
from segsmith.search.sampler import ControllerSampler
from segsmith.spaces import Choices, Decision, Space


@dataclass(frozen=True)
class ReinforceSettings:
    """As PPO's of the same names."""

    lr: float = 1e-4
    entropy: float = 0.0
    baseline_decay: float = 0.95
    max_norm: float = 2.0


PAPER = ReinforceSettings()
QUICK = replace(PAPER, lr=2e-3)
SETTINGS = {"paper": PAPER, "quick": QUICK}


class Reinforce:
    def __init__(self, decisions: Sequence[Decision], settings: ReinforceSettings, seed: int) -> None:
        self.settings = settings
        self.policy = Policy(decisions, torch.Generator().manual_seed(seed))
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=settings.lr)
        self.baseline = Baseline(settings.baseline_decay)

    def learn(self, choices: Choices, reward: float) -> None:
        self.baseline.update(reward)
        judged = self.policy.evaluate(torch.tensor([choices]))
        loss = -self.baseline.advantage(reward) * judged.log_probs.sum()
        loss = loss - self.settings.entropy * self.baseline.deviation * judged.entropies.sum()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.policy.parameters(), self.settings.max_norm)
        self.optimizer.step()


class ReinforceSampler(ControllerSampler):
    def __init__(self, space: Space, settings: ReinforceSettings = QUICK, seed: int = 0) -> None:
        super().__init__(space, partial(Reinforce, space.decisions, settings, seed), seed)
