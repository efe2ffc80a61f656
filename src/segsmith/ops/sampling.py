"""Aggregations that filter or move one input by what the other says."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.ops.aggregation import adapters
from segsmith.ops.blocks import Align, StartsItself, common_size, precise, resize


class PredictedFilters(nn.Module):
    """The first input gives a 3x3 filter at every position, softmax over the nine, for all channels of the second."""

    def __init__(self, channels: Sequence[int], c_out: int, align: Align) -> None:
        super().__init__()
        self.align = align
        self.filters = nn.Conv2d(channels[0], 9, 1)
        self.adapt = adapters(channels[1:], c_out)[0]

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        size = common_size((first, second), self.align)
        # resizing behind the 1x1 convolution gives the same numbers and has nine channels to resize
        weights = resize(self.filters(first), size).softmax(dim=1)
        return filter3x3(resize(self.adapt(second), size), weights)


def filter3x3(x: Tensor, weights: Tensor) -> Tensor:
    """Each position of ``x`` (zeros around it) by its own nine weights, row by row."""
    height, width = x.shape[-2:]
    padded = F.pad(x, (1, 1, 1, 1))
    total: Tensor | None = None
    for number in range(9):
        row, column = divmod(number, 3)
        shifted = padded[..., row : row + height, column : column + width]
        part = shifted * weights[:, number : number + 1]
        total = part if total is None else total + part
    assert total is not None
    return total


class AffineSampling(StartsItself):
    """The first input, moved as the second one says: its mean gives, by a linear layer, six numbers of an affine map.

    Resizing and moving are one bilinear sampling; at the start, the identity, it is just the resizing. Outside the
    map its border goes on.
    """

    def __init__(self, channels: Sequence[int], c_out: int, align: Align) -> None:
        super().__init__()
        self.align = align
        self.adapt = adapters(channels[:1], c_out)[0]
        self.affine = nn.Linear(channels[1], 6)
        self.start()

    def start(self) -> None:
        nn.init.zeros_(self.affine.weight)
        with torch.no_grad():
            self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        height, width = common_size((first, second), self.align)
        source = self.adapt(first)
        matrix = self.affine(second.mean((-2, -1))).to(precise(source)).view(-1, 2, 1, 1, 3)
        x, y = centres(width, matrix), centres(height, matrix)[:, None]
        grid = (matrix[..., 0] * x + matrix[..., 1] * y + matrix[..., 2]).permute(0, 2, 3, 1)
        moved = F.grid_sample(source.to(grid.dtype), grid, padding_mode="border", align_corners=False)
        return moved.to(source.dtype)


def centres(size: int, like: Tensor) -> Tensor:
    """The places of the pixels' centres on the axis from -1 to 1."""
    return (2 * torch.arange(size, dtype=like.dtype, device=like.device) + 1) / size - 1
