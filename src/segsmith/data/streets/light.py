"""Weather for a clip and the light of each of its moments."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segsmith.data.streets.chance import Floats, Rgb, between, mixed

UP, RIGHT, LEFT, BACK, FRONT = (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 0.0, 1.0)
Normal = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """What a face gets from sky and sun at one moment, and the veil that the air lays over far things."""

    ambient: Rgb
    sun: Rgb
    towards: Normal
    air: Rgb
    density: float
    dusk: bool

    def gain(self, normal: Normal) -> Rgb:
        (x, y, z), (tx, ty, tz) = normal, self.towards
        facing, above = max(0.0, x * tx + y * ty + z * tz), 0.8 + 0.2 * y
        (ar, ag, ab), (sr, sg, sb) = self.ambient, self.sun
        return above * ar + facing * sr, above * ag + facing * sg, above * ab + facing * sb

    def veil(self, depth: float) -> float:
        return 1.0 - math.exp(-self.density * max(depth, 0.0))

    def colour(self, albedo: Rgb, normal: Normal, depth: float) -> Rgb:
        return lit(albedo, self.gain(normal), self.air, self.veil(depth))

    def matrix(self, normal: Normal, depth: float) -> Floats:
        """3x4, the same as ``colour`` for whole pictures: the last column goes with alpha, or with a constant 255."""
        veil = self.veil(depth)
        (r, g, b), (ar, ag, ab) = self.gain(normal), self.air
        clear, far = 1 - veil, veil / 255
        return np.array([[r * clear, 0, 0, ar * far], [0, g * clear, 0, ag * far], [0, 0, b * clear, ab * far]])


def lit(albedo: Rgb, gain: Rgb, air: Rgb, veil: float) -> Rgb:
    (r, g, b), (gr, gg, gb), (ar, ag, ab) = albedo, gain, air
    clear = 1.0 - veil
    return (
        min(255.0, r * gr * clear + ar * veil),
        min(255.0, g * gg * clear + ag * veil),
        min(255.0, b * gb * clear + ab * veil),
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """A weather: sun's height in degrees, strength of sun and sky, colours, thickness of the air, share of clouds."""

    height: tuple[float, float]
    sun: tuple[float, float]
    ambient: tuple[float, float]
    warmth: tuple[float, float]
    zenith: Rgb
    low: Rgb
    density: tuple[float, float]
    clouds: tuple[float, float]
    noise: tuple[float, float]
    share: float
    dusk: bool = False
    wet: bool = False


WEATHERS = (
    Kind((25, 60), (0.5, 0.8), (0.4, 0.6), (0.0, 0.1), (95, 145, 215), (190, 212, 235), (0.001, 0.004), (0.0, 0.7), (2, 5), 0.28),
    Kind((30, 60), (0.0, 0.12), (0.7, 1.0), (-0.05, 0.04), (190, 195, 202), (214, 217, 220), (0.002, 0.008), (0.8, 1.0), (3, 7), 0.26),
    Kind((7, 18), (0.6, 0.9), (0.3, 0.42), (0.1, 0.28), (130, 165, 215), (248, 232, 200), (0.003, 0.008), (0.0, 0.6), (3, 7), 0.2),
    Kind((4, 10), (0.0, 0.1), (0.26, 0.4), (-0.1, 0.1), (88, 100, 135), (196, 170, 160), (0.002, 0.007), (0.3, 0.9), (7, 13), 0.12, dusk=True),
    Kind((20, 50), (0.0, 0.04), (0.55, 0.85), (-0.07, 0.0), (178, 184, 190), (196, 201, 205), (0.012, 0.028), (0.9, 1.0), (4, 9), 0.14, wet=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weather:
    """One clip's weather. Clouds pass over the sun and the exposure follows late, so light changes within the clip."""

    kind: Kind
    ambient: Rgb
    sun: Rgb
    towards: Normal
    density: float
    clouds: float
    noise: float
    passing: tuple[float, float, float]
    exposure: tuple[float, float, float, float]
    cast: Rgb

    def light(self, time: float) -> Light:
        depth, rate, phase = self.passing
        shade = 1.0 - depth * (0.5 + 0.5 * float(np.sin(rate * time + phase)))
        r, g, b = (part * shade for part in self.sun)
        air = mixed(self.kind.low, self.kind.zenith, 0.25)
        return Light(self.ambient, (r, g, b), self.towards, air, self.density, self.kind.dusk)

    def gain(self, time: float) -> npt.NDArray[np.float64]:
        """What exposure and white balance make of each channel."""
        level, swing, rate, phase = self.exposure
        return np.array(self.cast) * (level * (1.0 + swing * float(np.sin(rate * time + phase))))


def weather(rng: np.random.Generator) -> Weather:
    shares = np.array([kind.share for kind in WEATHERS])
    kind = WEATHERS[int(rng.choice(len(WEATHERS), p=shares / shares.sum()))]
    height, around = np.radians(between(rng, *kind.height)), between(rng, 0, 2 * np.pi)
    warmth, sun, ambient = between(rng, *kind.warmth), between(rng, *kind.sun), between(rng, *kind.ambient)
    flat = float(np.cos(height))
    cast = rng.normal(1.0, 0.035, 3)
    return Weather(
        kind=kind,
        ambient=(ambient * (1 - 0.3 * warmth), ambient, ambient * (1 + 0.3 * warmth)),
        sun=(sun * (1 + warmth), sun, sun * (1 - warmth)),
        towards=(flat * float(np.cos(around)), float(np.sin(height)), flat * float(np.sin(around))),
        density=between(rng, *kind.density),
        clouds=between(rng, *kind.clouds),
        noise=between(rng, *kind.noise),
        passing=(between(rng, 0.0, 0.6), between(rng, 1.0, 4.0), between(rng, 0, 2 * np.pi)),
        exposure=(between(rng, 0.85, 1.2), between(rng, 0.0, 0.14), between(rng, 1.0, 5.0), between(rng, 0, 2 * np.pi)),
        cast=(float(cast[0]), float(cast[1]), float(cast[2])),
    )
