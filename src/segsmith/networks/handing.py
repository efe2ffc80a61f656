"""A cell that begins by handing on: what the last frame left comes out as it went in, and learning starts from there.

At random, a cell first has to find again what the key frame's decoder knew already.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn

from segsmith.networks.graph import GraphNet
from segsmith.ops.aggregation import Concatenation, WeightedSum
from segsmith.ops.blocks import BatchNorm
from segsmith.ops.pooling import Skip

PASSING = (Skip, WeightedSum, Concatenation)
LAYERS = (nn.Conv2d, BatchNorm, nn.ReLU)


def chain(net: GraphNet, source: str, convolutions: bool) -> list[str]:
    """Nodes from ``source`` to an output, each of which can hand on the one before; empty where there is no way."""
    ways = {source: list[str]()}
    for name, module, inputs in net.steps:
        known = [one for one in inputs if one in ways]
        if known and (isinstance(net.nodes[module], PASSING) or (convolutions and is_layers(net.nodes[module]))):
            ways[name] = [*ways[known[0]], name]
    return next((ways[name] for name in net.outputs if name in ways), [])


def is_layers(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and all(isinstance(part, LAYERS) for part in module)


@torch.no_grad()
def hand_on(adapter: nn.Sequential, net: GraphNet, join: nn.Sequential, source: str, before: BatchNorm) -> None:
    """Begin so: ``source`` passes the adapter, a chain of nodes and the join unchanged. ``before`` is the batch norm
    that gave it its values, ahead of a ReLU. Where there is no way, or no channels to take it, nothing changes."""
    nodes = chain(net, source, convolutions=False) or chain(net, source, convolutions=True)
    channels = before.num_features
    if not nodes or cast(nn.Conv2d, adapter[0]).out_channels != channels:
        return
    values = rectified(before)
    pass_on(adapter[0], 0)
    keep(adapter[1], values, 0)
    steps = {name: (net.nodes[module], inputs) for name, module, inputs in net.steps}
    for last, name in zip([source, *nodes], nodes, strict=False):
        module, inputs = steps[name]
        place = inputs.index(last)
        if isinstance(module, WeightedSum):
            module.weights.copy_(torch.eye(len(inputs))[place].view(-1, 1, 1, 1).expand_as(module.weights))
        elif isinstance(module, Concatenation):
            keep(module.reduce[0], values, place * channels)
            pass_on(module.reduce[2], place * channels)
        elif isinstance(module, nn.Sequential):
            for layer in module:
                if isinstance(layer, nn.Conv2d):
                    pass_on(layer, 0)
                elif isinstance(layer, BatchNorm):
                    keep(layer, values, 0)
    pass_on(join[0], net.outputs.index(nodes[-1]) * channels)
    keep(join[1], values, 0)


def rectified(norm: BatchNorm) -> tuple[Tensor, Tensor]:
    """Mean and variance, channel by channel, of what the norm gives when a ReLU has cut it off at zero."""
    mean, spread = norm.bias, norm.weight.abs().clamp_min(1e-6)
    ratio = mean / spread
    density = torch.exp(-(ratio**2) / 2) / math.sqrt(2 * math.pi)
    above = torch.special.ndtr(ratio)
    found = mean * above + spread * density
    square = (mean**2 + spread**2) * above + mean * spread * density
    return found, (square - found**2).clamp_min(1e-8)


def pass_on(conv: nn.Module, first: int) -> None:
    """Of its inputs those from ``first`` come out as they are; the others do not take part yet."""
    assert isinstance(conv, nn.Conv2d)
    conv.weight.zero_()
    nn.init.dirac_(conv.weight[:, first : first + conv.out_channels // conv.groups], conv.groups)


def keep(norm: nn.Module, values: tuple[Tensor, Tensor], first: int) -> None:
    """Values of this mean and variance pass the norm unchanged."""
    assert isinstance(norm, BatchNorm)
    mean, variance = values
    here = slice(first, first + len(mean))
    norm.weight[here], norm.bias[here] = (variance + norm.eps).sqrt(), mean
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean[here], norm.running_var[here] = mean, variance
