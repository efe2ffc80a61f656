"""Frames of clips as a network wants them, and masks where its logits are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from segsmith.data.augment import Triple
from segsmith.data.base import VOID, Clip, Frame, Image, Reader
from segsmith.errors import UserError

TOGETHER = 8
"""Frames that go through a network at once."""


@dataclass(frozen=True)
class FrameSource:
    """The decoded frames of a split: ``key`` says what they are, ``whole`` how large the first one is. ``pad``: what
    the shorter side is padded to, with the mean and with void."""

    reader: Reader
    key: str
    whole: tuple[int, int]
    classes: int
    mean: Triple
    std: Triple
    pad: int = 0

    @property
    def name(self) -> str:
        """What the frames are, and what is done to them."""
        return repr((self.key, self.mean, self.std, self.pad))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, padding included."""
        height, width = self.whole
        return max(height, self.pad if height <= width else 0), max(width, self.pad if width < height else 0)

    def batches(self, frames: Sequence[Frame], device: torch.device) -> Iterator[tuple[Sequence[Frame], Tensor]]:
        for start in range(0, len(frames), TOGETHER):
            some = frames[start : start + TOGETHER]
            yield some, torch.cat([self.normalised(frame, device) for frame in some])

    def normalised(self, frame: Frame, device: torch.device) -> Tensor:
        pixels = torch.from_numpy(self.reader.image(frame).copy()).to(device)
        mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (self.mean, self.std))
        normal = (pixels.permute(2, 0, 1).float() / 255 - mean) / std
        height, width = self.size
        if normal.shape[1] > height or normal.shape[2] > width:
            what = f"frames are of different sizes: {normal.shape[1]}x{normal.shape[2]} behind {height}x{width}"
            raise UserError(what, fix="give all frames one size with --size", path=frame.image)
        room = (0, width - normal.shape[2], 0, height - normal.shape[1])
        return F.pad(normal, room)[None].contiguous(memory_format=torch.channels_last)

    def mask(self, frame: Frame, stride: int) -> Image:
        mask = self.reader.mask(frame) if frame.labelled else None
        whole = np.full(self.size, VOID, np.uint8)
        if mask is not None:
            whole[: mask.shape[0], : mask.shape[1]] = mask
        return majority(whole, stride, self.classes)


def frames_of(clips: Sequence[Clip]) -> list[Frame]:
    """Every frame once."""
    return list(dict.fromkeys(frame for clip in clips for frame in clip.frames))


def names_of(clips: Sequence[Clip]) -> list[tuple[str, list[str]]]:
    return [(clip.sequence, [frame.name for frame in clip.frames]) for clip in clips]


def shrunk(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size with its longer side at most ``longest``, both sides even."""
    factor = longest / max(size)
    if not longest or factor >= 1:
        return size
    height, width = (2 * max(1, round(side * factor / 2)) for side in size)
    return height, width


def majority(mask: Image, stride: int, classes: int) -> Image:
    """The commonest id of every ``stride`` x ``stride`` block; blocks at the border may be smaller.

    VOID wins where it is the commonest. Ids are compared in their order, so of two as common the smaller one wins.
    """
    if stride == 1:
        return mask
    height, width = (-(-side // stride) for side in mask.shape)
    whole = np.full((height * stride, width * stride), classes + 1, np.uint8)
    whole[: mask.shape[0], : mask.shape[1]] = np.where(mask == VOID, classes, mask)
    blocks = whole.reshape(height, stride, width, stride)
    counts = np.stack([(blocks == id_).sum((1, 3), dtype=np.int32) for id_ in range(classes + 1)])
    winner = counts.argmax(0).astype(np.uint8)
    return np.where(winner == classes, np.uint8(VOID), winner)
