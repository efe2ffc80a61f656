"""Augmentation: one random draw for all frames of a clip, carried out by OpenCV on a CPU or in batches on a device.

A draw cuts a window from the frame, in whole pixels, and says where in the output its resized pixels go: a crop is
taken before it is resized, and what lies outside the frame is padded. The colours of a frame change by one affine map
of its levels, in which brightness, contrast, saturation, hue and normalisation are folded together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from segsmith.data.base import VOID, Image
from segsmith.errors import UserError

Size: TypeAlias = tuple[int, int]
Triple: TypeAlias = tuple[float, float, float]
Floats: TypeAlias = npt.NDArray[np.float32]
Allocate: TypeAlias = Callable[[tuple[int, ...], torch.dtype], Tensor]

MEAN: Triple = (0.485, 0.456, 0.406)
STD: Triple = (0.229, 0.224, 0.225)
LUMA = (0.299, 0.587, 0.114)
HUE_SHARE = 0.5  # radians of hue for a jitter of 1: hues carry more of a class than brightness does


@dataclass(frozen=True, slots=True)
class Span:
    """One axis of a cut: ``source_length`` pixels from ``source`` on become ``length`` pixels from ``place`` on."""

    source: int
    source_length: int
    place: int
    length: int

    @property
    def window(self) -> slice:
        return slice(self.source, self.source + self.source_length)

    @property
    def shown(self) -> slice:
        return slice(self.place, self.place + self.length)

    def exact(self) -> npt.NDArray[np.float64]:
        """Where the centres of the output's pixels lie in the window."""
        centre = (np.arange(self.length) + 0.5) * self.source_length / self.length - 0.5
        return np.clip(centre, 0, self.source_length - 1)

    def nearest(self) -> npt.NDArray[np.int64]:
        """The same in whole pixels, which OpenCV's nearest neighbours miss now and then."""
        return (2 * np.arange(self.length) + 1) * self.source_length // (2 * self.length)


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """What is done to every frame of one clip. ``colour``: 3x4, from levels 0-255 to normalised values."""

    rows: Span
    columns: Span
    mirror: bool
    colour: Floats

    @property
    def window(self) -> tuple[slice, slice]:
        return self.rows.window, self.columns.window

    def cut(self, image: Image) -> Image:
        """The window of a frame or a mask, a view."""
        return image[self.window]


@dataclass(frozen=True, slots=True)
class Sample:
    """The windows of a clip's frames, with their masks where there are any, and what is to be done to them."""

    windows: tuple[Image, ...]
    masks: tuple[Image | None, ...]
    draw: Draw


@dataclass(frozen=True)
class Augment:
    """How frames are varied. As it stands nothing is random: whole frames, normalised.

    ``crop``: the output's size, the frame's own where None. ``scale``: the range of the factor by which frames are
    resized. ``jitter``: brightness, contrast and saturation change by up to this share, hue by less.
    """

    crop: Size | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    mirror: bool = False
    jitter: float = 0.0
    mean: Triple = MEAN
    std: Triple = STD

    def __post_init__(self) -> None:
        if self.crop and min(self.crop) < 1:
            raise UserError(f"crop {self.crop[0]}x{self.crop[1]} is empty", fix="give height x width, such as 360x480")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise UserError(f"scale {self.scale[0]}-{self.scale[1]} is no range", fix="such as 0.5-2.0")
        if not 0 <= self.jitter < 1:
            raise UserError(f"jitter {self.jitter} is outside 0-1", fix="0.3 is a common value")

    def plain(self) -> "Augment":
        """The same normalisation and nothing else, as evaluation and inference want it."""
        return replace(self, crop=None, scale=(1.0, 1.0), mirror=False, jitter=0.0)

    def draw(self, size: Size, rng: np.random.Generator) -> Draw:
        """What to do to a clip whose frames have this size."""
        crop = self.crop or size
        scale = rng.uniform(*self.scale)
        rows = _span(size[0], crop[0], scale, rng)
        columns = _span(size[1], crop[1], scale, rng)
        return Draw(rows, columns, self.mirror and bool(rng.random() < 0.5), self._colour(rng))

    def _colour(self, rng: np.random.Generator) -> Floats:
        brightness, contrast, saturation = rng.uniform(1 - self.jitter, 1 + self.jitter, 3)
        hue = rng.uniform(-self.jitter, self.jitter) * HUE_SHARE
        grey = float(np.mean(self.mean))
        mixing = brightness * contrast * (_saturate(saturation) @ _turn_hue(hue)) / 255
        offset = np.full(3, brightness * (1 - contrast) * grey)
        mean, std = np.array(self.mean), np.array(self.std)
        return np.asarray(np.column_stack([mixing, offset - mean]) / std[:, None], np.float32)


