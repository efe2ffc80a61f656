"""Everything that moves, or could: cars parked and driving, people walking, standing and crossing, cyclists."""

from dataclasses import dataclass

import numpy as np

from segsmith.data.streets.camera import Ride
from segsmith.data.streets.chance import between, happens
from segsmith.data.streets.models import Shape, fleet
from segsmith.data.streets.motion import Course, course
from segsmith.data.streets.people import Cyclist, Walker, cyclist, walker
from segsmith.data.streets.plan import START, Street
from segsmith.data.streets.vehicles import Car, car

GAP = 7.0


@dataclass(frozen=True, slots=True)
class Traffic:
    parked: tuple[Car, ...]
    moving: tuple[Car | Walker | Cyclist, ...]


def traffic(rng: np.random.Generator, street: Street, ride: Ride, duration: float) -> Traffic:
    crossers = _crossing_people(rng, street, ride, duration)
    ahead = min((person.course.s for person in crossers), default=street.end)
    shapes = fleet(rng)
    small = tuple(shape for shape in shapes if shape.length < 6) or shapes
    parked = [one for side in (-1, 1) for one in _parked(rng, street, side, small)]
    moving = [
        *_lead(rng, street, ride, duration, ahead, shapes),
        *_oncoming(rng, street, ride, duration, shapes),
        *_side_street(rng, street, small),
    ]
    return Traffic(
        tuple(parked), (*moving, *crossers, *_strollers(rng, street), *_cyclists(rng, street, ride, duration))
    )


def _parked(rng: np.random.Generator, street: Street, side: int, shapes: tuple[Shape, ...]) -> list[Car]:
    if not street.parking[side > 0]:
        return []
    found, s, full = [], START + between(rng, 0, 6), between(rng, 0.35, 0.95)
    heading = 0.0 if np.sign(street.lane) == side else float(np.pi)
    while s < street.end:
        if happens(rng, full) and not street.open_at(s, 4.0):
            place = Course(side * (street.half - 1.05), s, heading=heading + between(rng, -0.03, 0.03))
            found.append(car(rng, place, shapes))
        s += between(rng, 5.2, 6.4)
    return found


def _lead(
    rng: np.random.Generator, street: Street, ride: Ride, duration: float, ahead: float, shapes: tuple[Shape, ...]
) -> list[Car]:
    """A car before the camera, so fast that the camera never reaches it, and far cars before that one."""
    if not happens(rng, 0.5) or ahead < street.end:
        return []
    begin = between(rng, GAP, 22.0)
    speed = max(ride.speed + between(rng, -1.5, 2.5), (ride.way(duration) + GAP - begin) / max(duration, 0.1))
    cars = [car(rng, course(street.lane + between(rng, -0.3, 0.3), begin, 0.0, max(speed, 0.0), 0.0), shapes)]
    s = begin
    while happens(rng, 0.5):
        s += between(rng, 12.0, 35.0)
        cars.append(car(rng, course(street.lane, s, 0.0, max(speed, 0.0), 0.0), shapes))
    return cars


def _oncoming(
    rng: np.random.Generator, street: Street, ride: Ride, duration: float, shapes: tuple[Shape, ...]
) -> list[Car]:
    found, speed = [], between(rng, 5.0, 13.0)
    s = between(rng, 2.0, 60.0)
    while s < ride.way(duration) + 130.0:
        place = course(-street.lane + between(rng, -0.2, 0.2), s + speed * duration * 0.5, 0.0, -speed, float(np.pi))
        found.append(car(rng, place, shapes))
        s += between(rng, 12.0, 80.0)
    return found


def _side_street(rng: np.random.Generator, street: Street, shapes: tuple[Shape, ...]) -> list[Car]:
    """Cars that wait in side streets or drive across."""
    found = []
    for begin, end in street.crossings:
        for side in (-1, 1):
            if happens(rng, 0.5):
                x, s = side * (street.half + between(rng, 3.0, 9.0)), begin + (end - begin) * (0.3 if side < 0 else 0.7)
                speed = between(rng, 1.0, 5.0) if happens(rng, 0.3) else 0.0
                found.append(car(rng, course(x, s, -side * speed, 0.0, -side * float(np.pi) / 2), shapes))
    return found


def _strollers(rng: np.random.Generator, street: Street) -> list[Walker]:
    """On both pavements, alone and in small groups."""
    found: list[Walker] = []
    for side in (-1, 1):
        s, apart = START + between(rng, 0, 10), between(rng, 7.0, 26.0)
        while s < street.end:
            speed = 0.0 if happens(rng, 0.25) else between(rng, 0.8, 1.7) * (1 if happens(rng, 0.5) else -1)
            for _ in range(1 + int(rng.poisson(1.1))):
                x = side * between(rng, street.half + 0.4, street.edge(side) - 0.3)
                heading = between(rng, 0, 2 * np.pi) if speed == 0.0 else None
                found.append(walker(rng, course(x, s + between(rng, -0.5, 0.5), 0.0, speed, heading)))
            s += between(rng, 0.4, 1.6) * apart
    return found


def _crossing_people(rng: np.random.Generator, street: Street, ride: Ride, duration: float) -> list[Walker]:
    """On their way over the road, beyond where the camera gets to in this clip."""
    found: list[Walker] = []
    if not happens(rng, 0.5):
        return found
    for _ in range(1 + int(rng.poisson(1.0))):
        speed = between(rng, 0.9, 1.8) * (1 if happens(rng, 0.5) else -1)
        s = ride.way(duration) + between(rng, 4.5, 16.0)
        middle = between(rng, -street.half, street.half)
        found.append(walker(rng, course(middle - speed * duration / 2, s, speed)))
    return found


def _cyclists(rng: np.random.Generator, street: Street, ride: Ride, duration: float) -> list[Cyclist]:
    """At the edge of the lane, both ways, some crossing."""
    found = []
    edge = street.half - (2.4 if any(street.parking) else 0.7)
    keeps = float(np.sign(street.lane))
    for _ in range(int(rng.poisson(1.6))):
        speed = max(0.0, min(ride.speed, 9.0) + between(rng, -2.5, 1.5))
        s = ride.way(duration / 2) - speed * duration / 2 + between(rng, 5.0, 22.0)
        found.append(cyclist(rng, course(keeps * max(edge, abs(street.lane) + 0.9), s, 0.0, speed)))
    for _ in range(int(rng.poisson(1.2))):
        speed = between(rng, 3.0, 7.0)
        s = ride.way(duration / 2) + speed * duration / 2 + between(rng, 5.0, 40.0)
        found.append(cyclist(rng, course(-keeps * edge, s, 0.0, -speed)))
    if happens(rng, 0.25):
        speed = between(rng, 2.5, 5.0) * (1 if happens(rng, 0.5) else -1)
        s = ride.way(duration) + between(rng, 6.0, 18.0)
        found.append(cyclist(rng, course(between(rng, -3, 3) - speed * duration / 2, s, speed)))
    return found
