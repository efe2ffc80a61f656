"""What makes one map of several. Inputs may differ in size and in channels.

An input with other channels than the output is mapped at its own size, by 1x1 conv-BN-ReLU, and resized behind it.
"""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segsmith.ops.blocks import Align, BatchNorm, StartsItself, common_size, conv, conv_bn_relu, resize


def adapters(channels: Sequence[int], c_out: int, always: bool = False) -> nn.ModuleList:
    return nn.ModuleList(conv_bn_relu(c, c_out) if always or c != c_out else nn.Identity() for c in channels)


class Aligned(nn.Module):
    """Adapts and resizes its inputs, then combines them."""

    def __init__(self, channels: Sequence[int], c_out: int, align: Align, always: bool = False) -> None:
        super().__init__()
        self.align = align
        self.adapt = adapters(channels, c_out, always)

    def forward(self, *tensors: Tensor) -> Tensor:
        size = common_size(tensors, self.align)
        pairs = zip(self.adapt, tensors, strict=True)
        return self.combine([resize(adapter(x), size) for adapter, x in pairs])

    @abstractmethod
    def combine(self, maps: list[Tensor]) -> Tensor: ...


class Sum(Aligned):
    def combine(self, maps: list[Tensor]) -> Tensor:
        total = maps[0]
        for other in maps[1:]:
            total = total + other
        return total


class WeightedSum(Aligned, StartsItself):
    """Each input times a weight of its own in every channel."""

    def __init__(self, channels: Sequence[int], c_out: int, align: Align) -> None:
        super().__init__(channels, c_out, align)
        self.weights = nn.Parameter(torch.ones(len(channels), c_out, 1, 1))

    def start(self) -> None:
        nn.init.ones_(self.weights)

    def combine(self, maps: list[Tensor]) -> Tensor:
        total = self.weights[0] * maps[0]
        for weight, other in zip(self.weights[1:], maps[1:], strict=True):
            total = total + weight * other
        return total


class Concatenation(Aligned):
    """Concatenate, BN, ReLU, 1x1 conv."""

    def __init__(self, channels: Sequence[int], c_out: int, align: Align) -> None:
        super().__init__(channels, c_out, align)
        wide = len(channels) * c_out
        self.reduce = nn.Sequential(BatchNorm(wide), nn.ReLU(inplace=True), conv(wide, c_out))

    def combine(self, maps: list[Tensor]) -> Tensor:
        reduced: Tensor = self.reduce(torch.cat(maps, dim=1))
        return reduced


class Convolution3d(Aligned):
    """The inputs stacked along a new axis and a 2x3x3 convolution that takes that axis away, BN, ReLU.

    That is a 3x3 convolution of the concatenated inputs, weight for weight, and is computed as one: 2D kernels are
    faster everywhere.
    """

    def __init__(self, channels: Sequence[int], c_out: int, align: Align) -> None:
        super().__init__(channels, c_out, align)
        self.convolve = conv_bn_relu(len(channels) * c_out, c_out, kernel=3)

    def combine(self, maps: list[Tensor]) -> Tensor:
        convolved: Tensor = self.convolve(torch.cat(maps, dim=1))
        return convolved


class Attention(Aligned):
    """The first input times the sigmoid of the second."""

    def combine(self, maps: list[Tensor]) -> Tensor:
        return maps[0] * maps[1].sigmoid()


def merge(channels: Sequence[int], c_out: int, align: Align) -> nn.Module:
    """Each input through a 1x1 conv-BN-ReLU of its own, also where the channels agree; their sum."""
    return Sum(channels, c_out, align, always=True)


class Fuse(nn.Module):
    """Resize, concatenate, 1x1 conv-BN-ReLU."""

    def __init__(self, channels: Sequence[int], c_out: int, align: Align) -> None:
        super().__init__()
        self.align = align
        self.reduce = conv_bn_relu(sum(channels), c_out)

    def forward(self, *tensors: Tensor) -> Tensor:
        size = common_size(tensors, self.align)
        fused: Tensor = self.reduce(torch.cat([resize(x, size) for x in tensors], dim=1))
        return fused


def fuse(channels: Sequence[int], c_out: int, align: Align) -> nn.Module:
    """Nothing is left to fuse where a single input has the output's channels: it is handed on."""
    return nn.Identity() if list(channels) == [c_out] else Fuse(channels, c_out, align)
