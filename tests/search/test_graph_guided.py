"""Guides between cells, the relaxation, and what is done with choices in the end."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from segsmith.errors import UserError
from segsmith.search.architecture import Architecture, blocks_of
from segsmith.search.counting import count
from segsmith.search.fitting import within
from segsmith.search.graph_guided import GUIDES, EdgeGraph, Guide
from segsmith.search.gumbel import entropy, gumbel_noise, relaxed, straight_through
from segsmith.search.lgc_costs import LgcCostModel, LgcCosts
from segsmith.search.steering import LatencyWeight
from segsmith.search.supernet import chain_of
from segsmith.spaces import LgcSpace
from segsmith.spaces.base import Decision

SPACE = LgcSpace(cells=4, reductions=(1, 2))


def busy(guide: Guide) -> Guide:
    """With weights everywhere: as it starts, a guide says nothing."""
    torch.manual_seed(1)
    for parameter in guide.parameters():
        nn.init.normal_(parameter, std=0.3)
    return guide


def layer(x: np.ndarray, linear: nn.Module) -> np.ndarray:
    return x @ linear.weight.detach().numpy().T + linear.bias.detach().numpy()


def phi(x: np.ndarray, layers: nn.Module) -> np.ndarray:
    return layer(np.maximum(layer(x, layers[0]), 0), layers[2])


def softmax(x: np.ndarray) -> np.ndarray:
    raised = np.exp(x - x.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def test_equations_5_to_7_against_a_direct_computation() -> None:
    """Along three cells: each reads what the one before it has become."""
    guide = busy(Guide("edges", 3, 5, 8, 64, gamma=0.5, seed=0)).double()
    alphas = [np.random.default_rng(k).normal(size=(5, 8)) for k in range(3)]
    updated = alphas[:1]
    for module, alpha in zip(guide.pairs, alphas[1:], strict=True):
        assert isinstance(module, EdgeGraph)
        w1, w2, w = (getattr(module, name).detach().numpy() for name in ("w1", "w2", "weight"))
        near = softmax((alpha @ w1) @ (updated[-1] @ w2).T)
        features = phi(updated[-1], module.enter)
        updated.append(alpha + 0.5 * phi(near @ features @ w + features, module.leave))
    found = guide([torch.tensor(alpha) for alpha in alphas])
    for expected, got in zip(updated, found, strict=True):
        np.testing.assert_allclose(got.detach().numpy(), expected, rtol=1e-10)
    assert near.shape == (5, 5)
    assert w.shape == (64, 64)


@pytest.mark.parametrize("kind", GUIDES)
def test_a_guide_tells_the_next_cell_and_starts_silent(kind: str) -> None:
    guide = Guide(kind, 3, 5, 8, 16, gamma=0.5, seed=0)
    alphas = [torch.randn(5, 8, requires_grad=True) for _ in range(3)]
    assert all(torch.equal(a, b) for a, b in zip(guide(alphas), alphas, strict=True))
    told = busy(guide)(alphas)
    gradients = torch.autograd.grad(told[2].square().sum(), alphas, allow_unused=True)
    assert [gradient is not None for gradient in gradients] == ([False, False, True] if kind == "none" else [True] * 3)
    assert torch.equal(told[2], alphas[2]) == (kind == "none")


def test_what_a_guide_does_hangs_on_gamma_alone() -> None:
    """With gamma 0 logits and their gradients are those of independent cells, to the last bit."""
    chain = chain_of(SPACE)
    guide = busy(Guide("edges", len(chain), 5, 8, 64, gamma=0.0, seed=0))
    with_guide = Architecture(blocks_of(SPACE), 3, guide, chain)
    alone = Architecture(blocks_of(SPACE), 3)
    for one in (with_guide, alone):
        sum(part.square().sum() for part in one.draw(0, 0, 0.5, one_path=False).values()).backward()
    for name, values in alone.own.items():
        assert torch.equal(with_guide.logits()[name], values)
        assert torch.equal(with_guide.own[name].grad, values.grad)


def test_a_guide_has_luck_of_its_own() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first = Guide("edges", 3, 5, 8, 16, gamma=0.5, seed=7)
    assert torch.equal(torch.rand(3), expected)
    second = Guide("edges", 3, 5, 8, 16, gamma=0.5, seed=7)
    assert torch.equal(first.pairs[0].w1, second.pairs[0].w1)


def test_an_unknown_guide() -> None:
    with pytest.raises(UserError, match=r"no guide 'gcn'.*edges, operations"):
        Guide("gcn", 3, 5, 8, 16, 0.5, 0)


def test_the_noise_is_gumbel_and_hangs_on_seed_and_step() -> None:
    noise = gumbel_noise(0, 5, 20_000)
    assert noise.isfinite().all()
    assert float(noise.mean()) == pytest.approx(0.5772, abs=0.03)
    assert float(noise.var()) == pytest.approx(np.pi**2 / 6, abs=0.06)
    assert torch.equal(noise, gumbel_noise(0, 5, 20_000))
    for other in (gumbel_noise(0, 6, 20_000), gumbel_noise(1, 5, 20_000)):
        assert abs(float(torch.corrcoef(torch.stack([noise, other]))[0, 1])) < 0.03


def test_what_is_drawn_is_as_probable_as_its_logits_say() -> None:
    logits = torch.tensor([0.0, 1.0, -1.0, 0.3]).expand(20_000, 4)
    drawn = relaxed(logits, gumbel_noise(0, 0, logits.numel()).reshape(logits.shape), 0.1, one_path=True)
    torch.testing.assert_close(drawn.mean(0), torch.softmax(logits[0], -1), atol=0.01, rtol=0)


def test_straight_through_is_one_hot_with_the_gradient_of_the_soft_one() -> None:
    logits = torch.randn(6, 8, requires_grad=True)
    soft = torch.softmax(logits / 0.3, -1)
    hard, direction = straight_through(soft), torch.randn(6, 8)
    assert torch.equal(hard, torch.nn.functional.one_hot(logits.argmax(-1), 8).float())
    found, expected = (torch.autograd.grad((x * direction).sum(), logits, retain_graph=True)[0] for x in (hard, soft))
    assert torch.equal(found, expected)


def test_entropy() -> None:
    logits = torch.tensor([[0.0, 0, 0, 0], [100.0, 0, 0, 0]])
    torch.testing.assert_close(entropy(logits), torch.tensor([1.0, 0.0]))
    assert entropy(torch.zeros(3, 1)).tolist() == [0.0] * 3


def test_beta_follows_the_budget_and_is_otherwise_left_alone() -> None:
    steered, fixed = LatencyWeight(0.005, budget=20.0), LatencyWeight(0.005)
    for weight in (steered, fixed):
        weight.steer(30.0, 0.1)
    assert float(steered.beta) > 0.01
    assert float(fixed.beta) == 0.005
    for _ in range(3):
        steered.steer(10.0, 0.1)
    assert float(steered.beta) < 0.005
    cost = torch.tensor(8.0, dtype=torch.float64)
    assert float(fixed.term(cost)) == pytest.approx(0.005 * np.log(8.0))


def test_next_best_choices() -> None:
    """Of two that save the same the one that was nearly chosen; and no more is saved than is wanted."""
    decisions = tuple(Decision(name, "x", ("slow", "quick")) for name in ("sure", "torn", "cheap"))
    price = {"sure": {"slow": 10, "quick": 2}, "torn": {"slow": 10, "quick": 2}, "cheap": {"slow": 1, "quick": 0}}
    chances = {"sure": (-0.01, -5.0), "torn": (-0.68, -0.70), "cheap": (-0.1, -2.0)}
    best = dict.fromkeys(price, "slow")

    def cost(picks: object) -> float:
        return sum(price[name][option] for name, option in picks.items())

    assert within(decisions, best, chances, cost, 30.0) == best
    assert within(decisions, best, chances, cost, 14.0) == best | {"torn": "quick"}
    assert within(decisions, best, chances, cost, 5.0) == best | {"torn": "quick", "sure": "quick"}
    assert within(decisions, best, chances, cost, 1.0) == dict.fromkeys(price, "quick")


def test_within_a_budget_of_the_space() -> None:
    edges = {d.name: tuple(0.0 if op == "none" else 1.0 + i for i, op in enumerate(d.options)) for d in SPACE.decisions}
    model = LgcCostModel(blocks_of(SPACE), LgcCosts(edges, "ms"))
    architecture = Architecture(blocks_of(SPACE), 0)
    picks = architecture.picks()
    budget = 0.6 * model.price(picks)
    found = within(SPACE.decisions, picks, architecture.log_chances(), model.price, budget)
    assert 0.8 * budget < model.price(found) <= budget


def test_the_counts_of_the_paper() -> None:
    space = LgcSpace(cells=6, reductions=(1, 2))
    picks = {edge.name: "dw3d8" if edge.kind == "edge" else edge.options[0] for edge in space.edges}
    picks |= {edge.name: op for edge, op in zip(space.edges, ("none", "pool3", "skip", "dw3", "conv3"), strict=False)}
    picks |= {"cell5.older_x1": "dw3d4", "cell5.x1_x2": "dw3d2", "cell4.x1_x2": "none"}
    found = count(space, space.build(picks))
    assert (found.light, found.edges, found.large, found.last_edges) == (4, 30, 18, 20)
    shared = LgcSpace(cells=6, reductions=(1, 2), shared=True)
    same = {edge.name: "skip" if edge.cell == "normal" else "dw3d4" for edge in shared.edges if edge.kind == "edge"}
    rest = {edge.name: edge.options[0] for edge in shared.edges if edge.kind != "edge"}
    counted = count(shared, shared.build(same | rest))
    assert (counted.light, counted.large) == (20, 5)


def test_choices_are_read_off_the_updated_logits() -> None:
    chain = chain_of(SPACE)
    architecture = Architecture(blocks_of(SPACE), 0, busy(Guide("edges", len(chain), 5, 8, 16, 3.0, 0)), chain)
    alone = copy.deepcopy(architecture)
    alone.guide = None
    assert architecture.picks() != alone.picks()
    updated = architecture.logits()["cell3-edge"]
    block = next(block for block in architecture.blocks if block.name == "cell3-edge")
    expected = [block.options[place] for place in updated.argmax(-1).tolist()]
    assert [architecture.picks()[name] for name in block.decisions] == expected
