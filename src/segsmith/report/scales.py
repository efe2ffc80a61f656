"""Axes: where the ticks stand, how numbers are written on them, and where a value lies on the paper."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """From values between ``low`` and ``high`` to the paper between ``start`` and ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def nice_step(span: float, wanted: int) -> float:
    """A round distance between ticks, so that there are at most about as many as wanted."""
    rough = span / wanted
    power = 10.0 ** floor(log10(rough))
    return power * next(step for step in STEPS if step * power >= rough * 0.999)


def ticks(values: Iterable[float], wanted: int = 5, from_zero: bool = False, whole: bool = False) -> list[float]:
    """Round numbers that enclose the values; at least two of them."""
    found = [value for value in values if isfinite(value)]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    if from_zero:
        low, high = min(0.0, low), max(0.0, high)
    if high - low <= 1e-9 * max(1.0, abs(high)):
        room = abs(high) / 10 if abs(high) > 1e-6 else 0.5
        low, high = low - room, high + room
        low = max(low, 0.0) if from_zero else low
    step = nice_step(high - low, wanted)
    if whole:
        step = max(1.0, round(step))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(step * count, 12) for count in range(first, max(last, first + 1) + 1)]


def tick_text(value: float) -> str:
    return f"{value:,.10g}" if abs(value) >= 1e-9 else "0"
