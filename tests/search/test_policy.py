"""The controller: a proper distribution over networks, drawn from as it says."""

from itertools import product

import pytest
import torch
from locks import SMALL, TINY

from segsmith.genotype.presets import preset
from segsmith.search.policy import Policy, small_arithmetic
from segsmith.spaces import Decision, DynamicSpace, TemplateSpace


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def every_network(decisions: tuple[Decision, ...]) -> torch.Tensor:
    return torch.tensor(list(product(*(range(len(decision.options)) for decision in decisions))))


def uneven(decisions: tuple[Decision, ...]) -> Policy:
    """A policy that has its preferences."""
    policy = Policy(decisions, rng(1))
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.mul_(8)
    return policy


def test_the_probabilities_of_all_networks_add_up_to_one() -> None:
    networks = every_network(TINY.decisions)
    assert len(networks) == TINY.size
    log_probs = uneven(TINY.decisions).evaluate(networks).log_probs.sum(1)
    torch.testing.assert_close(log_probs.exp().sum(), torch.tensor(1.0))
    assert log_probs.exp().max() > 2 / len(networks)


def test_entropies_are_those_of_the_distribution() -> None:
    policy, networks = uneven(TINY.decisions), every_network(TINY.decisions)
    judged = policy.evaluate(networks)
    log_probs = judged.log_probs.sum(1)
    whole = -(log_probs.exp() * log_probs).sum()
    expected = (log_probs.exp() * judged.entropies.sum(1)).sum()  # the chain rule of entropy
    torch.testing.assert_close(expected, whole)


def test_draws_networks_as_often_as_it_says() -> None:
    policy, networks = uneven(TINY.decisions), every_network(TINY.decisions)
    drawn = policy.sample(4000, rng()).choices
    said = policy.evaluate(networks).log_probs.sum(1).exp()
    seen = torch.tensor([(drawn == network).all(1).float().mean() for network in networks])
    assert (seen - said).abs().max() < 4 * (said.max() / 4000).sqrt()
    assert said.max() > 0.05


def test_draws_at_once_what_it_draws_one_by_one() -> None:
    policy = uneven(SMALL.decisions)
    at_once = policy.sample(12, rng(3))
    generator = rng(3)
    one_by_one = [policy.sample(1, generator) for _ in range(12)]
    assert torch.equal(at_once.choices, torch.cat([drawn.choices for drawn in one_by_one]))
    torch.testing.assert_close(at_once.log_probs, torch.cat([drawn.log_probs for drawn in one_by_one]))
    torch.testing.assert_close(at_once.log_probs, policy.evaluate(at_once.choices).log_probs)


def test_the_best_luck_still_draws_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "rand", lambda *shape, generator: torch.ones(shape))
    drawn = Policy(SMALL.decisions, rng()).sample(1, rng()).choices[0].tolist()
    assert drawn == [len(decision.options) - 1 for decision in SMALL.decisions]


@pytest.mark.parametrize("space", [TemplateSpace(), DynamicSpace(static=preset("arch2"), rows=5)])
def test_starts_nearly_indifferent_with_one_head_and_table_for_each_kind(space: TemplateSpace | DynamicSpace) -> None:
    policy = Policy(space.decisions, rng())
    kinds = {decision.kind: len(decision.options) for decision in space.decisions}
    assert policy.head.weight.shape == policy.embedding.shape == (sum(kinds.values()), 100)
    widest = torch.tensor([len(decision.options) for decision in space.decisions]).log()
    assert (policy.sample(8, rng()).entropies > 0.95 * widest).all()


def test_is_the_papers_lstm() -> None:
    """Paper 1, section 4.1: two layers, 100 hidden units, a uniform distribution; its width is the reference's."""
    policy = Policy(TemplateSpace().decisions, rng())
    assert (policy.lstm.num_layers, policy.lstm.hidden_size, policy.lstm.input_size) == (2, 100, 100)
    assert policy.start.shape == (100,)
    assert policy.start.requires_grad, "the first input is learned"
    parameters = torch.cat([parameter.detach().flatten() for parameter in policy.parameters()])
    assert 0.099 < float(parameters.abs().max()) <= 0.1
    assert float(parameters.abs().mean()) == pytest.approx(0.05, rel=0.02)


def test_a_later_decision_depends_on_an_earlier_one() -> None:
    policy = uneven(SMALL.decisions)
    choices = torch.zeros(2, len(SMALL.decisions), dtype=torch.long)
    choices[1, 0] = 1
    first, second = policy.evaluate(choices).log_probs
    assert first[0] != second[0]
    assert (first[-1] - second[-1]).abs() > 1e-6


def test_leaves_the_global_random_state_and_the_threads_alone() -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    with small_arithmetic():
        assert torch.get_num_threads() == 1
        Policy(SMALL.decisions, rng()).sample(2, rng())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_numbers_too_small_for_full_speed_are_taken_as_nothing() -> None:
    def product() -> float:
        return float(torch.tensor(1e-30) * torch.tensor(1e-9))

    assert product() > 0
    with small_arithmetic():
        assert product() == 0
        with small_arithmetic():
            pass
        assert product() == 0, "an inner use leaves it as it was"
    assert product() > 0