def _span(length: int, crop: int, scale: float, rng: np.random.Generator) -> Span:
    """A window of ``crop / scale`` pixels somewhere in the frame; where it is larger, the frame somewhere in it."""
    window = max(1, round(crop / scale))
    if window <= length:
        return Span(int(rng.integers(length - window + 1)), window, 0, crop)
    shown = max(1, round(length * crop / window))
    return Span(0, length, int(rng.integers(crop - shown + 1)), shown)


def _saturate(factor: float) -> npt.NDArray[np.float64]:
    return factor * np.eye(3) + (1 - factor) * np.tile(LUMA, (3, 1))


def _turn_hue(angle: float) -> npt.NDArray[np.float64]:
    """Colours turned about the grey axis."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    grey = np.full((3, 3), 1 / 3)
    return np.asarray(np.cos(angle) * (np.eye(3) - grey) + grey + np.sin(angle) * cross, np.float64)


def output_size(samples: Sequence[Sample]) -> Size:
    """The size that holds every sample: the crop, or the largest frame where frames are taken whole."""
    rows, columns = zip(*((s.draw.rows, s.draw.columns) for s in samples), strict=True)
    return max(span.place + span.length for span in rows), max(span.place + span.length for span in columns)


def on_cpu(samples: Sequence[Sample], size: Size, allocate: Allocate) -> tuple[Tensor, Tensor]:
    """Frames NxTx3xHxW and masks NxTxHxW, every frame written once, straight into its place.

    ``frames[:, t]`` is channels-last in memory and needs no copy, so is ``frames[:, 0]`` of clips of one.
    """
    count, length = len(samples), len(samples[0].windows)
    frames = allocate((length, count, *size, 3), torch.float32)
    masks = allocate((count, length, *size), torch.uint8)
    for n, sample in enumerate(samples):
        for t, (window, mask) in enumerate(zip(sample.windows, sample.masks, strict=True)):
            _paint_frame(window, sample.draw, frames[t, n].numpy())
            _paint_mask(mask, sample.draw, masks[n, t].numpy())
    return frames.permute(1, 0, 4, 2, 3), masks


def _paint_frame(window: Image, draw: Draw, canvas: Floats) -> None:
    _pad(canvas, draw, 0)  # the mean, once normalised
    target = canvas[draw.rows.shown, draw.columns.shown]
    if draw.mirror:
        window = cast(Image, cv2.flip(window, 1))
    size = (target.shape[1], target.shape[0])
    if window.size < target.size:  # colours are mapped where there are fewer pixels
        cv2.resize(cv2.transform(window.astype(np.float32), draw.colour), size, dst=target)
    else:
        resized = window if window.shape == target.shape else cv2.resize(window, size)
        cv2.transform(resized.astype(np.float32), draw.colour, dst=target)


def _paint_mask(window: Image | None, draw: Draw, canvas: Image) -> None:
    if window is None:
        canvas.fill(VOID)
        return
    _pad(canvas, draw, VOID)
    rows, columns = draw.rows.nearest(), draw.columns.nearest()[:: -1 if draw.mirror else 1]
    if len(window) < len(rows):  # columns cost more than rows: the fewer of them the better
        taken = window.take(columns, axis=1).take(rows, axis=0)
    else:
        taken = window.take(rows, axis=0).take(columns, axis=1)
    canvas[draw.rows.shown, draw.columns.shown] = taken


def _pad(canvas: npt.NDArray[np.generic], draw: Draw, value: int) -> None:
    rows, columns = draw.rows.shown, draw.columns.shown
    canvas[: rows.start] = value
    canvas[rows.stop :] = value
    canvas[rows, : columns.start] = value
    canvas[rows, columns.stop :] = value


def stack(samples: Sequence[Sample], pin: bool = False) -> tuple[Tensor, Tensor]:
    """The windows as NxTxhxwx3 and their masks as NxThxw, as large as the largest window: what goes to the device."""
    height = max(s.draw.rows.source_length for s in samples)
    width = max(s.draw.columns.source_length for s in samples)
    shape = (len(samples), len(samples[0].windows), height, width)
    windows = torch.empty((*shape, 3), dtype=torch.uint8, pin_memory=pin)
    masks = torch.empty(shape, dtype=torch.uint8, pin_memory=pin)
    for n, sample in enumerate(samples):
        rows, columns = sample.draw.rows.source_length, sample.draw.columns.source_length
        for t, (window, mask) in enumerate(zip(sample.windows, sample.masks, strict=True)):
            windows[n, t, :rows, :columns].numpy()[:] = window
            masks[n, t, :rows, :columns].numpy()[:] = VOID if mask is None else mask
    return windows, masks


def on_device(windows: Tensor, masks: Tensor, draws: Sequence[Draw], size: Size) -> tuple[Tensor, Tensor]:
    """What on_cpu makes, by one sampling for the whole batch, on whatever device the stacked windows are on."""
    device = windows.device
    count, length, height, width = masks.shape
    rows = _coordinates([draw.rows for draw in draws], [False] * count, size[0], device)
    columns = _coordinates([draw.columns for draw in draws], [draw.mirror for draw in draws], size[1], device)
    shown = (rows.shown[:, :, None] & columns.shown[:, None, :])[:, None]

    x = ((2 * columns.exact + 1) / width - 1)[:, None, :].expand(count, *size)
    y = ((2 * rows.exact + 1) / height - 1)[:, :, None].expand(count, *size)
    levels = windows.permute(0, 1, 4, 2, 3).reshape(count, length * 3, height, width).float()
    sampled = functional.grid_sample(levels, torch.stack([x, y], -1), padding_mode="border", align_corners=False)
    colour = torch.from_numpy(np.stack([draw.colour for draw in draws])).to(device)
    frames = torch.einsum("nij,ntjhw->tnhwi", colour[:, :, :3], sampled.view(count, length, 3, *size))
    frames = torch.where(shown.permute(1, 0, 2, 3)[..., None], frames + colour[:, None, None, :, 3], 0).contiguous()

    n = torch.arange(count, device=device)[:, None, None, None]
    t = torch.arange(length, device=device)[:, None, None]
    labels = masks[n, t, rows.nearest[:, None, :, None], columns.nearest[:, None, None, :]]
    return frames.permute(1, 0, 4, 2, 3), torch.where(shown, labels, VOID)


@dataclass(frozen=True, slots=True)
class _Coordinates:
    """For each sample (N) and each output pixel of an axis (L): where it comes from in the window."""

    exact: Tensor
    nearest: Tensor
    shown: Tensor


def _coordinates(spans: Sequence[Span], mirror: Sequence[bool], size: int, device: torch.device) -> _Coordinates:
    exact = np.zeros((len(spans), size), np.float32)
    nearest = np.zeros((len(spans), size), np.int64)
    shown = np.zeros((len(spans), size), np.bool_)
    for n, (span, turned) in enumerate(zip(spans, mirror, strict=True)):
        step = -1 if turned else 1
        exact[n, span.shown], nearest[n, span.shown] = span.exact()[::step], span.nearest()[::step]
        shown[n, span.shown] = True
    return _Coordinates(*(torch.from_numpy(part).to(device) for part in (exact, nearest, shown)))
