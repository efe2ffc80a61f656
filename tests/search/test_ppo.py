"""The arithmetic of both algorithms, against a direct computation."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from locks import SMALL, TINY, lock
from torch.nn.utils import clip_grad_norm_

from segsmith.search import ppo, reinforce
from segsmith.search.baseline import INFEASIBLE
from segsmith.search.policy import Policy

GOOD, BAD = (0, 0, 0, 0, 0, 0, 0), (1, 1, 1, 1, 1, 0, 1)
Algorithm = ppo.PPO | reinforce.Reinforce
both = pytest.mark.parametrize(
    "learner",
    [lambda: ppo.PPO(TINY.decisions, ppo.QUICK, 0), lambda: reinforce.Reinforce(TINY.decisions, reinforce.QUICK, 0)],
    ids=["ppo", "reinforce"],
)


def log_prob(policy: Policy, choices: tuple[int, ...]) -> float:
    return float(policy.evaluate(torch.tensor([choices])).log_probs.sum().detach())


@both
def test_good_choices_become_more_probable_and_bad_ones_less(learner) -> None:
    algorithm: Algorithm = learner()
    before = log_prob(algorithm.policy, GOOD), log_prob(algorithm.policy, BAD)
    for _ in range(10):
        algorithm.learn(GOOD, 0.6)
        algorithm.learn(BAD, 0.4)
    assert log_prob(algorithm.policy, GOOD) > before[0] + 0.1
    assert log_prob(algorithm.policy, BAD) < before[1] - 0.1


@both
@pytest.mark.parametrize("reward", [0.0, 0.5, INFEASIBLE])
def test_equal_rewards_teach_nothing(learner, reward: float) -> None:
    algorithm: Algorithm = learner()
    before = log_prob(algorithm.policy, GOOD)
    for choices in (GOOD, BAD, GOOD):
        algorithm.learn(choices, reward)
    assert log_prob(algorithm.policy, GOOD) == before


@both
def test_networks_outside_the_budget_become_less_probable(learner) -> None:
    algorithm: Algorithm = learner()
    outside = (0, 1, 0, 1, 0, 0, 1)
    before = log_prob(algorithm.policy, outside)
    for reward in (0.5, 0.52, 0.48, 0.51) * 2:
        algorithm.learn(GOOD if reward > 0.5 else BAD, reward)
        algorithm.learn(outside, INFEASIBLE)
    assert log_prob(algorithm.policy, outside) < before - 0.1
    assert algorithm.baseline.mean == pytest.approx(0.5, abs=0.02)


@both
def test_extreme_rewards_leave_numbers(learner) -> None:
    algorithm: Algorithm = learner()
    for reward in (1e9, -1e9, 0.0, INFEASIBLE, 1e-30) * 4:
        algorithm.learn(GOOD, reward)
        algorithm.learn(BAD, -reward if math.isfinite(reward) else reward)
    assert all(parameter.isfinite().all() for parameter in algorithm.policy.parameters())
    assert math.isfinite(log_prob(algorithm.policy, GOOD))


def by_hand(ratio: float, advantage: float, clip: float) -> float:
    held = min(max(ratio, 1 - clip), 1 + clip)
    return min(ratio * advantage, held * advantage)


def test_the_clipped_loss() -> None:
    ratios, advantages = [0.5, 0.95, 1.0, 1.05, 2.0, 2.0, 0.5], [1.0, 1.0, -1.0, -2.0, 3.0, -3.0, -1.0]
    expected = -sum(by_hand(r, a, 0.1) for r, a in zip(ratios, advantages, strict=True)) / len(ratios)
    ratio = torch.tensor(ratios, requires_grad=True)
    loss = ppo.clipped_loss(ratio, torch.tensor(advantages), 0.1)
    loss.backward()
    assert loss.item() == pytest.approx(expected)
    # no gain is left where the ratio has moved past the clip on the advantage's side
    assert [bool(gradient) for gradient in ratio.grad] == [True, True, True, True, False, True, False]


@pytest.mark.parametrize("entropy", [0.0, 0.05])
def test_a_step_is_the_gradient_step_of_the_papers_rule(entropy: float) -> None:
    """Three networks, one mini-batch: the parameters that a direct computation arrives at."""
    settings = ppo.PPOSettings(lr=0.01, clip=0.2, buffer=3, minibatch=3, entropy=entropy, max_norm=0.02)
    learner = ppo.PPO(TINY.decisions, settings, seed=1)
    scored = [(GOOD, 0.6), (BAD, 0.4), ((0, 1, 0, 1, 0, 0, 1), 0.7), ((1, 0, 1, 0, 1, 0, 0), 0.3)]
    policy = copy.deepcopy(learner.policy)
    adam = torch.optim.Adam(policy.parameters(), lr=0.01)
    mean, distances, history = 0.0, [], []
    for count, (choices, reward) in enumerate(scored):
        learner.learn(choices, reward)
        distances = [*distances, abs(reward - mean)] if count else []
        mean += (reward - mean) / (count + 1)
        deviation = sum(distances) / max(len(distances), 1)
        history = [*history, (choices, log_prob(policy, choices), reward)][-3:]
        gains = []
        for old_choices, old_log_prob, old_reward in history:
            judged = policy.evaluate(torch.tensor([old_choices]))
            ratio = torch.exp(judged.log_probs.sum() - old_log_prob)
            gain = torch.min(ratio * (old_reward - mean), ratio.clamp(0.8, 1.2) * (old_reward - mean))
            gains.append(gain + entropy * deviation * judged.entropies.sum())
        adam.zero_grad()
        (-sum(gains) / len(gains)).backward()
        assert count == 0 or clip_grad_norm_(policy.parameters(), 0.02) > 0.02
        adam.step()
    for mine, direct in zip(learner.policy.parameters(), policy.parameters(), strict=True):
        torch.testing.assert_close(mine, direct, atol=2e-4, rtol=0)
    moved = (learner.policy.head.weight - ppo.PPO(TINY.decisions, settings, seed=1).policy.head.weight).abs().max()
    assert moved > 0.005


def test_an_epoch_passes_over_each_of_the_latest_once(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = ppo.PPO(SMALL.decisions, replace(ppo.PAPER, buffer=10, minibatch=4, epochs=2), seed=0)
    steps: list[list[ppo.Scored]] = []
    monkeypatch.setattr(learner, "_step", steps.append)
    made = [lock(SMALL, seed)[0] for seed in range(12)]
    for number, choices in enumerate(made):
        learner.learn(choices, float(number))
    first = [scored for batch in steps[:2] for scored in batch]
    assert first == [learner_scored(first[0], made[0])] * 2, "nothing but what was scored is learned from"
    last = steps[-6:]
    assert [len(batch) for batch in last] == [4, 4, 2] * 2
    for epoch in (last[:3], last[3:]):
        assert sorted(scored.reward for batch in epoch for scored in batch) == list(range(2, 12))
    assert last[:3] != last[3:]


def learner_scored(scored: ppo.Scored, choices: tuple[int, ...]) -> ppo.Scored:
    return scored._replace(choices=choices, reward=0.0)


def test_the_papers_settings() -> None:
    """The learning rate is in papers 1 (section 4.1) and 2 (4.1); the others are their reference's."""
    paper = ppo.SETTINGS["paper"]
    assert (paper.lr, paper.clip, paper.buffer, paper.epochs) == (1e-4, 0.1, 100, 1)
    assert (paper.max_norm, paper.entropy, paper.baseline_decay) == (2.0, 0.0, 0.95)


