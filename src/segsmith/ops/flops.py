"""What torch's FLOP counter does not see: bilinear sampling and predicted filters (2 FLOPs a multiply-add).

The counter sees convolutions and matrix products; it passes over resizing, pooling and other work by the element, and
so do the published figures. A cost report hooks the modules of a network and adds ``extra_flops`` of each.
"""

from collections.abc import Callable, Sequence

from torch import Size, Tensor, nn

from segsmith.ops.deformable import DeformableConv2d
from segsmith.ops.sampling import AffineSampling, PredictedFilters

BILINEAR = 8  # four multiply-adds


def _deformable(inputs: Sequence[Size], output: Size) -> int:
    batch, _, height, width = output
    samples = batch * inputs[0][1] * 9 * height * width
    return samples * (BILINEAR + 1)  # and its mask


def _affine(inputs: Sequence[Size], output: Size) -> int:
    return output.numel() * BILINEAR


def _predicted(inputs: Sequence[Size], output: Size) -> int:
    return output.numel() * 2 * 9


# module -> (shapes of its inputs, shape of its output) -> FLOPs
UNCOUNTED: dict[type[nn.Module], Callable[[Sequence[Size], Size], int]] = {
    DeformableConv2d: _deformable,
    AffineSampling: _affine,
    PredictedFilters: _predicted,
}


def extra_flops(module: nn.Module, inputs: Sequence[Tensor], output: Tensor) -> int:
    """The uncounted FLOPs of this very module (not of its parts) in one call; has the arguments of a forward hook."""
    count = UNCOUNTED.get(type(module))
    return 0 if count is None else count([x.shape for x in inputs], output.shape)
