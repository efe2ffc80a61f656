"""Sizes of frames, features and logits."""

import torch.nn.functional as F
from torch import Tensor

from segsmith.errors import UserError
from segsmith.networks.interface import Tap
from segsmith.ops.blocks import Size, resize


def upsample(logits: Tensor, size: Size) -> Tensor:
    """Logits at the size of the frame, bilinearly."""
    return resize(logits, size)


def halve(frame: Tensor) -> Tensor:
    """The frame at half its size, rounded up. At even sizes every pixel is the mean of four."""
    height, width = frame.shape[-2:]
    return F.interpolate(frame, ((height + 1) // 2, (width + 1) // 2), mode="bilinear", align_corners=False)


def tap_size(frame: Size, tap: Tap) -> Size:
    """The size of a tap's features: every stride rounds up."""
    return -(-frame[0] // tap.stride), -(-frame[1] // tap.stride)


def check_frame(frame: Tensor, channels: int, dims: int = 4) -> None:
    if frame.ndim != dims or frame.shape[-3] != channels:
        shape = "x".join(map(str, frame.shape))
        wanted = "N x T x C x H x W" if dims == 5 else "N x C x H x W"
        raise UserError(
            f"a network for frames of {channels} channels was given a tensor of {shape}",
            fix=f"give {wanted} with C = {channels}, or build the network with in_channels",
        )
