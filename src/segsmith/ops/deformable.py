"""Modulated deformable 3x3 convolution (v2)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.ops.blocks import BatchNorm, Size, StartsItself, precise, size_of


class DeformableConv2d(StartsItself):
    """A 3x3 convolution whose nine taps are moved and weighted at every position by what is there.

    ``offset`` gives 27 channels: (dy, dx) of tap after tap, row by row, then the nine masks before their sigmoid. It
    starts at zero: taps in place, masks a half, which the batch norm behind it takes back. ``weight`` is laid
    out as that of a plain convolution. Both are what the ONNX operator DeformConv takes. ``bias`` is empty until a
    batch norm is folded into the convolution.
    """

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.offset = nn.Conv2d(c_in, 27, 3, stride, padding=1)
        self.weight = nn.Parameter(torch.empty(c_out, c_in, 3, 3))
        self.bias: nn.Parameter | None
        self.register_parameter("bias", None)
        self.start()

    def start(self) -> None:
        for parameter in self.offset.parameters():
            nn.init.zeros_(parameter)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        moved = self.offset(x)
        height = moved.shape[-2]
        source = x.to(precise(x))
        grids = sampling_grids(moved[:, :18].to(source.dtype), size_of(x), self.stride)
        masks = moved[:, 18:].sigmoid()[:, None]
        # Row by row of the kernel. All nine taps at once leave the cache; one at a time takes the exporter far longer.
        total: Tensor | None = None
        for row in range(3):
            taps = slice(3 * row, 3 * row + 3)
            samples = F.grid_sample(source, grids[:, taps].flatten(1, 2), padding_mode="zeros", align_corners=False)
            samples = samples.to(x.dtype).view(*samples.shape[:2], 3, height, -1)
            kernel = self.weight[:, :, row].reshape(self.weight.shape[0], -1, 1, 1)
            part = F.conv2d((samples * masks[:, :, taps]).flatten(1, 2), kernel, self.bias if row == 0 else None)
            total = part if total is None else total + part
        assert total is not None
        return total


def sampling_grids(offsets: Tensor, size: Size, stride: int) -> Tensor:
    """Where the taps look (N x 9 x h x w x 2: x and y between -1 and 1), from offsets in pixels (N x 18 x h x w)."""
    height, width = size_of(offsets)
    taps = torch.arange(9, device=offsets.device)
    rows = torch.arange(height, device=offsets.device)[:, None] * stride + (taps // 3 - 1)[:, None, None]
    columns = torch.arange(width, device=offsets.device) * stride + (taps % 3 - 1)[:, None, None]
    y = (2 * (rows + offsets[:, 0::2]) + 1) / size[0] - 1
    x = (2 * (columns + offsets[:, 1::2]) + 1) / size[1] - 1
    return torch.stack((x, y), dim=-1)


def deformable(c_in: int, c_out: int, stride: int) -> nn.Module:
    return nn.Sequential(DeformableConv2d(c_in, c_out, stride), BatchNorm(c_out), nn.ReLU(inplace=True))
