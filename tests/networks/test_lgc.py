"""LGC networks: resolutions, channels, what is built and what runs."""

from dataclasses import replace
from random import Random

import pytest
import torch
from torch import nn

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node
from segsmith.networks.build import build, build_static
from segsmith.networks.lgc import LgcNetwork
from segsmith.spaces import LgcSpace


def lgc(genotype: Genotype, classes: int = 19, in_channels: int = 3) -> LgcNetwork:
    network = build_static(genotype, classes, in_channels)
    assert isinstance(network, LgcNetwork)
    return network


def uniform(space: LgcSpace, op: str, up: str) -> Genotype:
    """Every edge the same operation."""
    return space.build({edge.name: up if edge.kind == "up" else op for edge in space.edges})


def random_genotype(seed: int = 0, **options: object) -> Genotype:
    space = LgcSpace(**options)
    return space.decode(space.random(Random(seed)))


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


# Table VI reports 2.09 to 6.60 M: the two ends of width 32 include that.
@pytest.mark.parametrize(
    ("width", "full", "separable"), [(8, 784_571, 168_771), (16, 1_961_747, 399_987), (32, 6_650_435, 1_276_755)]
)
def test_parameters(width: int, full: int, separable: int) -> None:
    space = LgcSpace(width=width)
    assert parameters(lgc(uniform(space, "conv3", "deconv2"))) == full
    assert parameters(lgc(uniform(space, "dw3", "up2"))) == separable


def test_parameters_of_a_cell_by_hand() -> None:
    network = lgc(uniform(LgcSpace(width=8), "conv3", "up2"))
    cells = network.encoder.net.nodes
    norm = 2
    assert parameters(cells["c0"]) == 2 * (8 * 8 + 8 * norm) + 5 * (9 * 8 * 8 + 8 * norm)
    # reads cells of 32 channels (two nodes of 16) at 1/8 and works with 32
    assert parameters(cells["c9"]) == (32 * 32 + 32 * norm) + (64 * 32 + 32 * norm) + 5 * (9 * 32 * 32 + 32 * norm)


