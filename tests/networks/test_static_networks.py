"""Every static network keeps the interface that a dynamic cell stands on."""

import pytest
import torch
from network_help import pictures, settle, small

from segsmith.genotype import Genotype, Graph, Node, preset
from segsmith.networks.build import build, build_static
from segsmith.networks.parts import Join
from segsmith.networks.sizes import upsample

PRESETS = ("arch0", "arch1", "arch2", "template-arch0", "template-arch1")


def genotype(name: str) -> Genotype:
    return preset(name) if name.startswith("template") else small(name)


@pytest.mark.parametrize("name", PRESETS)
def test_interface_at_an_odd_size(name: str) -> None:
    network = build_static(genotype(name), classes=5, in_channels=1).eval()
    height, width = 67, 101
    features = network.encode(torch.randn(2, 1, height, width))
    assert features.keys() == network.taps.keys()
    dec, logits = network.decode(features)
    rows, columns = -(-height // network.dec.stride), -(-width // network.dec.stride)
    assert dec.shape == (2, network.dec.channels, rows, columns)
    assert logits.shape == (2, 5, rows, columns)
    assert torch.equal(network.classifier(dec), logits)
    assert network.auxiliary(features) == []


@pytest.mark.parametrize("name", PRESETS)
def test_every_parameter_gets_a_finite_gradient_also_of_unread_adapters(name: str) -> None:
    network = build(genotype(name), classes=5)
    logits, state, _ = network.training_key(torch.randn(1, 3, 67, 101))
    logits.square().mean().backward()
    assert state == {}
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


def test_unread_adapters_change_nothing() -> None:
    network = build(small("arch2"), classes=5)
    assert network.static.unread == ["layer1"]
    frame = torch.randn(2, 3, 64, 96)
    before = network(frame)
    with torch.no_grad():
        for parameter in network.static.adapters["layer1"].parameters():
            parameter.add_(1.0)
    assert torch.equal(before, network(frame))


def test_auxiliary_heads_are_built_on_request_one_for_each_connection() -> None:
    network = build(small("arch2"), classes=5, auxiliary=True)
    _, _, extra = network.training_key(torch.randn(2, 3, 64, 96))
    assert [tuple(x.shape[:2]) for x in extra] == [(2, 5)] * 3
    features = network.static.encode(torch.randn(1, 3, 64, 96))
    _, logits, extra = network.eval().static.supervise(features)
    assert torch.equal(logits, network.static.decode(features)[1])
    torch.testing.assert_close(network.static.auxiliary(features), extra)


def test_a_connection_may_read_another_and_the_head_joins_what_none_reads() -> None:
    network = build_static(small("arch1"), classes=3)
    assert network.net.outputs == ("n1", "n2")
    assert network.dec.stride == 8


@pytest.mark.parametrize("relu", [True, False])
def test_maps_are_joined_at_the_largest_size(relu: bool) -> None:
    join = Join([2, 3], 4, relu=relu).eval()
    fine, coarse = torch.randn(1, 2, 8, 12), torch.randn(1, 3, 1, 1)
    both = torch.cat([fine, coarse.expand(-1, -1, 8, 12)], dim=1)
    torch.testing.assert_close(join([fine, coarse]), join.reduce(both.relu() if relu else both))


def test_static_networks_join_behind_a_relu_and_the_cell_does_not() -> None:
    video = build(preset("light"), classes=3)
    assert video.static.join.relu
    assert build(preset("template-arch0"), classes=3).static.join.relu
    assert not video.cell.join.relu


def test_template_channels_follow_the_published_networks() -> None:
    network = build_static(preset("template-arch0"), classes=19)
    first = network.net.nodes["n0"]
    assert len(first.instances) == 1
    # a pooling of the 24-channel tap and a separable convolution of the 32-channel one, both doubled by the stride
    assert first.tap.channels == 64
    assert first.tap.stride == 32, "the smaller of the two: a separable convolution applies its stride twice"


def test_template_repeats_read_what_the_instance_before_them_read_and_made() -> None:
    graph = Graph(
        ("a", "b"), (Node("x", "skip", ("a",)), Node("y", "skip", ("b",)), Node("o", "wsum", ("x", "y"))), ("o",)
    )
    net = Graph(("layer1", "layer2"), (Node("n0", "t", ("layer1", "layer2"), repeat=3, align="smaller"),), ("n0",))
    network = build_static(Genotype("template", net, {"t": graph}, {"adapt": 4}), classes=2).eval()
    row = network.net.nodes["n0"]
    a, b = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    # weighted sums with weights of one: a + b, then b + (a + b), then (a + b) + (a + 2 b)
    torch.testing.assert_close(row(a, b), 2 * a + 3 * b)


def test_an_image_network_is_a_video_network_with_an_empty_state() -> None:
    network = settle(build(small("arch2"), classes=5), pictures(4, 1))
    frames = pictures(2, 3)
    clip = network.clip(frames)
    assert clip.shape == (2, 3, 5, 8, 12)
    for t in range(3):
        logits, state = network.step(frames[:, t], {})
        assert state == {}
        torch.testing.assert_close(logits, clip[:, t], atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match="dec"):
        network.step(frames[:, 0], {"dec": torch.zeros(1)})


def test_logits_are_brought_to_the_size_of_the_frame() -> None:
    logits = torch.tensor([[[[0.0, 4.0]]]])
    torch.testing.assert_close(upsample(logits, (1, 4)), torch.tensor([[[[0.0, 1.0, 3.0, 4.0]]]]))
