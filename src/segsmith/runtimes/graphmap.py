"""The class map of ``classmap`` as a graph: only blocks on borders are enlarged, also in an exported network.

Block b lies between the positions b - 1 and b, in each direction; the first and the last block repeat theirs. All
index arithmetic is in whole numbers, so that every pixel belongs to exactly one block.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def class_map(logits: Tensor, height: int, width: int) -> Tensor:
    """Logits N x K x h x w as classes N x height x width (uint8)."""
    rows, columns = (
        Blocks(logits.shape[-2], height, logits.device),
        Blocks(logits.shape[-1], width, logits.device),
    )
    best = F.pad(logits.argmax(1, keepdim=True).to(torch.float32), (1, 1, 1, 1), mode="replicate")
    highest, lowest = F.max_pool2d(best, 2, 1)[:, 0], -F.max_pool2d(-best, 2, 1)[:, 0]
    across = highest.to(torch.uint8).index_select(2, columns.block_of_pixel)
    classes = across.index_select(1, rows.block_of_pixel).flatten()

    occupied = rows.occupied[:, None] & columns.occupied
    picture, row, column = ((highest != lowest) & occupied).nonzero().unbind(1)
    y, x = rows.pixels(row), columns.pixels(column)
    place = (picture[:, None] * height + y)[:, :, None] * width + x[:, None]
    weights = rows.weights(row, y)[:, :, None, :, None] * columns.weights(column, x)[:, None, :, None]
    winner = (_corners(logits, picture, row, column) @ weights.flatten(3).flatten(1, 2)).argmax(1)
    return classes.scatter(0, place.flatten(), winner.to(torch.uint8).flatten()).view(-1, height, width)


class Blocks:
    """How the blocks of one axis cover its pixels."""

    def __init__(self, positions: int, pixels: int, device: torch.device) -> None:
        self.scale = positions / pixels
        self.most = (pixels + positions - 1) // positions
        block = torch.arange(positions + 2, device=device)
        self.starts = _whole((2 * block - 1) * pixels + positions - 1, 2 * positions).clamp(0, pixels)
        self.occupied = self.starts[1:] > self.starts[:-1]
        pixel = torch.arange(pixels, device=device)
        self.block_of_pixel = _whole((2 * pixel + 1) * positions + pixels, 2 * pixels)

    def pixels(self, block: Tensor) -> Tensor:
        """The pixels of some blocks, as many for each: a smaller block names its last one again."""
        offsets = torch.arange(self.most, device=block.device)
        return torch.minimum(self.starts[block][:, None] + offsets, self.starts[block + 1][:, None] - 1)

    def weights(self, block: Tensor, pixels: Tensor) -> Tensor:
        """The weights of a block's two positions at its pixels: M x 2 x pixels."""
        place = (pixels.to(torch.float32) + 0.5) * self.scale - 0.5
        far = (place - (block[:, None] - 1).to(torch.float32)).clamp(0, 1)
        return torch.stack([1 - far, far], dim=1)


def _whole(above: Tensor, below: int) -> Tensor:
    """The quotient of whole numbers, rounded down. Exporters divide floats, and OpenVINO multiplies by the reciprocal,
    which may fall short of 4 for 776 / 194: half a unit more above changes nothing else and keeps away from there."""
    return (2 * above + 1).div(2 * below, rounding_mode="floor")


def _corners(logits: Tensor, picture: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The logits around each block: M x K x (upper, lower) (left, right)."""
    maps = F.pad(logits, (1, 1, 1, 1), mode="replicate").permute(0, 2, 3, 1)
    return torch.stack([maps[picture, row + down, column + right] for down in (0, 1) for right in (0, 1)], dim=-1)
