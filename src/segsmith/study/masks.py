"""Masks where logits are: much smaller than frames."""

import numpy as np

from segsmith.data.base import VOID, Image


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
