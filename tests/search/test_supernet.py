"""The LGC supernet: what it mixes, its gradients, what it costs, and the network that comes out of it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from random import Random

import pytest
import torch
from torch import Tensor, nn

from segsmith.networks.build import build_static
from segsmith.networks.lgc import LgcNetwork
from segsmith.search.architecture import Architecture, blocks_of, one_hot
from segsmith.search.graph_guided import Guide
from segsmith.search.inherit import inherit
from segsmith.search.lgc_costs import LgcCostModel, LgcCosts, alive
from segsmith.search.steering import LatencyWeight
from segsmith.search.supernet import LgcSupernet, chain_of
from segsmith.spaces import LgcSpace, Option
from segsmith.spaces.lgc import ROUTES, keep_alive

SMALL = LgcSpace(cells=4, reductions=(1, 2), width=4, branch=8)
CLASSES = 5


def supernet(space: LgcSpace = SMALL, seed: int = 0, **options: bool) -> LgcSupernet:
    torch.manual_seed(seed)
    net = LgcSupernet(space, CLASSES, **options).train()
    with torch.no_grad():
        for parameter in net.parameters():  # norms that pass values through hide mistakes
            parameter.add_(0.1 * torch.randn_like(parameter))
    return net


def ahead(space: LgcSpace, picks: Mapping[str, Option], by: float = 0.5) -> Architecture:
    """Logits of which the picked ones are ahead of all others."""
    architecture = Architecture(blocks_of(space), 0)
    with torch.no_grad():
        for block in architecture.blocks:
            logits = architecture.own[block.name]
            logits.copy_(-torch.rand_like(logits))
            for row, decision in zip(logits, block.decisions, strict=True):
                row[block.column(picks[decision])] = by
    return architecture


def all_none(space: LgcSpace) -> dict[str, Option]:
    return {edge.name: "none" if "none" in edge.options else edge.options[0] for edge in space.edges}


def derived(space: LgcSpace, net: LgcSupernet, picks: Mapping[str, Option]) -> LgcNetwork:
    network = build_static(space.build(picks), CLASSES)
    assert isinstance(network, LgcNetwork)
    inherit(network, net, picks)
    return network.train()


def logits_of(network: LgcNetwork, frames: Tensor) -> Tensor:
    return network.decode(network.encode(frames))[1].detach()


@pytest.mark.parametrize("fusion", ["x2", "dense", "multiscale", "aspp", "none"])
@pytest.mark.parametrize("seed", [0, None])
def test_the_mixture_becomes_the_derived_network(fusion: str, seed: int | None) -> None:
    """Also where nearly everything is none: what a cell falls back on is in the mixture as well."""
    space = replace(SMALL, fusion=fusion)
    picks = all_none(space) if seed is None else space.picks(space.random(Random(seed)))
    architecture, net = ahead(space, picks), supernet(space)
    assert architecture.picks() == picks
    frames = torch.randn(2, 3, 66, 98)
    expected = logits_of(derived(space, net, picks), frames)
    assert expected.abs().max() > 0.02
    torch.testing.assert_close(net(frames, architecture.settled(0.03)).detach(), expected, atol=1e-3, rtol=0)
    one = LgcSupernet(space, CLASSES, one_path=True).train()
    one.load_state_dict(net.state_dict())
    assert torch.equal(one(frames, architecture.best()).detach(), expected)


def test_far_from_certain_the_mixture_is_another_network() -> None:
    picks = SMALL.picks(SMALL.random(Random(0)))
    architecture, net, frames = ahead(SMALL, picks), supernet(), torch.randn(2, 3, 32, 48)
    expected = logits_of(derived(SMALL, net, picks), frames)
    assert (net(frames, architecture.settled(1.0)) - expected).abs().max() > 0.01


def test_one_path_runs_one_operation_of_an_edge() -> None:
    net, ran = supernet(one_path=True), list[str]()
    for name, part in net.cells["c3"].edges.named_modules():
        if name.count(".") == 2:
            part.register_forward_hook(lambda *_, name=name: ran.append(name))
    shares = Architecture(blocks_of(SMALL), 0).draw(3, 0, 0.5, one_path=True)
    net(torch.randn(2, 3, 32, 48), shares)
    block = next(block for block in blocks_of(SMALL) if block.name == "cell3-edge")
    kept = alive(shares["cell3-edge"], block).argmax(-1).tolist()
    expected = [f"{row}.choices.{block.options[place]}" for row, place in enumerate(kept)]
    assert sorted(ran) == sorted(name for name in expected if not name.endswith("none"))


def test_gradients_of_the_choices_against_finite_differences() -> None:
    """Of the loss and the latency, through the supernet in training and the guide, noise and all."""
    space = replace(SMALL, operations=("skip", "none", "dw3", "pool3"), fusion_operations=("conv1", "gap5", "skip"))
    chain = chain_of(space)
    guide = Guide("edges", len(chain), 5, 4, 8, 0.5, seed=0)
    nn.init.normal_(guide.pairs[1].leave[2].weight)
    architecture = Architecture(blocks_of(space), 0, guide, chain).double()
    net, costs, weight = supernet(space).double(), LgcCostModel(blocks_of(space), made_up(space)), LatencyWeight(0.3)
    frames, target = torch.randn(2, 3, 32, 32).double(), torch.randn(CLASSES).double()

    def total() -> Tensor:
        shares = architecture.draw(0, 0, 0.7, one_path=False)
        return (net(frames, shares).mean((0, 2, 3)) * target).sum() + weight.term(costs(shares))

    parameters = list(architecture.own.values())
    rng, step = Random(0), 1e-6
    for parameter, gradient in zip(parameters, torch.autograd.grad(total(), parameters), strict=True):
        flat = parameter.data.view(-1)
        for place in rng.sample(range(len(flat)), 4):
            kept = flat[place].item()
            values = []
            for moved in (kept + step, kept - step):
                flat[place] = moved
                values.append(total().item())
            flat[place] = kept
            expected = (values[0] - values[1]) / (2 * step)
            assert gradient.view(-1)[place].item() == pytest.approx(expected, rel=1e-4, abs=1e-8)
        assert gradient.abs().max() > 1e-4


def made_up(space: LgcSpace, older: float = 0.7) -> LgcCosts:
    rng = Random(1)
    edges = {d.name: tuple(0.0 if op == "none" else 1 + rng.random() for op in d.options) for d in space.decisions}
    return LgcCosts(edges, "ms", fixed=3.0, older={edge.cell: older for edge in space.edges if edge.cell != "fusion"})


def test_expected_latency_by_hand() -> None:
    """Where every edge is something it is a sum over edges and operations, shares times milliseconds."""
    space = replace(SMALL, operations=("skip", "dw3", "conv3"))
    costs, blocks = made_up(space, older=0.0), blocks_of(space)
    with torch.no_grad():
        shares = Architecture(blocks, 0).draw(0, 0, 0.5, one_path=False)
    by_hand = costs.fixed
    for block in blocks:
        for row, decision in enumerate(block.decisions):
            for column in range(len(block.options)):
                by_hand += float(shares[block.name][row, column]) * costs.edges[decision][column]
    assert float(LgcCostModel(blocks, costs)(shares)) == pytest.approx(by_hand, rel=1e-6)


def test_expected_latency_is_the_mean_over_all_networks() -> None:
    """Cells fall back on a skip where too much is none; and one that reads no older input saves its adapter."""
    space = replace(SMALL, operations=("none", "skip", "conv3"), fusion="none")
    blocks, costs = blocks_of(space), made_up(space)
    model = LgcCostModel(blocks, costs)
    chances = {block.name: torch.softmax(torch.randn(5, 3), -1) for block in blocks}
    expected = costs.fixed
    for block in blocks:
        for ops in product(space.operations, repeat=5):
            columns = [space.operations.index(op) for op in ops]
            chance = torch.stack([row[column] for row, column in zip(chances[block.name], columns, strict=True)]).prod()
            kept = keep_alive(dict(zip(ROUTES, ops, strict=True)))
            pairs = zip(block.decisions, (kept[route] for route in ROUTES), strict=True)
            reads_older = any(op != "none" for route, op in kept.items() if route.source == "older")
            price = sum(costs.edges[decision][space.operations.index(op)] for decision, op in pairs)
            expected += float(chance) * (price + 0.7 * reads_older)
    assert float(model(chances)) == pytest.approx(expected, rel=1e-5)


def test_the_price_of_a_network_is_that_of_its_one_hot_shares() -> None:
    blocks = blocks_of(SMALL)
    model = LgcCostModel(blocks, made_up(SMALL))
    for picks in (*(SMALL.picks(SMALL.random(Random(seed))) for seed in range(5)), all_none(SMALL)):
        assert model.price(picks) == pytest.approx(float(model(one_hot(blocks, picks))), rel=1e-6)


def test_recomputing_changes_nothing_but_time_and_memory() -> None:
    frames, shares = torch.randn(2, 3, 32, 48), Architecture(blocks_of(SMALL), 0).draw(0, 0, 1.0, one_path=False)
    shares = {name: part.detach().requires_grad_() for name, part in shares.items()}
    found, kept = [], [0, 0]
    for recompute in (False, True):
        net = supernet(recompute=recompute)

        def keep(x: Tensor, recompute: bool = recompute) -> Tensor:
            kept[recompute] += x.numel()
            return x

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            loss = net(frames, shares).square().mean()
        gradients = torch.autograd.grad(loss, [*net.parameters(), *shares.values()], allow_unused=True)
        buffers = [b for name, b in net.named_buffers() if not name.endswith("num_batches_tracked")]
        found.append([part for part in (*gradients, *buffers) if part is not None])
    assert len(found[0]) == len(found[1])
    assert all(torch.equal(one, again) for one, again in zip(*found, strict=True))
    assert kept[True] < 0.3 * kept[False]


def test_shared_cells_have_one_set_of_choices() -> None:
    space = replace(SMALL, shared=True)
    assert [block.name for block in blocks_of(space)[:2]] == ["normal-edge", "reduction-edge"]
    net = supernet(space)
    assert net(torch.randn(1, 3, 32, 32), Architecture(blocks_of(space), 0).chances()).shape == (1, CLASSES, 8, 8)


def test_cells_behind_the_last_one_that_is_read_are_not_there() -> None:
    assert list(supernet(LgcSpace(cells=6, reductions=(1, 2), aggregate=(0, 1, 4), width=4, branch=8)).cells) == [
        *("c0", "c1", "c2", "c3", "c4")
    ]
