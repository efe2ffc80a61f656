"""The dynamic space relaxed: the cell that comes out of it, and what its choices cost."""

from collections.abc import Mapping
from random import Random

import pytest
import torch
from torch import Tensor

from segsmith.errors import UserError
from segsmith.genotype import preset
from segsmith.networks.build import build, build_static
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.search.architecture import Architecture, blocks_of, one_hot
from segsmith.search.dynamic_costs import DynamicCostModel, DynamicCosts
from segsmith.search.supernet_dynamic import DynamicSupernet, inherit_cell
from segsmith.spaces import DynamicSpace, Option
from segsmith.spaces.rows import row_name

SPACE = DynamicSpace(preset("arch2"), rows=3, channels=8)
CLASSES = 5
STATIC = preset("arch2")


@pytest.fixture(scope="module")
def seen() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Features of a frame, and the state behind another."""
    torch.manual_seed(0)
    static = build_static(STATIC, CLASSES)
    sizes = {name: (-(-66 // tap.stride), -(-98 // tap.stride)) for name, tap in static.taps.items()}
    features, before = ({n: torch.randn(2, t.channels, *sizes[n]) for n, t in static.taps.items()} for _ in range(2))
    return features, {"dec": torch.randn(2, static.dec.channels, 9, 13), "layer4": before["layer4"]}


def supernet(space: DynamicSpace = SPACE, one_path: bool = False) -> DynamicSupernet:
    torch.manual_seed(0)
    static = build_static(STATIC, CLASSES)
    net = DynamicSupernet(space, static.taps, static.dec, static.classifier, one_path=one_path).train()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return net


def ahead(space: DynamicSpace, picks: Mapping[str, Option]) -> Architecture:
    architecture = Architecture(blocks_of(space), 0)
    with torch.no_grad():
        for name, part in one_hot(architecture.blocks, picks).items():
            architecture.own[name].copy_(0.5 * part - (1 - part) * torch.rand_like(part))
    return architecture


@pytest.mark.parametrize("seed", range(4))
def test_the_mixture_becomes_the_derived_cell(seed: int, seen: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
    features, state = seen
    picks = SPACE.picks(SPACE.random(Random(seed)))
    net, architecture = supernet(), ahead(SPACE, picks)
    network = build(SPACE.build(picks), CLASSES)
    assert isinstance(network, DynamicNetwork)
    inherit_cell(network.cell, net, picks)
    with torch.no_grad():
        expected = network.cell.train()(features, state)
        mixed = net(features, state, architecture.settled(0.03))
        one = supernet(one_path=True)
        drawn = one(features, state, architecture.best())
    for a, b, c in zip(expected, mixed, drawn, strict=True):
        torch.testing.assert_close(b, a, atol=1e-3, rtol=0)
        assert torch.equal(c, a)
    assert net.previous == ("layer4",)
    assert net.current == ("layer2", "layer3", "layer4")


@pytest.mark.parametrize("one_path", [False, True])
def test_every_decision_learns(one_path: bool, seen: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
    net, architecture = supernet(one_path=one_path), Architecture(blocks_of(SPACE), 0)
    _, logits = net(*seen, architecture.draw(0, 0, 1.0, one_path))
    (logits * torch.randn_like(logits)).sum().backward()
    for block in architecture.blocks:
        rows = architecture.own[block.name].grad.abs().sum(-1)
        assert (rows > 0).all(), block.name


def test_several_step_scales_are_refused() -> None:
    with pytest.raises(UserError, match="one step scale"):
        supernet(DynamicSpace(STATIC, step_scales=(1.0, 0.5)))


def made_up(space: DynamicSpace) -> DynamicCosts:
    rng = Random(0)
    strides = {"prev:layer4": 32, "prev:dec": 8, "layer2": 8, "layer3": 16, "layer4": 32}
    operations = {stride: tuple(rng.random() * 100 / stride for _ in space.operations) for stride in (8, 16, 32)}
    joins = {stride: tuple(rng.random() * 100 / stride for _ in space.aggregations) for stride in (8, 16, 32)}
    inputs = {name: rng.random() for name in space.inputs}
    depths = {"layer2": 10.0, "layer3": 20.0, "layer4": 30.0}
    return DynamicCosts(strides, operations, joins, inputs, depths, "ms", fixed=5.0, output=0.5)


def by_hand(space: DynamicSpace, costs: DynamicCosts, picks: Mapping[str, Option]) -> float:
    """Row by row, as the cell runs."""
    strides, read, total = dict(costs.strides), set[str](), costs.fixed
    for name in map(row_name, range(space.rows)):
        sources = [str(picks[f"{name}.loc{side}"]) for side in (1, 2)]
        for side, source in enumerate(sources, start=1):
            total += costs.operations[strides[source]][space.operations.index(str(picks[f"{name}.op{side}"]))]
        strides[name] = min(strides[source] for source in sources)
        total += costs.aggregations[strides[name]][space.aggregations.index(str(picks[f"{name}.agg"]))]
        read.update(sources)
    total += sum(costs.inputs[name] for name in read & set(space.inputs))
    taps = {name.removeprefix("prev:") for name in read}
    total += max((costs.depths[name] for name in taps & set(costs.depths)), default=0.0)
    return total + costs.output * sum(row_name(row) not in read for row in range(space.rows))


def test_the_price_of_a_cell_by_hand() -> None:
    costs = made_up(SPACE)
    model = DynamicCostModel(SPACE, costs)
    for seed in range(20):
        picks = SPACE.picks(SPACE.random(Random(seed)))
        assert model.price(picks) == pytest.approx(by_hand(SPACE, costs, picks))


def test_the_expected_price_is_the_mean_of_what_is_drawn() -> None:
    costs, rng = made_up(SPACE), Random(0)
    space = DynamicSpace(STATIC, rows=2)
    model, blocks = DynamicCostModel(space, costs), blocks_of(space)
    chances = {block.name: torch.softmax(torch.randn(len(block.decisions), len(block.options)), -1) for block in blocks}
    prices = []
    for _ in range(4000):
        picks: dict[str, Option] = {}
        for block in blocks:
            for decision, row in zip(block.decisions, chances[block.name].tolist(), strict=True):
                picks[decision] = rng.choices(block.options, row)[0]
        prices.append(by_hand(space, costs, picks))
    mean = sum(prices) / len(prices)
    assert float(model(chances)) == pytest.approx(mean, rel=0.02)
