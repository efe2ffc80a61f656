"""Pooling, and the operations that only move values."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.ops.blocks import BatchNorm, conv, conv_bn_relu, resize, strided


class GlobalPool(nn.Module):
    """The mean of the whole map, by 1x1 conv-BN-ReLU, at every position: a view, which nothing may write into."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.reduce = conv_bn_relu(c_in, c_out)

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = self.reduce(x.mean((-2, -1), keepdim=True))
        return pooled.expand(-1, -1, *strided(x, self.stride))


class GridPool(nn.Module):
    """The means of 5x5 regions, by 1x1 conv-BN-ReLU, interpolated back.

    The regions are those of adaptive average pooling, as two products with matrices made from the size, because
    adaptive pooling itself exports for fixed sizes alone.
    """

    bins = 5

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.reduce = conv_bn_relu(c_in, c_out)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = bin_weights(x.shape[-2], self.bins, x), bin_weights(x.shape[-1], self.bins, x)
        pooled = rows @ (x @ columns.T)
        return resize(self.reduce(pooled), strided(x, self.stride))


def bin_weights(size: int, bins: int, like: Tensor) -> Tensor:
    """The matrix (bins x size) that takes the mean of every bin; bins overlap where the size is no multiple."""
    number = torch.arange(bins, device=like.device)[:, None]
    place = torch.arange(size, device=like.device)[None]
    first, behind = number * size // bins, ((number + 1) * size + bins - 1) // bins
    inside = (place >= first) & (place < behind)
    return inside.to(like.dtype) / (behind - first).to(like.dtype)


def max_pool(c_in: int, c_out: int, stride: int) -> nn.Module:
    """Template networks: a 1x1 conv-BN before the pooling, which may change the channels."""
    return nn.Sequential(conv(c_in, c_out), BatchNorm(c_out), nn.MaxPool2d(3, stride, padding=1))


def bare_max_pool(c_in: int, c_out: int, stride: int) -> nn.Module:
    _same_channels("pool3", c_in, c_out)
    return nn.MaxPool2d(3, stride, padding=1)


class Skip(nn.Module):
    """The input itself: subsampled by a stride, its channels repeated where there must be more."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        if c_out < c_in:
            raise ValueError(f"skip cannot narrow {c_in} channels to {c_out}")
        self.c_in, self.c_out, self.stride = c_in, c_out, stride

    def forward(self, x: Tensor) -> Tensor:
        if self.stride > 1:
            # x[..., ::stride, ::stride], but spelled so that an exporter sees the size of a strided convolution
            x = F.max_pool2d(x, 1, self.stride)
        if self.c_out == self.c_in:
            return x
        copies = -(-self.c_out // self.c_in)
        return torch.cat([x] * copies, dim=1)[:, : self.c_out]


class Nothing(nn.Module):
    """Zeros; no gradient passes."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.c_out, self.stride = c_out, stride

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(x.shape[0], self.c_out, *strided(x, self.stride))


class Interpolate(nn.Module):
    """Bilinear, to twice the size."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        _same_channels("up2", c_in, c_out)
        if stride != 1:
            raise ValueError(f"an upsampling operation has no stride, not {stride}")

    def forward(self, x: Tensor) -> Tensor:
        # a float: the exporter mistakes the int 2 for a size
        return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _same_channels(op: str, c_in: int, c_out: int) -> None:
    if c_in != c_out:
        raise ValueError(f"{op} keeps its channels, so {c_in} cannot become {c_out}")
