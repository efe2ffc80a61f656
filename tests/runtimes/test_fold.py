"""Batch norm folded into convolutions: the same numbers from fewer layers."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from segsmith import ops
from segsmith.genotype import preset
from segsmith.networks.build import build
from segsmith.ops.deformable import DeformableConv2d
from segsmith.runtimes.fold import fold
from segsmith.runtimes.torch_runner import TorchRunner

CHANNELS = 8


def seen(module: nn.Module, *shapes: tuple[int, ...]) -> nn.Module:
    """Off its start, its batch norms with statistics and scales of their own."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
        for _ in range(3):
            module.train()(*(torch.randn(shape) + 0.5 for shape in shapes))
    return module.eval()


def norms(module: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in module.modules())


def assert_same(module: nn.Module, *shapes: tuple[int, ...]) -> nn.Module:
    folded = fold(module)
    torch.manual_seed(1)
    inputs = [torch.randn(shape) for shape in shapes]
    with torch.no_grad():
        expected, found = module(*inputs), folded(*inputs)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))
    return folded


SHAPE = (2, CHANNELS, 9, 11)
FREE_OF_NORM = ("gap5", "skip", "pool3", "up2", "none")


@pytest.mark.parametrize("op", ops.OPERATIONS)
def test_operations_lose_every_norm(op: str) -> None:
    module = seen(ops.build(op, CHANNELS, CHANNELS), SHAPE)
    assert norms(module) or op in FREE_OF_NORM
    assert norms(assert_same(module, SHAPE)) == 0


@pytest.mark.parametrize("op", ops.AGGREGATIONS)
def test_aggregations_keep_the_norm_that_no_convolution_precedes(op: str) -> None:
    shapes = (2, 6, 9, 11), (2, CHANNELS, 5, 6)
    module = seen(ops.aggregate(op, [6, CHANNELS], CHANNELS), *shapes)
    assert norms(assert_same(module, *shapes)) == (op == "concat")


def grouped_deconvolution() -> nn.Module:
    return nn.Sequential(nn.ConvTranspose2d(CHANNELS, 12, 4, 2, 1, groups=4), nn.BatchNorm2d(12))


def biased() -> nn.Module:
    return nn.Sequential(nn.Conv2d(CHANNELS, 4, 3), nn.BatchNorm2d(4, affine=False))


def norm_first() -> nn.Module:
    return nn.Sequential(nn.BatchNorm2d(CHANNELS), nn.Conv2d(CHANNELS, 12, 3, groups=4), nn.ReLU())


def deformable_without_bias() -> nn.Module:
    return nn.Sequential(DeformableConv2d(CHANNELS, 5), nn.BatchNorm2d(5))


@pytest.mark.parametrize("make", [grouped_deconvolution, biased, norm_first, deformable_without_bias])
def test_other_neighbours(make: Callable[[], nn.Module]) -> None:
    assert norms(assert_same(seen(make(), SHAPE), SHAPE)) == 0


def test_a_norm_before_padding_stays() -> None:
    """Behind it the border is zero; folded in, it would be the shift."""
    module = nn.Sequential(nn.BatchNorm2d(CHANNELS), nn.Conv2d(CHANNELS, 4, 3, padding=1))
    assert norms(assert_same(seen(module, SHAPE), SHAPE)) == 1


def test_a_convolution_used_twice_stays() -> None:
    conv = nn.Conv2d(CHANNELS, CHANNELS, 1)
    module = nn.Sequential(nn.Sequential(conv, nn.BatchNorm2d(CHANNELS)), nn.Sequential(conv, nn.BatchNorm2d(CHANNELS)))
    assert norms(assert_same(seen(module, SHAPE), SHAPE)) == 2


def test_the_original_is_left_alone() -> None:
    module = seen(ops.build("sep3", CHANNELS, CHANNELS), SHAPE).train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    folded = fold(module)
    assert module.training
    assert not folded.training
    assert module.state_dict().keys() == before.keys()
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert [name for name, _ in folded.named_modules()] == [name for name, _ in module.named_modules()]


@pytest.mark.parametrize("name", ["template-arch1", "light"])
def test_whole_networks(name: str) -> None:
    network = build(preset(name), 5)
    frames = torch.randn(2, 3, 3, 40, 56)
    torch.manual_seed(0)
    with torch.no_grad():
        for _ in range(2):
            network.train().clip(frames)
        expected, found = network.eval().clip(frames), fold(network).clip(frames)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))
    concatenations = sum(type(part).__name__ == "Concatenation" for part in network.modules())
    assert norms(fold(network)) == concatenations
    assert concatenations or name != "light"


def test_a_runner_folds_unless_told_otherwise() -> None:
    from segsmith.networks.meta import Meta

    genotype = preset("template-arch1")
    network, meta = build(genotype, 2), Meta(genotype, ("a", "b"), ((0, 0, 0), (1, 1, 1)))
    found = {folded: norms(TorchRunner(network, meta, folded=folded).graphs["key"]) for folded in (True, False)}
    assert found[True] == 0
    assert found[False] == norms(network) > 0
