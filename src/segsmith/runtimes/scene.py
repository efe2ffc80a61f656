"""What a step sees of its frame, small enough to tell one scene from another."""

import torch
from torch import Tensor

from segsmith.ops.blocks import size_of

PLACES = (6, 8)
"""Rows and columns. Channels are kept: means over the whole frame hide what moves within it."""


def scene(features: Tensor) -> Tensor:
    """Means over areas, N x C x h x w to N x C x 6 x 8, as two small products: every runtime has those at any size, and
    they cost nothing beside a convolution."""
    rows, columns = (areas(here, there, features) for here, there in zip(size_of(features), PLACES, strict=True))
    return (rows @ features @ columns.T).to(torch.float32)


def areas(pixels: int, places: int, like: Tensor) -> Tensor:
    """places x pixels: the part that each pixel has in each place. ``pixels`` may be a number yet unknown."""
    edges = torch.arange(places + 1, dtype=torch.float32, device=like.device) * pixels / places
    pixel = torch.arange(pixels, dtype=torch.float32, device=like.device)
    shared = torch.minimum(edges[1:, None], pixel + 1) - torch.maximum(edges[:-1, None], pixel)
    return (shared.clamp(min=0) * places / pixels).to(like.dtype)
