"""From frames as a camera gives them to what a network sees: inside the exported graph, and beside it in torch."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.networks.meta import Meta
from segsmith.networks.sizes import halve
from segsmith.ops.blocks import Size


class Prepare(nn.Module):
    """uint8 N x H x W x C to normalised floats N x C x h x w, at the network's working size where it has one."""

    scale: Tensor
    shift: Tensor

    def __init__(self, meta: Meta, halves: bool = False) -> None:
        super().__init__()
        self.size = meta.size if any(meta.size) else None
        self.halves = halves
        mean, std = torch.tensor(meta.mean), torch.tensor(meta.std)
        self.register_buffer("scale", (1 / (255 * std))[:, None, None], persistent=False)
        self.register_buffer("shift", (-mean / std)[:, None, None], persistent=False)

    def forward(self, frame: Tensor) -> Tensor:
        # moving bytes is cheaper than moving floats
        pixels = frame.permute(0, 3, 1, 2).to(torch.float32)
        if self.size is not None:
            pixels = shrink(pixels, self.size)
        return (halve(pixels) if self.halves else pixels) * self.scale + self.shift

    def seen(self, height: int, width: int) -> Size:
        """The size at which the network sees a frame of this size."""
        return (height, width) if self.size is None else self.size


def shrink(pixels: Tensor, size: Size) -> Tensor:
    """Means over areas, rounded as OpenCV's INTER_AREA rounds: what the network saw in training."""
    factors = [here / there for here, there in zip(pixels.shape[-2:], size, strict=True)]
    if factors == [1, 1]:
        return pixels
    if factors == [2, 2]:
        # half-way between pixels a bilinear value is their mean; runtimes have that faster than a mean over areas
        return (halve(pixels) + 0.5).floor()
    if all(factor.is_integer() for factor in factors):
        return F.avg_pool2d(pixels, [int(factor) for factor in factors]).round()
    return _rows(_rows(pixels, size[0]).transpose(-2, -1), size[1]).transpose(-2, -1).round()


def _rows(pixels: Tensor, places: int) -> Tensor:
    rows = pixels.shape[-2]
    if rows % places == 0:
        return F.avg_pool2d(pixels, (rows // places, 1))
    # Each place has a part of a few rows in a row: adding those up is a fraction of a product with all of the table.
    table = shares(rows, places)
    first = (table > 0).argmax(axis=1)
    total = torch.zeros(1, device=pixels.device)
    for step in range(int((table > 0).sum(axis=1).max())):
        row = np.minimum(first + step, rows - 1)
        share = np.where(first + step < rows, table[np.arange(places), row], np.float32(0))
        chosen = pixels.index_select(-2, torch.from_numpy(row).to(pixels.device))
        total = total + chosen * torch.from_numpy(share)[:, None].to(pixels.device)
    return total


def shares(pixels: int, places: int) -> npt.NDArray[np.float32]:
    """The part that each pixel has in each place when an axis is cut into so many equal places."""
    edges = np.arange(places + 1) * pixels / places
    pixel = np.arange(pixels)
    shared = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return np.asarray(np.maximum(shared, 0) * places / pixels, np.float32)
