"""What every operation is made of: convolution with batch norm, resizing, and the random start."""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Align: TypeAlias = Literal["larger", "smaller"]
Size: TypeAlias = tuple[int, int]


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that also trains where a channel has a single value.

    A globally pooled map of a batch of one has no variance: torch refuses it. There the running statistics
    normalise, as in evaluation, and are left as they are.
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)
        return super().forward(x)


class StartsItself(nn.Module):
    """A module whose parameters have a start of their own, which ``initialise`` must not overwrite."""

    @abstractmethod
    def start(self) -> None: ...


def conv(c_in: int, c_out: int, kernel: int = 1, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution without bias whose output is ceil(size / stride)."""
    padding = dilation * (kernel - 1) // 2
    return nn.Conv2d(c_in, c_out, kernel, stride, padding, dilation, groups, bias=False)


def conv_bn_relu(
    c_in: int, c_out: int, kernel: int = 1, stride: int = 1, dilation: int = 1, groups: int = 1, relu: bool = True
) -> nn.Sequential:
    layers: list[nn.Module] = [conv(c_in, c_out, kernel, stride, dilation, groups), BatchNorm(c_out)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


def resize(x: Tensor, like: Tensor | Size) -> Tensor:
    """Bilinear, to a size or to that of another tensor; nothing happens where the sizes are surely the same."""
    height, width = size_of(like) if isinstance(like, Tensor) else like
    if _surely(x.shape[-2] == height) and _surely(x.shape[-1] == width):
        return x
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)


def size_of(x: Tensor) -> Size:
    return x.shape[-2], x.shape[-1]


def strided(x: Tensor, stride: int) -> Size:
    """The size of ``x`` after a stride, rounded up, spelled as a convolution spells it: an export sees one size."""
    return (x.shape[-2] - 1) // stride + 1, (x.shape[-1] - 1) // stride + 1


def common_size(tensors: Sequence[Tensor], align: Align) -> Size:
    """The largest (or smallest) height and width among the tensors."""
    height, width = size_of(tensors[0])
    for other in tensors[1:]:
        height, width = _pick(height, other.shape[-2], align), _pick(width, other.shape[-1], align)
    return height, width


def precise(x: Tensor) -> torch.dtype:
    """The type for coordinates: half a pixel of a wide map is below what the 16-bit types can tell apart."""
    return torch.promote_types(x.dtype, torch.float32)


def initialise(module: nn.Module) -> nn.Module:
    """A good random start: convolutions keep the variance through ReLU, batch norms pass values through."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            # torch's own fan_out forgets the groups and would start depthwise kernels near zero
            fan_out = part.out_channels * math.prod(part.kernel_size) / part.groups
            nn.init.normal_(part.weight, std=math.sqrt(2 / fan_out))
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)
    for part in module.modules():
        if isinstance(part, StartsItself):
            part.start()
    return module


def _pick(a: int, b: int, align: Align) -> int:
    if _surely(a >= b):
        return a if align == "larger" else b
    if _surely(a <= b):
        return b if align == "larger" else a
    pick: Callable[[int, int], int] = torch.sym_max if align == "larger" else torch.sym_min
    return pick(a, b)


def _surely(condition: bool | torch.SymBool) -> bool:
    """Whether it holds for every size that is meant: an export must not specialise on the example's size."""
    if isinstance(condition, bool):
        return condition
    from torch.fx.experimental.symbolic_shapes import statically_known_true

    return statically_known_true(condition)
