"""What the camera makes of light: motion blur, lens, exposure and noise. The mask knows nothing of it."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.data.base import Image
from segsmith.data.streets.camera import RATE_HZ
from segsmith.data.streets.chance import between, happens
from segsmith.data.streets.light import Weather
from segsmith.data.streets.textures import Grey

Picture = npt.NDArray[Any]
_TAPS = 6
"""At most."""


@dataclass(frozen=True, slots=True)
class Lens:
    """``shutter``: share of the time between frames that it is open. ``spread``: noise laid out to be cut from."""

    shutter: float
    softness: float
    vignette: Image
    spread: Grey
    curve: float


def lens(rng: np.random.Generator, weather: Weather, height: int, width: int) -> Lens:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    dark = 1.0 - between(rng, 0.0, 0.3) * (x**2 + y**2) / 2
    dim = max(weather.ambient) < 0.45
    spread = rng.standard_normal((height + 16, width + 16, 3), np.float32) * weather.noise
    return Lens(
        shutter=between(rng, 0.3, 0.8) if dim else between(rng, 0.0, 0.5),
        softness=between(rng, 0.4, 0.9) if happens(rng, 0.4) else 0.0,
        vignette=np.repeat((dark * 255).astype(np.uint8)[..., None], 3, 2),
        spread=spread,
        curve=between(rng, 0.8, 1.2),
    )


def develop(
    rng: np.random.Generator, scene: Image, lens_: Lens, gain: npt.NDArray[np.float64], centre: tuple[float, float],
    flow: tuple[float, float],
) -> Image:  # fmt: skip
    """``centre``: the point that the camera drives to. ``flow``: how far from one frame to the next the ground at the
    lower edge moves, and everything by the camera's turning, in pixels."""
    seen: Picture = _blurred(scene, centre, lens_.shutter * flow[0], lens_.shutter * flow[1])
    if lens_.softness:
        seen = cv2.GaussianBlur(seen, (3, 3), lens_.softness)
    tones = np.clip((np.arange(256) / 255.0)[:, None] ** lens_.curve * gain, 0, None)
    rolled = 255 * np.where(tones > 0.8, 0.8 + 0.2 * np.tanh((tones - 0.8) / 0.2), tones)
    seen = cv2.LUT(seen, np.clip(rolled, 0, 255).astype(np.uint8).reshape(1, 256, 3))
    seen = cv2.multiply(seen, lens_.vignette, scale=1 / 255)
    y, x = (int(at) for at in rng.integers(0, 16, 2))
    grain = lens_.spread[y : y + seen.shape[0], x : x + seen.shape[1]]
    if rng.random() < 0.5:
        grain = grain[:, ::-1]
    return np.asarray(cv2.add(seen, grain, dtype=cv2.CV_8U), np.uint8)


def _blurred(scene: Image, centre: tuple[float, float], outward: float, aside: float) -> Image:
    """The mean of views a little ahead of one another. Things beside the road pass faster the farther they are from
    the point of escape: as the square of it between walls."""
    most = 0.03 * scene.shape[0]
    outward, aside = min(abs(outward), most), max(-most, min(aside, most))
    reach = outward + abs(aside)
    if reach < 0.7:
        return scene
    rows, columns = scene.shape[:2]
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    low = np.float32(0.55 * rows)
    way = np.minimum(cv2.magnitude(dx, dy), low) * np.float32(outward) / (low * low)
    taps = min(_TAPS, 2 + int(reach / 1.3))
    total = np.zeros(scene.shape, np.float32)
    for tap in range(taps):
        at = np.float32(tap / (taps - 1) - 0.5)
        seen = cv2.remap(scene, x + at * (way * dx + np.float32(aside)), y + at * way * dy, cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        cv2.accumulate(seen, total)
    return np.asarray(cv2.convertScaleAbs(total, alpha=1 / taps), np.uint8)


def pixels_passed(speed: float, eye: float, focal: float, height: int) -> float:
    """How far the ground at the lower edge moves between two frames: v = f·eye/z, so dv = v²/(f·eye)·dz."""
    low = 0.55 * height
    return low**2 / (focal * eye) * speed / RATE_HZ
