"""Clips made from one labelled picture, as a camera that drives on would see it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.data.base import VOID, Image

Floats = npt.NDArray[np.float32]

# What one frame adds at strength 1: about a camera of 5 Hz in a street.
ZOOM = (-0.01, 0.04)
TURN = 0.008
SHIFT_X, SHIFT_Y = 0.015, 0.004
PARALLAX = (0.3, 1.0)


@dataclass(frozen=True, slots=True)
class CameraPath:
    """A smooth camera path over a flat picture: zoom, turn and shift (a share of width and height) for each frame.

    All of it grows towards the lower edge by ``parallax``, because what lies low in a street is near.
    """

    centre_x: float
    centre_y: float
    parallax: float
    zoom: Floats
    turn: Floats
    shift_x: Floats
    shift_y: Floats


def random_path(length: int, rng: np.random.Generator, strength: float = 1.0, anchor: int = -1) -> CameraPath:
    """``anchor``: the frame that stands still."""

    def travel(low: float, high: float) -> Floats:
        time = np.arange(length)
        phase = rng.uniform(0, 2 * np.pi)
        way = rng.uniform(low, high) * strength * (time + 0.5 * np.sin(0.8 * time + phase))
        return np.asarray(way - way[anchor], np.float32)

    return CameraPath(
        centre_x=rng.uniform(0.4, 0.6),
        centre_y=rng.uniform(0.35, 0.5),
        parallax=rng.uniform(*PARALLAX),
        zoom=travel(*ZOOM),
        turn=travel(-TURN, TURN),
        shift_x=travel(-SHIFT_X, SHIFT_X),
        shift_y=travel(-SHIFT_Y, SHIFT_Y),
    )


def motion_clip(
    image: Image,
    mask: Image,
    length: int,
    rng: np.random.Generator,
    strength: float = 1.0,
    *,
    anchor: int = -1,
    window: tuple[slice, slice] | None = None,
) -> tuple[Image, Image]:
    """Frames TxHxWx3 and their masks TxHxW; frame ``anchor`` is the picture itself.

    Outside the picture the mask is VOID and the frame its reflection, which leaves no edge to learn. With ``window``
    only those rows and columns of each frame are made, for a crop that follows.
    """
    height, width = mask.shape
    rows, columns = window or (slice(0, height), slice(0, width))
    path = random_path(length, rng, strength, anchor)
    still = image[rows, columns]
    frames, masks = np.empty((length, *still.shape), np.uint8), np.empty((length, *still.shape[:2]), np.uint8)
    for t in range(length):
        if t == anchor % length:
            frames[t], masks[t] = still, mask[rows, columns]
            continue
        x, y = _sources(path, t, (height, width), (rows, columns))
        cv2.remap(image, x, y, cv2.INTER_LINEAR, dst=frames[t], borderMode=cv2.BORDER_REFLECT_101)
        cv2.remap(mask, x, y, cv2.INTER_NEAREST, dst=masks[t], borderMode=cv2.BORDER_CONSTANT, borderValue=VOID)
    return frames, masks


def _sources(path: CameraPath, t: int, size: tuple[int, int], window: tuple[slice, slice]) -> tuple[Floats, Floats]:
    """Where each pixel of frame ``t`` lies in the picture. Both coordinates are linear along a row."""
    height, width = size
    centre_x, centre_y = path.centre_x * width, path.centre_y * height
    below = np.arange(height, dtype=np.float32)[window[0]] - centre_y
    aside = np.arange(width, dtype=np.float32)[window[1]] - centre_x
    near = 1 + path.parallax * np.clip(below / (height - centre_y), -0.5, 1)
    scale = np.exp(-path.zoom[t] * near)
    cosine, sine = scale * np.cos(path.turn[t]), scale * np.sin(path.turn[t])
    x = centre_x - sine * below - path.shift_x[t] * width * near
    y = centre_y + cosine * below - path.shift_y[t] * height * near
    return (
        np.asarray(np.multiply.outer(cosine, aside) + x[:, None], np.float32),
        np.asarray(np.multiply.outer(sine, aside) + y[:, None], np.float32),
    )
