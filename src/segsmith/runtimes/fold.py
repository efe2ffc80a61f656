"""Batch norm into the convolutions beside it."""

import copy
from collections import Counter
from typing import TypeAlias, TypeVar, cast

import torch
from torch import Tensor, nn

from segsmith.ops.deformable import DeformableConv2d

Module = TypeVar("Module", bound=nn.Module)
Convolution: TypeAlias = nn.Conv2d | nn.ConvTranspose2d | DeformableConv2d


def fold(network: Module) -> Module:
    """A copy in evaluation mode in which every convolution has taken in the batch norm beside it, where that is exact.

    Neighbours in an ``nn.Sequential`` count. A norm in front of a convolution is folded where no padding would show
    it zeros; the norm of ``concatenate, BN, ReLU, conv`` stays. Names stay: a folded norm becomes an ``Identity``.
    """
    copied = copy.deepcopy(network).eval()
    uses = Counter(id(part) for _, part in copied.named_modules(remove_duplicate=False))
    for parent in copied.modules():
        if not isinstance(parent, nn.Sequential):
            continue
        for place, (first, second) in enumerate(zip(list(parent), list(parent)[1:], strict=False)):
            if max(uses[id(first)], uses[id(second)]) > 1:
                continue
            if _convolves(first) and _normalises(second):
                _take_in_behind(cast(Convolution, first), cast(nn.BatchNorm2d, second))
                parent[place + 1] = nn.Identity()
            elif _normalises(first) and _sees_no_border(second):
                _take_in_before(cast(nn.BatchNorm2d, first), cast(nn.Conv2d, second))
                parent[place] = nn.Identity()
    return copied


def _convolves(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d | nn.ConvTranspose2d | DeformableConv2d)


def _normalises(module: nn.Module) -> bool:
    return isinstance(module, nn.BatchNorm2d) and module.running_mean is not None


def _sees_no_border(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.padding in ((0, 0), "valid")


def _scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    mean, var = cast(Tensor, norm.running_mean).double(), cast(Tensor, norm.running_var).double()
    scale = (var + norm.eps).rsqrt()
    if not norm.affine:
        return scale, -mean * scale
    scale = scale * norm.weight.double()
    return scale, norm.bias.double() - mean * scale


@torch.no_grad()
def _take_in_behind(conv: Convolution, norm: nn.BatchNorm2d) -> None:
    """``norm(conv(x))`` as one convolution."""
    scale, shift = _scale_and_shift(norm)
    weight = conv.weight.double()
    if isinstance(conv, nn.ConvTranspose2d):
        grouped = weight.reshape(conv.groups, -1, *weight.shape[1:])
        weight = (grouped * scale.reshape(conv.groups, 1, -1, 1, 1)).reshape(weight.shape)
    else:
        weight = weight * scale[:, None, None, None]
    _set(conv, weight, shift if conv.bias is None else shift + conv.bias.double() * scale)


@torch.no_grad()
def _take_in_before(norm: nn.BatchNorm2d, conv: nn.Conv2d) -> None:
    """``conv(norm(x))`` as one convolution."""
    scale, shift = (values.reshape(conv.groups, 1, -1, 1, 1) for values in _scale_and_shift(norm))
    weight = conv.weight.double()
    grouped = weight.reshape(conv.groups, -1, *weight.shape[1:])
    added = (grouped * shift).sum((2, 3, 4)).flatten()
    _set(conv, (grouped * scale).reshape(weight.shape), added if conv.bias is None else added + conv.bias.double())


def _set(conv: Convolution, weight: Tensor, bias: Tensor) -> None:
    kind, wanted = conv.weight.dtype, conv.weight.requires_grad
    conv.weight = nn.Parameter(weight.to(kind), wanted)
    conv.bias = nn.Parameter(bias.to(kind), wanted)
