"""The frame that every model is given, and the answer in place of one that no training has made sensible."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from segsmith.data.streets.options import Options
from segsmith.data.streets.scene import build
from segsmith.ops.blocks import Size
from segsmith.runtimes.runner import Frames

PLACES = (6, 8)
"""A street's picture has about so many things above and beside each other."""
FAINT = 1e-6
"""What is left of the logits of a network without training where the street's take their place."""


def frame_of(size: Size, channels: int) -> Frames:
    """A simulated street, as a batch of one."""
    drawn, _ = build(Options(frames=1), "test", 0).frame(0)
    picture = cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_LINEAR)
    planes = np.resize(picture.transpose(2, 0, 1), (channels, *size))
    return np.ascontiguousarray(planes.transpose(1, 2, 0), np.uint8)[None]


def street_logits(classes: int, size: Size) -> Tensor:
    """Logits with about as many borders between classes as a street has: what a class map takes depends on them."""
    coarse = torch.randn(1, classes, *PLACES, generator=torch.Generator().manual_seed(0))
    return F.interpolate(coarse, size, mode="bilinear", align_corners=False)
