"""What an LGC network makes one map of its resolutions by: a searched cell, or a pyramid on the coarsest one."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from segsmith import ops
from segsmith.genotype.core import Graph, Node
from segsmith.networks.graph import GraphNet, Made, primitive
from segsmith.networks.interface import Tap
from segsmith.ops.blocks import conv_bn_relu
from segsmith.ops.pooling import GridPool


class SearchedFusion(nn.Module):
    """Each input by 1x1 conv-BN-ReLU to ``branch`` channels, the cell, the sum of its outputs at the finest size."""

    def __init__(self, cell: Graph, inputs: Sequence[Tap], branch: int) -> None:
        super().__init__()

        def make(node: Node, sources: Sequence[Tap]) -> Made:
            # what comes up from a coarser branch is up to one row and column too large
            return primitive(replace(node, align="smaller"), sources, branch)

        taps = {name: Tap(branch, tap.stride) for name, tap in zip(cell.inputs, inputs, strict=True)}
        self.names = cell.inputs
        self.cell = GraphNet(cell, taps, make)
        channels = dict(zip(cell.inputs, (tap.channels for tap in inputs), strict=True))
        self.adapters = nn.ModuleDict({name: conv_bn_relu(channels[name], branch) for name in self.cell.inputs})
        self.add = ops.aggregate("sum", [branch] * len(self.cell.taps), branch)
        self.tap = Tap(branch, min(tap.stride for tap in self.cell.taps))

    def forward(self, *inputs: Tensor) -> Tensor:
        values = dict(zip(self.names, inputs, strict=True))
        adapted = {name: adapter(values[name]) for name, adapter in self.adapters.items()}
        added: Tensor = self.add(*self.cell.results(adapted))
        return added


class Pyramid(nn.Module):
    """Several views of one map, concatenated and reduced by 1x1 conv-BN-ReLU."""

    def __init__(self, views: Sequence[nn.Module], channels: int, branch: int) -> None:
        super().__init__()
        self.views = nn.ModuleList(views)
        self.reduce = conv_bn_relu(channels, branch)

    def forward(self, x: Tensor) -> Tensor:
        reduced: Tensor = self.reduce(torch.cat([view(x) for view in self.views], dim=1))
        return reduced


def aspp(source: Tap, branch: int) -> Pyramid:
    """Atrous spatial pyramid: 1x1, three dilations, and the mean of the map; each to ``branch`` channels."""
    dilated = [conv_bn_relu(source.channels, branch, 3, dilation=dilation) for dilation in (6, 12, 18)]
    views = [ops.build("conv1", source.channels, branch), *dilated, ops.build("gap", source.channels, branch)]
    return Pyramid(views, len(views) * branch, branch)


def ppm(source: Tap, branch: int) -> Pyramid:
    """Pyramid pooling: the map itself, and its means over 1, 2, 3 and 6 regions a side, each to a quarter of its
    channels."""
    quarter = source.channels // 4
    grids = [Grid(source.channels, quarter, bins) for bins in (1, 2, 3, 6)]
    return Pyramid([nn.Identity(), *grids], source.channels + len(grids) * quarter, branch)


class Grid(GridPool):
    def __init__(self, c_in: int, c_out: int, bins: int) -> None:
        super().__init__(c_in, c_out, stride=1)
        self.bins = bins
