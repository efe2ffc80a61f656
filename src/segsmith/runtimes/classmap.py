"""From logits at 1/4 or 1/8 to the class of every pixel: what bilinear enlarging and argmax give, at a fraction of it.

Where the four positions around a block of pixels agree on the best class, every blend of them has the same best
class. Only the other blocks are enlarged, and in them only classes that can win somewhere. Those are computed to the
last bit as torch computes them (with fused multiply-adds), so that ties and near ties fall the same way, to the
lowest class id.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from segsmith.runtimes.axis import Axis, Floats, Places

Image = npt.NDArray[np.uint8]
Size = tuple[int, int]

SMALL, FEW = 128, 3
"""With height + width or classes no more than these, or from a single position, torch enlarges by other kernels,
whose roundings differ from class to class or with the number of threads. There is little to gain: torch does it."""
SLACK = 2.0**-19
"""Logits that differ by more, relative to the largest one, differ in that direction after any rounding, too."""
CHUNK = 1024
"""How many blocks are enlarged at once: they stay in the cache."""


def class_maps(logits: Floats, size: Size) -> Image:
    """Logits N x K x h x w as classes N x H x W."""
    return np.stack([class_map(one, size) for one in logits])


def class_map(logits: Floats, size: Size) -> Image:
    """Logits K x h x w as classes H x W: in every pixel what ``naive`` gives."""
    largest = np.abs(logits).max()
    if sum(size) <= SMALL or len(logits) <= FEW or logits[0].size == 1 or not np.isfinite(largest):
        return naive(logits, size)
    slack = np.float32(largest * SLACK + np.finfo(np.float32).tiny)
    rows, columns = Axis.of(logits.shape[1], size[0]), Axis.of(logits.shape[2], size[1])
    best, margin = leaders(logits)
    best, sure = np.pad(best, 1, mode="edge"), np.pad(margin > slack, 1, mode="edge")
    agree = sure[:-1, :-1] & sure[:-1, 1:] & sure[1:, :-1] & sure[1:, 1:]
    for corner in (best[:-1, 1:], best[1:, :-1], best[1:, 1:]):
        agree &= best[:-1, :-1] == corner
    classes = np.repeat(np.repeat(best[:-1, :-1], columns.counts, axis=1), rows.counts, axis=0)
    occupied = np.multiply.outer(rows.counts > 0, columns.counts > 0)
    down, across = np.nonzero(~agree & occupied)
    fill_borders(classes, logits, (down, across), (rows, columns), slack)
    return classes


def naive(logits: Floats, size: Size) -> Image:
    """Enlarge everything, then take the largest: the definition."""
    import torch
    import torch.nn.functional as F

    whole = F.interpolate(torch.from_numpy(logits[None]), size=size, mode="bilinear", align_corners=False)
    return whole.argmax(1)[0].to(torch.uint8).numpy()


def leaders(logits: Floats) -> tuple[Image, Floats]:
    """The best class of every position, the lowest of equals, and by how much it leads."""
    first = logits[0].copy()
    second = np.full_like(first, -np.inf)
    best = np.zeros(first.shape, np.uint8)
    for number, values in enumerate(logits[1:], start=1):
        np.maximum(second, np.minimum(first, values), out=second)
        best[values > first] = number
        np.maximum(first, values, out=first)
    return best, first - second


def fill_borders(
    classes: Image, logits: Floats, blocks: tuple[Places, Places], axes: tuple[Axis, Axis], slack: np.float32
) -> None:
    """Enlarge the blocks in which no class is sure of winning."""
    corners = corner_values(logits, blocks)
    bar = corners.min(axis=0).max(axis=0) - slack
    # A class that is below the bar at all corners is below another one in the whole block.
    able = (corners.max(axis=0) >= bar).T
    count = able.sum(axis=1)
    numbers, first = np.nonzero(able)[1], np.cumsum(count) - count
    falling = np.argsort(-count, kind="stable")
    for start in range(0, len(falling), CHUNK):
        chosen = falling[start : start + CHUNK]
        pixels = axes[0].pixels(blocks[0][chosen]), axes[1].pixels(blocks[1][chosen])
        weights = [(axis.near[place], axis.far[place]) for axis, place in zip(axes, pixels, strict=True)]
        found = Running(pixels)
        for turn in range(count[chosen[0]]):
            able_yet = chosen[: np.count_nonzero(count[chosen] > turn)]
            number = numbers[first[able_yet] + turn]
            found.add(number, enlarge(corners[:, number, able_yet], weights))
        classes[pixels[0][:, :, None], pixels[1][:, None, :]] = found.classes


class Running:
    """The largest logit so far at the pixels of each block, and its class: the first that came, among equals.

    Each further class may come for fewer blocks, the first ones.
    """

    def __init__(self, pixels: tuple[Places, Places]) -> None:
        shape = (len(pixels[0]), pixels[0].shape[1], pixels[1].shape[1])
        self.largest = np.full(shape, -np.inf, np.float32)
        self.classes = np.zeros(shape, np.uint8)

    def add(self, number: Places, values: Floats) -> None:
        largest, classes = self.largest[: len(number)], self.classes[: len(number)]
        better = values > largest
        np.maximum(largest, values, out=largest)
        np.copyto(classes, number.astype(np.uint8)[:, None, None], where=better)


def corner_values(logits: Floats, blocks: tuple[Places, Places]) -> Floats:
    """The logits at the upper left, upper right, lower left and lower right of each block: 4 x K x M."""
    _, height, width = logits.shape
    flat = logits.reshape(len(logits), -1)
    rows = [np.clip(blocks[0] + offset, 0, height - 1) * width for offset in (-1, 0)]
    columns = [np.clip(blocks[1] + offset, 0, width - 1) for offset in (-1, 0)]
    return np.stack([flat.take(row + column, axis=1) for row in rows for column in columns])


def enlarge(values: Floats, weights: Sequence[tuple[Floats, Floats]]) -> Floats:
    """A logit of each of some blocks (4 x M), the first ones that there are weights for, at their pixels."""
    down, across = ((near[: values.shape[1]], far[: values.shape[1]]) for near, far in weights)
    upper, lower = (blend(values[i][:, None], values[i + 1][:, None], *across) for i in (0, 2))
    return blend(upper[:, None], lower[:, None], *(weight[:, :, None] for weight in down))


def blend(near: Floats, far: Floats, weight: Floats, other: Floats) -> Floats:
    """``near * weight + far * other``, rounded once for the second product and once for the rest: a fused
    multiply-add."""
    total = near.astype(np.float64) * weight.astype(np.float64)
    total += far * other
    return total.astype(np.float32)
