"""The sky with clouds and sun, and the skyline under it: one wide picture for each clip, moved as the camera turns."""

from dataclasses import dataclass

import cv2
import numpy as np

from segsmith.data.base import Image
from segsmith.data.streets.chance import Rgb, between, happens, mixed, pick
from segsmith.data.streets.draw import Pen
from segsmith.data.streets.facades import WALLS
from segsmith.data.streets.foliage import GREENS
from segsmith.data.streets.labels import BUILDING, SKY, TREE
from segsmith.data.streets.light import Weather
from segsmith.data.streets.textures import Grey, finished, value_noise

_MARGIN = 0.45
"""How far the picture goes beyond the canvas on either side, in widths: the sharpest turn of a bend."""


@dataclass(frozen=True, slots=True)
class Sky:
    colour: Image
    labels: Image

    def draw(self, pen: Pen) -> None:
        view = pen.view
        bottom = min(max(int(view.horizon) + 2, 0), view.height)
        high = min(bottom, self.colour.shape[0])
        left = round(_MARGIN * view.width + view.slope * view.focal)
        left = min(max(left, 0), self.colour.shape[1] - view.width)
        part = (slice(self.colour.shape[0] - high, None), slice(left, left + view.width))
        pen.colour[bottom - high : bottom], pen.label[bottom - high : bottom] = self.colour[part], self.labels[part]


def sky(rng: np.random.Generator, weather: Weather, height: int, width: int) -> Sky:
    rows, columns = height // 2, int((1 + 2 * _MARGIN) * width) // 2
    fall = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None] ** 1.5
    kind = weather.kind
    picture = np.array(kind.zenith, np.float32) * (1 - fall) + np.array(kind.low, np.float32) * fall
    picture = np.repeat(picture, columns, 1)
    _clouds(rng, picture, weather)
    _sun(picture, weather, width // 2)
    picture = np.asarray(cv2.resize(picture, (2 * columns, height)), np.float32)
    labels = np.full((height, 2 * columns), SKY, np.uint8)
    _skyline(rng, picture, labels, weather, width)
    return Sky(finished(picture), labels)


def _clouds(rng: np.random.Generator, picture: Grey, weather: Weather) -> None:
    """Flatter towards the horizon, since they lie above one another there."""
    rows, columns = (side // 2 for side in picture.shape[:2])  # clouds are soft
    field = sum(
        (value_noise(rng, rows, columns, cells) * (3 / cells) ** 0.8 for cells in (3, 6, 12, 24)), np.float32(0)
    )
    squeezed = cv2.resize(np.asarray(field), (columns, rows * 2))[
        (np.linspace(0, 1, rows) ** 0.5 * (2 * rows - 1)).astype(int)
    ]
    squeezed = cv2.resize(squeezed, picture.shape[1::-1])
    white = np.clip((squeezed + weather.clouds - 0.55) * 2.2, 0, 1)[..., None]
    shade = np.clip(1.02 - 0.35 * np.clip(squeezed, 0, 1), 0, 1.05)[..., None]
    bright = np.array((232, 234, 238) if not weather.kind.dusk else (168, 150, 156), np.float32)
    picture += white * (bright * shade - picture) * 0.9


def _sun(picture: Grey, weather: Weather, width: int) -> None:
    """A glow where the sun stands, if it is before the camera."""
    across, up, along = weather.towards
    if along <= 0.2 or max(weather.sun) < 0.3:
        return
    rows, columns = picture.shape[:2]
    x, y = columns / 2 + width * across / along, rows - width * up / along
    distance = np.add.outer((np.arange(rows) - y) ** 2, (np.arange(columns) - x) ** 2)
    glow = 130 * np.exp(-distance / (0.16 * width) ** 2) + 60 * np.exp(-distance / (0.5 * width) ** 2)
    picture += glow[..., None].astype(np.float32) * np.array((1.0, 0.95, 0.82), np.float32)


def _skyline(rng: np.random.Generator, picture: Grey, labels: Image, weather: Weather, width: int) -> None:
    rows, columns = labels.shape
    air: Rgb = mixed(weather.kind.low, weather.kind.zenith, 0.25)
    bright = max(weather.ambient) + 0.4 * max(weather.sun)
    x = 0
    while x < columns:
        wooded = happens(rng, 0.5)
        wide, high = int(between(rng, 0.02, 0.09) * width) + 2, int(between(rng, 0.012, 0.07) * width)
        r, g, b = pick(rng, GREENS[:3] if wooded else WALLS["render"] + WALLS["panel"])
        colour = mixed((r * bright, g * bright, b * bright), air, min(0.9, 0.35 + 60 * weather.density))
        if wooded:
            for _ in range(4):
                at, size = x + int(rng.integers(wide)), max(1, int(high * between(rng, 0.3, 0.6)))
                for canvas, value in ((picture, colour), (labels, TREE)):
                    cv2.ellipse(canvas, (at, rows), (size, high), 0, 180, 360, value, cv2.FILLED)
        else:
            picture[rows - high :, x : x + wide], labels[rows - high :, x : x + wide] = colour, BUILDING
        x += max(2, int(wide * between(rng, 0.5, 1.1)))
