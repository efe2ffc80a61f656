"""Proximal policy optimisation of the controller, the whole of it.

After every scored network the policy takes steps on the latest ones. A step raises the probability of what scored
above the moving average and lowers that of what scored below, until the probability of a whole network has moved by
``clip`` since the network was scored. There is no value network: a network is one action, and its reward is the end.

An advantage is taken against the average as it stands now. An older network that was good in its time and is average
by now is no longer reinforced; keeping the advantage of its time was seen to learn half as fast.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from segsmith.search.baseline import Baseline
from segsmith.search.policy import Policy
from segsmith.search.sampler import ControllerSampler
from segsmith.spaces import Choices, Decision, Space


@dataclass(frozen=True)
class PPOSettings:
    """Each scored network starts ``epochs`` passes over the last ``buffer`` ones, ``minibatch`` of them a step.

    ``entropy`` rewards indecision, by so many deviations of the reward.
    """

    lr: float = 1e-4
    clip: float = 0.1
    buffer: int = 100
    minibatch: int = 25
    epochs: int = 1
    entropy: float = 0.0
    baseline_decay: float = 0.95
    max_norm: float = 2.0


PAPER = PPOSettings()
# of 32 settings that with the highest mean reward of 1,000 networks of the toy table (benchmarks/samplers.py --choose)
QUICK = replace(PAPER, lr=5e-3, clip=0.2, buffer=50)
SETTINGS = {"paper": PAPER, "quick": QUICK}


FARTHEST = 10.0  # a ratio is at most e to the power of this: an infinite one would leave no numbers


class Scored(NamedTuple):
    choices: Choices
    log_prob: float
    reward: float


class PPO:
    def __init__(self, decisions: Sequence[Decision], settings: PPOSettings, seed: int) -> None:
        self.settings = settings
        self.generator = torch.Generator().manual_seed(seed)
        self.policy = Policy(decisions, self.generator)
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=settings.lr)
        self.baseline = Baseline(settings.baseline_decay)
        self.latest: deque[Scored] = deque(maxlen=settings.buffer)

    def learn(self, choices: Choices, reward: float) -> None:
        with torch.no_grad():
            log_prob = self.policy.evaluate(torch.tensor([choices])).log_probs.sum()
        self.latest.append(Scored(choices, float(log_prob), reward))
        self.baseline.update(reward)
        for batch in self._minibatches():
            self._step(batch)

    def _minibatches(self) -> Iterator[list[Scored]]:
        for _ in range(self.settings.epochs):
            order = torch.randperm(len(self.latest), generator=self.generator).tolist()
            for first in range(0, len(order), self.settings.minibatch):
                yield [self.latest[i] for i in order[first : first + self.settings.minibatch]]

    def _step(self, batch: list[Scored]) -> None:
        judged = self.policy.evaluate(torch.tensor([scored.choices for scored in batch]))
        moved = judged.log_probs.sum(1) - torch.tensor([scored.log_prob for scored in batch])
        ratio = moved.clamp(max=FARTHEST).exp()
        advantage = torch.tensor([self.baseline.advantage(scored.reward) for scored in batch])
        loss = clipped_loss(ratio, advantage, self.settings.clip)
        loss = loss - self.settings.entropy * self.baseline.deviation * judged.entropies.sum(1).mean()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.policy.parameters(), self.settings.max_norm)
        self.optimizer.step()


def clipped_loss(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """The smaller of both gains: a step that would move a network's probability past the clip earns nothing."""
    return -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()


class PPOSampler(ControllerSampler):
    def __init__(self, space: Space, settings: PPOSettings = QUICK, seed: int = 0) -> None:
        super().__init__(space, partial(PPO, space.decisions, settings, seed), seed)