def test_reinforces_paper_settings_are_those_of_ppo() -> None:
    paper = reinforce.SETTINGS["paper"]
    assert (paper.lr, paper.max_norm, paper.entropy, paper.baseline_decay) == (1e-4, 2.0, 0.0, 0.95)


def test_the_papers_learning_rate_learns_slower() -> None:
    _, score = lock(SMALL)
    probability = {}
    for name, settings in ppo.SETTINGS.items():
        learner = ppo.PPO(SMALL.decisions, replace(settings, buffer=16, minibatch=16), seed=0)
        generator = torch.Generator().manual_seed(0)
        for choices in learner.policy.sample(60, generator).choices.tolist():
            learner.learn(tuple(choices), score(tuple(choices)))
        probability[name] = log_prob(learner.policy, lock(SMALL)[0])
    assert probability["quick"] > probability["paper"] + 0.5


def test_reinforce_steps_along_the_gradient() -> None:
    learner = reinforce.Reinforce(TINY.decisions, reinforce.ReinforceSettings(lr=0.01, entropy=0.03), seed=2)
    policy = copy.deepcopy(learner.policy)
    learner.learn(GOOD, 0.5)
    learner.learn(BAD, 0.9)
    adam = torch.optim.Adam(policy.parameters(), lr=0.01)
    for choices, advantage, deviation in ((GOOD, 0.0, 0.0), (BAD, 0.2, 0.4)):
        judged = policy.evaluate(torch.tensor([choices]))
        adam.zero_grad()
        (-advantage * judged.log_probs.sum() - 0.03 * deviation * judged.entropies.sum()).backward()
        adam.step()
    for mine, direct in zip(learner.policy.parameters(), policy.parameters(), strict=True):
        torch.testing.assert_close(mine, direct)


def test_a_network_that_has_become_far_more_probable_leaves_numbers() -> None:
    learner = ppo.PPO(TINY.decisions, ppo.QUICK, 0)
    learner.learn(GOOD, 0.9)
    learner.latest.append(ppo.Scored(BAD, -500.0, 0.1))
    learner.learn(GOOD, 0.7)
    assert all(parameter.isfinite().all() for parameter in learner.policy.parameters())
