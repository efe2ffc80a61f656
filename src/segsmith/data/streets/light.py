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
    Kind(  # clear
        height=(25, 60), sun=(0.5, 0.8), ambient=(0.4, 0.6), warmth=(0.0, 0.1),
        zenith=(95, 145, 215), low=(190, 212, 235),
        density=(0.001, 0.004), clouds=(0.0, 0.7), noise=(2, 5), share=0.28,
    ),
    Kind(  # overcast
        height=(30, 60), sun=(0.0, 0.12), ambient=(0.7, 1.0), warmth=(-0.05, 0.04),
        zenith=(190, 195, 202), low=(214, 217, 220),
        density=(0.002, 0.008), clouds=(0.8, 1.0), noise=(3, 7), share=0.26,
    ),
    Kind(  # low sun
        height=(7, 18), sun=(0.6, 0.9), ambient=(0.3, 0.42), warmth=(0.1, 0.28),
        zenith=(130, 165, 215), low=(248, 232, 200),
        density=(0.003, 0.008), clouds=(0.0, 0.6), noise=(3, 7), share=0.2,
    ),
    Kind(  # dusk
        height=(4, 10), sun=(0.0, 0.1), ambient=(0.26, 0.4), warmth=(-0.1, 0.1),
        zenith=(88, 100, 135), low=(196, 170, 160),
        density=(0.002, 0.007), clouds=(0.3, 0.9), noise=(7, 13), share=0.12, dusk=True,
    ),
    Kind(  # rain
        height=(20, 50), sun=(0.0, 0.04), ambient=(0.55, 0.85), warmth=(-0.07, 0.0),
        zenith=(178, 184, 190), low=(196, 201, 205),
        density=(0.012, 0.028), clouds=(0.9, 1.0), noise=(4, 9), share=0.14, wet=True,
    ),
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
