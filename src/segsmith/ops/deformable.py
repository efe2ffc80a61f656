"""Modulated deformable 3x3 convolution (v2)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.ops.blocks import BatchNorm, StartsItself


class DeformableConv2d(StartsItself):
    """A 3x3 convolution whose nine taps are moved and weighted at every position by what is there.

    ``offset`` gives 27 channels: (dy, dx) of tap after tap, row by row, then the nine masks before their sigmoid. It
    starts at zero: taps in place, masks a half, which the batch norm behind it takes back. ``weight`` is laid
    out as that of a plain convolution. Both are what the ONNX operator DeformConv takes.
    """

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.offset = nn.Conv2d(c_in, 27, 3, stride, padding=1)
        self.weight = nn.Parameter(torch.empty(c_out, c_in, 3, 3))
        self.start()

    def start(self) -> None:
        for parameter in self.offset.parameters():
            nn.init.zeros_(parameter)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        moved = self.offset(x)
        height, width = moved.shape[-2:]
        grid = sampling_grid(moved[:, :18], size=(x.shape[-2], x.shape[-1]), stride=self.stride)
        samples = F.grid_sample(x, grid, padding_mode="zeros", align_corners=False)
        masks = moved[:, 18:].sigmoid().reshape(x.shape[0], 1, 9 * height, width)
        columns = (samples * masks).reshape(x.shape[0], -1, height, width)
        return F.conv2d(columns, self.weight.reshape(self.weight.shape[0], -1, 1, 1))


def sampling_grid(offsets: Tensor, size: tuple[int, int], stride: int) -> Tensor:
    """Where the taps look (N x 9h x w x 2: x and y between -1 and 1), from offsets in pixels (N x 18 x h x w)."""
    batch, _, height, width = offsets.shape
    taps = torch.arange(9, device=offsets.device)
    rows = torch.arange(height, device=offsets.device)[:, None] * stride + (taps // 3 - 1)[:, None, None]
    columns = torch.arange(width, device=offsets.device) * stride + (taps % 3 - 1)[:, None, None]
    moves = offsets.reshape(batch, 9, 2, height, width)
    y = (2 * (rows + moves[:, :, 0]) + 1) / size[0] - 1
    x = (2 * (columns + moves[:, :, 1]) + 1) / size[1] - 1
    return torch.stack((x, y), dim=-1).reshape(batch, 9 * height, width, 2)


def deformable(c_in: int, c_out: int, stride: int) -> nn.Module:
    return nn.Sequential(DeformableConv2d(c_in, c_out, stride), BatchNorm(c_out), nn.ReLU(inplace=True))
