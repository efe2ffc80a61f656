"""How long a run may take, in epochs or in minutes, and how far it has come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from segsmith.errors import UserError


@dataclass(frozen=True, slots=True)
class Budget:
    """Epochs (such a run repeats bit for bit on a CPU) or minutes of work, interruptions not counted."""

    epochs: float | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.epochs, self.minutes) if value is not None]
        if len(given) != 1:
            raise UserError("a run needs --epochs or --minutes, one of the two")
        if not (math.isfinite(given[0]) and given[0] > 0):
            raise UserError(f"a budget of {given[0]} is not above zero")

    def progress(self, step: int, steps_in_epoch: int, seconds: float) -> float:
        """From 0 to 1: what the schedules run on, so that every budget anneals fully."""
        if self.epochs is not None:
            return min(1.0, step / max(1, self.steps(steps_in_epoch)))
        assert self.minutes is not None
        return min(1.0, seconds / (60 * self.minutes))

    def steps(self, steps_in_epoch: int) -> int:
        assert self.epochs is not None
        return max(1, round(self.epochs * steps_in_epoch))

    def phase_ends(self, shares: Sequence[float], steps_in_epoch: Sequence[int]) -> list[float]:
        """Where each phase ends: in steps for a budget in epochs, in progress for one in minutes."""
        if self.epochs is None:
            return [sum(shares[: n + 1]) for n in range(len(shares) - 1)] + [1.0]
        ends, total = [], 0
        for share, steps in zip(shares, steps_in_epoch, strict=True):
            total += max(1, round(self.epochs * share * steps))
            ends.append(float(total))
        return ends

    def __str__(self) -> str:
        return f"{self.epochs:g} epochs" if self.epochs is not None else f"{self.minutes:g} minutes"


def poly(progress: float, power: float = 0.9) -> float:
    return float((1 - progress) ** power)


def cosine(progress: float, _power: float = 0.0) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))


def constant(_progress: float, _power: float = 0.0) -> float:
    return 1.0


SCHEDULES = {"poly": poly, "cosine": cosine, "constant": constant}


def rate(schedule: str, progress: float, *, power: float, warmup: float, floor: float = 0.0) -> float:
    """The learning rate's multiplier: a linear warm-up over the first part, then the schedule over the rest."""
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    after = (progress - warmup) / (1 - warmup)
    return floor + (1 - floor) * SCHEDULES[schedule](after, power)
