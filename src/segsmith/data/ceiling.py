"""The best score that an output of a given stride can reach."""

from collections.abc import Iterable

import cv2
import numpy as np

from segsmith.data.base import VOID, Dataset, Image

MOST = 60


def ceiling(masks: Iterable[Image], stride: int, classes: int) -> float:
    """mIoU of the true labels averaged to 1/stride as shares of each class, and brought back bilinearly."""
    table = np.zeros((256, 256), np.int64)
    for mask in masks:
        height, width = mask.shape
        small = (-(-width // stride), -(-height // stride))
        shares = [
            cv2.resize((mask == id_).astype(np.float32), small, interpolation=cv2.INTER_AREA) for id_ in range(classes)
        ]
        full = np.stack([cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR) for share in shares])
        best = full.argmax(0)
        seen = mask != VOID
        pairs = mask[seen].astype(np.int64) * 256 + best[seen]
        table += np.bincount(pairs, minlength=1 << 16).reshape(256, 256)
    right, true = table.diagonal()[:classes], table.sum(1)[:classes]
    union = true + table.sum(0)[:classes] - right
    present = true > 0
    return float((right[present] / union[present]).mean()) if present.any() else float("nan")


def ceiling_of(dataset: Dataset, split: str, stride: int) -> float:
    """Of a split, from some of its masks spread over it."""
    frames = [frame for frame in dataset.frames(split) if frame.labelled]
    some = frames[:: max(1, -(-len(frames) // MOST))]
    masks = (dataset.reader.mask(frame) for frame in some)
    return ceiling((mask for mask in masks if mask is not None), stride, len(dataset.classes))
