"""What a person asks of a forge, and what it may be asked again."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from segsmith.errors import UserError
from segsmith.genotype.presets import STATIC_PRESETS
from segsmith.study.limits import parse_amount, parse_floors
from segsmith.study.options import plain
from segsmith.training.options import check_seed

SPACES = AUTO, DYNAMIC, TEMPLATE, LGC = "auto", "dynamic", "template", "lgc"
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
FREE = frozenset(("out", "quiet"))
"""What may be another when a forge goes on."""


@dataclass(frozen=True)
class ForgeOptions:
    """``latency`` is that of the mean frame: 40ms, or a share such as 60% of what the image network takes on every
    frame. ``budget`` is in seconds of work. ``static`` names the image network; empty: the best that fits.
    ``key_every`` 0: as the target says."""

    data: str
    out: str
    latency: str
    budget: float
    target: str = ""
    table: str = ""
    space: str = AUTO
    floors: tuple[str, ...] = ()
    static: str = ""
    key_every: int = 0
    device: str = "auto"
    seed: int = 0
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise UserError(f"there is no space {self.space!r}", fix=f"take one of {', '.join(SPACES)}")
        if self.static and self.static not in STATIC_PRESETS:
            raise UserError(f"{self.static!r} is no image network", fix=f"take one of {', '.join(STATIC_PRESETS)}")
        if self.key_every < 0:
            raise UserError(f"--key-every {self.key_every} is below one", fix="10 is one key frame in ten")
        check_seed(self.seed)
        parse_amount(self.latency, "latency", 1.0)
        parse_floors(self.floors)

    def record(self) -> dict[str, Any]:
        return asdict(self)

    def check_goes_on(self, configuration: Mapping[str, Any]) -> None:
        """Refuse to go on with a forge that is about something else."""
        for name, (before, now) in self.changed(configuration).items():
            raise UserError(
                f"holds a forge with {name.replace('_', '-')} {before!r}, not {now!r}",
                fix="ask the same, or name a new folder",
                path=self.out,
            )

    def changed(self, configuration: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """What was asked otherwise, then and now, where that makes another forge."""
        now = plain(self.record())
        pairs = {field.name: (configuration.get(field.name), now[field.name]) for field in fields(self)}
        return {name: pair for name, pair in pairs.items() if name not in FREE and pair[0] != pair[1]}


def parse_duration(text: str) -> float:
    """Seconds of ``2h``, ``1h30m``, ``10m`` or ``90s``."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([hms])", text)
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or not 0 < seconds < math.inf:
        raise UserError(f"{text!r} is no duration", fix="such as 2h, 1h30m, 10m or 90s")
    return seconds


def duration_words(seconds: float) -> str:
    """As it is written on the command line, rounded up; seconds count below ten minutes."""
    whole = math.ceil(seconds if seconds < 600 else seconds / 60)
    units = "ms" if seconds < 600 else "hm"
    large, small = divmod(whole, 60)
    return f"{large}{units[0]}" * (large > 0) + f"{small}{units[1]}" * (small > 0 or not large)
