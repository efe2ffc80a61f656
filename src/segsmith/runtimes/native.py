"""Deformable convolution as one node, where the runtime has one (ONNX DeformConv, opset 19)."""

import torch
from torch import Tensor, nn

from segsmith.ops.blocks import size_of
from segsmith.ops.deformable import DeformableConv2d

OPSET = 19


class NativeDeformable(nn.Module):
    """Stands in for a ``DeformableConv2d`` while it is exported; torch itself cannot run it."""

    def __init__(self, original: DeformableConv2d) -> None:
        super().__init__()
        self.offset, self.weight, self.bias, self.stride = (
            original.offset,
            original.weight,
            original.bias,
            original.stride,
        )

    def forward(self, x: Tensor) -> Tensor:
        moved = self.offset(x)
        offsets, masks = moved[:, :18], moved[:, 18:].sigmoid()
        out: Tensor = torch.onnx.ops.symbolic(
            "DeformConv",
            (x, self.weight, offsets, self.bias, masks),
            {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [self.stride, self.stride]},
            dtype=x.dtype,
            shape=(x.shape[0], self.weight.shape[0], *size_of(moved)),
            version=OPSET,
        )
        return out


def use_native(network: nn.Module) -> nn.Module:
    """Put the stand-ins into a network, in place."""
    for parent in list(network.modules()):
        for name, part in list(parent.named_children()):
            if isinstance(part, DeformableConv2d):
                setattr(parent, name, NativeDeformable(part))
    return network


def deforms(network: nn.Module) -> bool:
    return any(isinstance(part, DeformableConv2d) for part in network.modules())
