"""What a candidate may cost, and what it has to reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from string import ascii_letters

from segsmith.errors import UserError
from segsmith.study.meter import Cost

LARGE = {"G": 1e9, "M": 1e6}
COUNTS = LARGE | {"k": 1e3}
COSTS = {"flops": "FLOPs a frame", "parameters": "parameters", "latency": "ms a frame"}
"""What can be limited, and what it is called."""
UNITS = {"flops": COUNTS, "parameters": COUNTS, "latency": {"ms": 1.0}}
HELD = 0.97
"""What candidates that are timed are held to, as a share of their budget: on a quiet machine timings repeat
within two or three percent, and a search that pushes against its budget finds those that were timed too short."""
SUCH = {"flops": "2.5G, 900M", "parameters": "300k, 0.3M", "latency": "40ms"}
"""How amounts of each are written."""


@dataclass(frozen=True, slots=True)
class Limit:
    """``what`` is a key of COSTS. A candidate that costs more than ``most`` is turned away before it is trained; with
    ``soft`` above zero it is trained, and its reward is multiplied by (most / cost) ** soft."""

    what: str
    most: float
    soft: float = 0.0

    def excess(self, cost: Cost) -> float:
        """How far above the limit, as a share of it; at most zero where it is met."""
        return (value_of(self.what, cost) - self.most) / self.most

    def said(self, cost: Cost) -> str:
        return f"{shown(value_of(self.what, cost))} {COSTS[self.what]} are above the budget of {shown(self.most)}"


@dataclass(frozen=True)
class Goals:
    """``floors`` are IoUs to be reached, by class; ``flicker`` (0: any) is not to be exceeded. What misses them
    keeps its score, but earns less: the reward is multiplied by the share that was reached."""

    limits: tuple[Limit, ...] = ()
    floors: Mapping[str, float] = field(default_factory=dict)
    flicker: float = 0.0
    objectives: tuple[str, ...] = ("reward",)

    @property
    def timed(self) -> bool:
        """Whether a network has to have a known latency."""
        return "latency" in self.objectives or any(limit.what == "latency" for limit in self.limits)

    def excesses(self, cost: Cost) -> dict[str, float]:
        """By what is limited, hard limits alone, as far as costs are known."""
        return {limit.what: limit.excess(cost) for limit in self._hard(cost)}

    def refusal(self, cost: Cost) -> str:
        """Why a candidate is not worth training; empty where it is, as far as its costs are known."""
        return "; ".join(limit.said(cost) for limit in self._hard(cost) if limit.excess(cost) > 0)

    def _hard(self, cost: Cost) -> list[Limit]:
        hard = [limit for limit in self.limits if not limit.soft]
        return [limit for limit in hard if limit.what != "latency" or cost.latency_ms is not None]

    def missed(self, iou: Mapping[str, float | None], flicker: float | None) -> dict[str, float]:
        """The share that was reached of every demand that was not."""
        found = {}
        for name, floor in self.floors.items():
            reached = iou[name]
            if reached is not None and reached < floor:
                found[f"{name} below {floor:g}"] = reached / floor
        if self.flicker and flicker is not None and flicker > self.flicker:
            found[f"flicker above {self.flicker:g}"] = self.flicker / flicker
        return found

    def reward(self, score: float, cost: Cost, missed: Mapping[str, float]) -> float:
        """What the sampler is told."""
        for share in missed.values():
            score *= share
        for limit in self.limits:
            if limit.soft and limit.excess(cost) > 0:
                score *= (limit.most / value_of(limit.what, cost)) ** limit.soft
        return score

    def check(self, names: Sequence[str], video: bool) -> None:
        if not video and (self.flicker or "flicker" in self.objectives):
            raise UserError("single images do not flicker", fix="steadiness can be asked of dynamic cells")
        for name in self.floors:
            if name not in names:
                raise UserError(f"--floor {name}: there is no such class", fix=f"classes: {', '.join(names)}")


def value_of(what: str, cost: Cost) -> float:
    value = {"flops": cost.flops, "parameters": cost.parameters, "latency": cost.latency_ms}[what]
    if value is None:
        raise UserError(f"a latency is not known: {cost.unknown or 'there is no table'}")
    return float(value)


def parse_amount(text: str, what: str, whole: float | None = None) -> float:
    """``2.5G``, ``40ms``, a plain number, or ``60%`` of ``whole``. ``what`` is a key of COSTS: each has units of its
    own, and a time no others."""
    number = text.rstrip("%" + ascii_letters)
    factors = {"": 1.0, "%": (1.0 if whole is None else whole) / 100, **UNITS[what]}
    try:
        value, factor = float(number), factors[text[len(number) :]]
    except (ValueError, KeyError):
        value = factor = 0.0
    if not 0 < value < inf:
        raise UserError(f"--{what} {text!r} is no amount", fix=f"such as {SUCH[what]} or 60%")
    if text.endswith("%") and whole is None:
        raise UserError(f"--{what} {text} of what? these networks stand on no static one", fix=f"such as {SUCH[what]}")
    return value * factor


def parse_floors(words: Sequence[str]) -> dict[str, float]:
    """``pedestrian=0.4``."""
    floors = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            floors[name] = float(value)
        except ValueError:
            floors[name] = 0.0
        if not 0 < floors[name] <= 1:
            raise UserError(f"--floor {word} is no class and IoU", fix="such as pedestrian=0.4")
    return floors


def shown(amount: float) -> str:
    for unit, factor in LARGE.items():
        if amount >= factor:
            return f"{amount / factor:.3g}{unit}"
    return f"{amount:,.0f}" if amount >= 1000 else f"{amount:.4g}"
