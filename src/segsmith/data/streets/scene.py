"""One clip's street, and any of its frames."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from segsmith.data.base import VOID, Image
from segsmith.data.streets.camera import FAR, RATE_HZ, Ride, View, ride
from segsmith.data.streets.chance import Floats, Rgb, between, happens, pick, stream
from segsmith.data.streets.draw import SAMPLES, Pen, blank, fixed
from segsmith.data.streets.furnish import Thing, furnish
from segsmith.data.streets.ground import draw_ground
from segsmith.data.streets.light import UP, Weather, weather
from segsmith.data.streets.look import Lens, develop, lens, pixels_passed
from segsmith.data.streets.options import Options
from segsmith.data.streets.plan import street
from segsmith.data.streets.sky import Sky, sky
from segsmith.data.streets.surface import Surface, surface
from segsmith.data.streets.textures import noise
from segsmith.data.streets.traffic import Traffic, traffic
from segsmith.data.streets.vehicles import PAINTS

_PLAN, _WEATHER, _RIDE, _FURNITURE, _TRAFFIC, _SURFACE, _SKY, _LENS, _FRAMES, _NOISE, _BONNET = range(11)


@dataclass(frozen=True, slots=True)
class Bonnet:
    """The camera's own car at the lower edge, in shares of the picture; it has no class."""

    height: float
    tilt: float
    paint: Rgb

    def draw(self, pen: Pen) -> None:
        rows, columns = pen.view.height, pen.view.width
        across = np.linspace(-0.1, 1.1, 15)
        arch = 1 - self.height * (1 - (2 * across - 1) ** 2 * 0.6 + self.tilt * (across - 0.5))
        for share, brightness in ((1.0, 0.9), (0.7, 0.6)):
            top = np.stack([across * columns, rows * (1 - (1 - arch) * share)], 1)
            low = np.array([[1.1 * columns, rows + 4], [-0.1 * columns, rows + 4]])
            r, g, b = pen.light.colour(self.paint, UP, 0.0)
            colour = (r * brightness, g * brightness, b * brightness)
            pen.polygon(
                fixed(cv2.convexHull(np.concatenate([top, low]).astype(np.float32))[:, 0].astype(np.float64)),
                colour,
                VOID,
            )


@dataclass(frozen=True, slots=True)
class Scene:
    key: tuple[int, str, int]
    size: tuple[int, int]
    ride: Ride
    weather: Weather
    surface: Surface
    sky: Sky
    things: tuple[Thing, ...]
    traffic: Traffic
    fall: Floats
    lens: Lens
    bonnet: Bonnet | None

    def frame(self, index: int) -> tuple[Image, Image]:
        """RGB and mask of one of the camera's frames, drawn without any other."""
        time = index / RATE_HZ
        height, width = self.size
        view = self.ride.view(time, height * SAMPLES, width * SAMPLES)
        pen = blank(view, self.weather.light(time))
        self.sky.draw(pen)
        sunny = max(self.weather.sun) > 0.2
        shadows = [thing.shadow(self.fall, time) for thing in self.traffic.moving if sunny and thing.seen(view)]
        draw_ground(pen, self.surface, shadows, self.weather.kind.wet)
        seen = [thing for thing in self.things if thing.seen(view)]
        for thing in sorted(seen, key=lambda thing: -thing.distance(view)):
            thing.draw(pen)
        if self.bonnet:
            self.bonnet.draw(pen)
        colour, mask = pen.finished()
        rng = stream(*self.key, _FRAMES, index)
        return develop(rng, colour, self.lens, self.weather.gain(time), *self._movement(view, time)), mask

    def _movement(self, view: View, time: float) -> tuple[tuple[float, float], tuple[float, float]]:
        later = self.ride.view(time + 1 / RATE_HZ, view.height, view.width)
        outward = pixels_passed((later.s - view.s) * RATE_HZ, view.eye, view.focal / SAMPLES, self.size[0])
        aside = (later.slope - view.slope) * view.focal / SAMPLES
        centre = (view.width / 2 / SAMPLES, view.horizon / SAMPLES)
        return centre, (outward, aside)


def build(options: Options, split: str, clip: int) -> Scene:
    key = (options.seed, split, clip)
    duration = options.frames / options.rate_hz
    sky_and_sun = weather(stream(*key, _WEATHER))
    way = ride(stream(*key, _RIDE))
    plan = street(stream(*key, _PLAN), way.way(duration) + FAR)
    way = replace(way, x=way.x + plan.lane)
    bank = noise(stream(*key, _NOISE))
    height, width = (side * SAMPLES for side in options.size)
    furniture = furnish(stream(*key, _FURNITURE), plan, bank, float(np.clip(width / 30, 8, 22)), sky_and_sun.kind.dusk)
    moving = traffic(stream(*key, _TRAFFIC), plan, way, duration)
    fall = _fall(sky_and_sun)
    sunny = max(sky_and_sun.sun) > 0.2
    shadows = [*furniture.shadows(fall), *(one.shadow(fall) for one in moving.parked)] if sunny else []
    crowns = furniture.crowns(fall) if sunny else []
    return Scene(
        key=key,
        size=options.size,
        ride=way,
        weather=sky_and_sun,
        surface=surface(stream(*key, _SURFACE), plan, bank, shadows, crowns, sky_and_sun.kind.wet),
        sky=sky(stream(*key, _SKY), sky_and_sun, height, width),
        things=(*furniture.things(), *moving.parked, *moving.moving),
        traffic=moving,
        fall=fall,
        lens=lens(stream(*key, _LENS), sky_and_sun, *options.size),
        bonnet=_bonnet(stream(*key, _BONNET)),
    )


def _fall(sky_and_sun: Weather) -> Floats:
    """How far a shadow reaches for each metre of height; a low sun's are cut short."""
    across, up, along = sky_and_sun.towards
    return -np.array([across, along]) / max(up, 0.25)


def _bonnet(rng: np.random.Generator) -> Bonnet | None:
    if not happens(rng, 0.35):
        return None
    return Bonnet(between(rng, 0.04, 0.11), between(rng, -0.3, 0.3), pick(rng, PAINTS))
