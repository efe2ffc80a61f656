"""A builder for every operation and aggregation of the vocabulary.

A new one is a name in ``genotype/vocabulary.py`` and a line in one of the two tables; the contract tests pick it up.
"""

from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

from segsmith.ops import aggregation, convolution, deformable, pooling, sampling
from segsmith.ops.blocks import Align

_twice = partial(convolution.separable, repeats=2)

# (channels in, channels out, stride) -> module(x)
OPERATIONS: dict[str, Callable[[int, int, int], nn.Module]] = {
    "conv1": partial(convolution.plain, kernel=1),
    "conv3": partial(convolution.plain, kernel=3),
    "conv3d3": partial(convolution.plain, kernel=3, dilation=3),
    "conv3d12": partial(convolution.plain, kernel=3, dilation=12),
    "sep3": partial(_twice, kernel=3),
    "sep5": partial(_twice, kernel=5),
    "sep3d3": partial(_twice, kernel=3, dilation=3),
    "sep5d6": partial(_twice, kernel=5, dilation=6),
    "dw3": partial(convolution.separable, kernel=3),
    "dw3d2": partial(convolution.separable, kernel=3, dilation=2),
    "dw3d4": partial(convolution.separable, kernel=3, dilation=4),
    "dw3d8": partial(convolution.separable, kernel=3, dilation=8),
    "dw3d12": partial(convolution.separable, kernel=3, dilation=12),
    "deform3": deformable.deformable,
    "gap": pooling.GlobalPool,
    "gap5": pooling.GridPool,
    "maxpool3": pooling.max_pool,
    "pool3": pooling.bare_max_pool,
    "up2": pooling.Interpolate,
    "deconv2": convolution.deconvolution,
    "skip": pooling.Skip,
    "none": pooling.Nothing,
}

# (channels of the inputs, channels out, size to align to) -> module(*inputs)
AGGREGATIONS: dict[str, Callable[[Sequence[int], int, Align], nn.Module]] = {
    "sum": aggregation.Sum,
    "wsum": aggregation.WeightedSum,
    "concat": aggregation.Concatenation,
    "predict": sampling.PredictedFilters,
    "affine": sampling.AffineSampling,
    "conv3d": aggregation.Convolution3d,
    "attention": aggregation.Attention,
    "merge": aggregation.merge,
    "fuse": aggregation.fuse,
}


def build(op: str, c_in: int, c_out: int, stride: int = 1) -> nn.Module:
    """The module of an operation. Its output has ceil(size / stride), but for sep*: see ``convolution.separable``."""
    return OPERATIONS[op](c_in, c_out, stride)


def aggregate(op: str, channels: Sequence[int], c_out: int, align: Align = "larger") -> nn.Module:
    """The module of an aggregation of inputs with these channels, at the larger or the smaller of their sizes."""
    return AGGREGATIONS[op](channels, c_out, align)