def test_taps_are_what_the_fusion_reads() -> None:
    network = lgc(random_genotype(width=4, aggregate=(0, 5, 11)))
    assert network.encoder.tap_of == {"c0": "layer1", "c5": "layer2", "c11": "layer3"}
    assert [(name, tap.stride) for name, tap in network.taps.items()] == [("layer1", 4), ("layer2", 8), ("layer3", 16)]
    features = network.encode(torch.randn(2, 3, 65, 97))
    for name, tap in network.taps.items():
        size = (-(-65 // tap.stride), -(-97 // tap.stride))
        assert features[name].shape == (2, tap.channels, *size)
    assert "c13" not in network.encoder.net.nodes


def test_the_encoder_runs_no_deeper_than_asked() -> None:
    network = lgc(random_genotype(width=4))
    ran = list[str]()
    for name, cell in network.encoder.net.nodes.items():
        cell.register_forward_hook(lambda *_, name=name: ran.append(name))
    assert set(network.encode(torch.randn(2, 3, 33, 33), upto="layer1")) == {"layer1"}
    assert ran == ["c0"]
    ran.clear()
    assert set(network.encode(torch.randn(2, 3, 33, 33), upto="layer2")) == {"layer1", "layer2"}
    assert ran == [f"c{i}" for i in range(8)]


@pytest.mark.parametrize(
    ("fusion", "stride"), [("x2", 4), ("dense", 4), ("multiscale", 8), ("aspp", 16), ("ppm", 16), ("none", 16)]
)
@pytest.mark.parametrize("size", [(64, 96), (65, 97), (1, 1)])
def test_every_fusion_at_every_size(fusion: str, stride: int, size: tuple[int, int]) -> None:
    network = lgc(random_genotype(width=4, branch=12, fusion=fusion), classes=5, in_channels=1).eval()
    dec, logits = network.decode(network.encode(torch.randn(2, 1, *size)))
    expected = tuple(-(-side // stride) for side in size)
    assert network.dec.stride == stride
    assert dec.shape == (2, 12, *expected)
    assert logits.shape == (2, 5, *expected)
    assert torch.equal(network.classifier(dec), logits)
    assert network.classifier.kernel_size == (1, 1)


def test_none_edges_and_cells_that_nothing_reads_are_not_built() -> None:
    space = LgcSpace(width=4)
    picks = dict.fromkeys((edge.name for edge in space.edges), "skip")
    picks |= {edge.name: "up2" for edge in space.edges if edge.kind == "up"}
    picks |= {f"cell9.{edge}": "none" for edge in ("older_x1", "newer_x1", "older_x2", "x1_x2")}
    cell = lgc(space.build(picks)).encoder.net.nodes["c9"]
    assert set(cell.adapters) == {"newer"}
    assert cell.tap.channels == 16, "one node alone"


def test_a_written_none_is_the_same_network() -> None:
    genotype = random_genotype(width=4)
    cell = genotype.cells["cell3"]
    sums = next(node for node in cell.nodes if node.op == "sum")
    nodes = [node if node != sums else replace(sums, inputs=(*sums.inputs, "nothing")) for node in cell.nodes]
    written = Graph(cell.inputs, (Node("nothing", "none", ("older",)), *nodes), cell.outputs)
    other = replace(genotype, cells={**genotype.cells, "cell3": written})
    first, second = lgc(genotype).eval(), lgc(other).eval()
    second.load_state_dict(first.state_dict())
    frame = torch.randn(1, 3, 32, 32)
    for a, b in zip(first.decode(first.encode(frame)), second.decode(second.encode(frame)), strict=True):
        assert torch.equal(a, b)


def test_shared_cells_have_weights_of_their_own() -> None:
    network = lgc(uniform(LgcSpace(width=4, shared=True), "conv3", "up2"))
    first, second = (network.encoder.net.nodes[name].state_dict() for name in ("c4", "c5"))
    assert first.keys() == second.keys()
    assert not torch.equal(first["net.nodes.x2/a.0.weight"], second["net.nodes.x2/a.0.weight"])


def test_a_fusion_of_one_resolution_twice_is_refused() -> None:
    genotype = random_genotype(width=4)
    *cells, fusion = genotype.net.nodes
    net = replace(genotype.net, nodes=(*cells, replace(fusion, inputs=("c0", "c6", "c7"))))
    with pytest.raises(UserError, match=r"c6 \(1/8\), c7 \(1/8\)"):
        lgc(replace(genotype, net=net))


def test_a_reduction_that_hands_its_input_on_is_refused() -> None:
    genotype = random_genotype(width=4)
    direct = Graph(("older", "newer"), (Node("x2", "sum", ("older", "newer")),), ("x2",))
    with pytest.raises(UserError, match="different sizes"):
        lgc(replace(genotype, cells={**genotype.cells, "cell8": direct}))


def test_a_dynamic_cell_stands_on_it() -> None:
    static = random_genotype(width=4, branch=20)
    nodes = (Node("n0.a", "skip", ("prev:dec",)), Node("n0.b", "sep3", ("layer2",)))
    net = Graph(("prev:dec", "layer2"), (*nodes, Node("n0", "wsum", ("n0.a", "n0.b"))), ("n0",))
    network = build(Genotype("dynamic", net, settings={"channels": 16}, static=static), 5).eval()
    ran = list[str]()
    for name, cell in network.static.encoder.net.nodes.items():
        cell.register_forward_hook(lambda *_, name=name: ran.append(name))
    logits, state = network.key(torch.randn(1, 3, 65, 97))
    assert len(ran) == 14
    ran.clear()
    assert network.step(torch.randn(1, 3, 65, 97), state)[0].shape == logits.shape
    assert ran == [f"c{i}" for i in range(8)]
