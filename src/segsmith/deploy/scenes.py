"""How far a picture has moved from the one that a key frame saw."""

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.runtimes.runner import Floats, Frames

GRID = (16, 12)
"""Columns and rows of a thumbnail."""

STRIDE = 4
"""Of the frame's pixels a thumbnail reads one in so many, each way: it costs microseconds."""


def change(before: Floats, now: Floats) -> float:
    """0 for the same; about 1 where nothing is as it was."""
    return float(np.abs(now - before).sum()) / max(float(np.abs(before).sum()), 1e-9)


def thumbnail(frame: Frames) -> Floats:
    """The picture in a few areas, its brightness and contrast taken out: clouds change those, scenes change more.

    It stands in where a network has no features to tell scenes by.
    """
    small: npt.NDArray[Any] = frame[::STRIDE, ::STRIDE].mean(2, dtype=np.float32)
    small = cv2.resize(small, GRID, interpolation=cv2.INTER_AREA)
    return cast(Floats, (small - small.mean()) / max(float(small.std()), 1.0))
