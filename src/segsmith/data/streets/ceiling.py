"""What no network can pass that decides at a coarser grid than the frame: the true labels' own way there and back."""

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.data.base import VOID, Image

Counts = npt.NDArray[np.int64]


def ceiling(masks: Iterable[Image], stride: int, classes: int) -> float:
    """mIoU of the masks averaged to 1/``stride`` as class shares, enlarged bilinearly, and the largest share taken.

    Classes that do not occur are left out of the mean, void is left out of everything.
    """
    union, both = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for mask in masks:
        more_union, more_both = ceiling_counts(mask, stride, classes)
        union, both = union + more_union, both + more_both
    return miou(union, both)


def ceiling_counts(mask: Image, stride: int, classes: int) -> tuple[Counts, Counts]:
    """For each class of one mask: pixels in either, pixels in both."""
    guess = np.stack([_coarse(mask == one, stride) for one in range(classes)]).argmax(0)[mask != VOID]
    true = mask[mask != VOID].astype(np.int64)
    both = np.bincount(true[guess == true], minlength=classes)
    return np.bincount(true, minlength=classes) + np.bincount(guess, minlength=classes) - both, both


def _coarse(members: npt.NDArray[np.bool_], stride: int) -> npt.NDArray[np.float32]:
    rows, columns = members.shape
    small = (-(-columns // stride), -(-rows // stride))
    shares = cv2.resize(members.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shares, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def miou(union: Counts, both: Counts) -> float:
    """Over the classes that occur."""
    seen = union > 0
    return float((both[seen] / union[seen]).mean()) if seen.any() else 0.0
