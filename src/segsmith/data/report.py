"""What a check of a data set found, as plain data."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log
from typing import Any

from segsmith.data.base import Classes
from segsmith.data.faults import Fault, fault_of
from segsmith.errors import UserError

WEIGHT_BASE = 1.10


@dataclass(frozen=True, slots=True)
class SplitReport:
    """``counts`` are labelled pixels by class; ``sizes`` counts frames by WIDTHxHEIGHT."""

    clips: int
    frames: int
    labelled: int
    counts: tuple[int, ...]
    void: int
    sizes: Mapping[str, int]

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the pixels that are not void; they add up to one."""
        total = sum(self.counts)
        return tuple(count / total if total else 0.0 for count in self.counts)

    @property
    def void_share(self) -> float:
        total = sum(self.counts) + self.void
        return self.void / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """``weights`` are those of the train split's classes, empty without labels."""

    name: str
    protocol: str
    classes: Classes
    splits: Mapping[str, SplitReport]
    weights: tuple[float, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether training would work."""
        return not any(fault.fatal for fault in self.faults)

    @property
    def next_line(self) -> str:
        """What to run next, to be pasted as it stands."""
        name = shlex.quote(self.name)
        if self.ok:
            return f"segsmith train template-arch0 --data {name} -o runs/first"
        if len(self.classes) or not self.splits:
            return f"segsmith data check {name}  # once the errors are mended"
        return f"segsmith run RUN {shlex.quote(self.name.partition(':')[2])} -o overlay.mp4"

    def as_json(self) -> dict[str, Any]:
        names = self.classes.names
        sizes = sum((Counter(split.sizes) for split in self.splits.values()), Counter[str]())
        return {
            "name": self.name,
            "protocol": self.protocol,
            "splits": {
                name: {"clips": split.clips, "frames": split.frames, "labelled": split.labelled}
                for name, split in self.splits.items()
            },
            "classes": list(names),
            "shares": {
                name: dict(zip(names, split.shares, strict=True)) | {"void": split.void_share}
                for name, split in self.splits.items()
                if split.labelled
            },
            "weights": dict(zip(names, self.weights, strict=bool(self.weights))),
            "sizes": dict(sizes),
            "faults": [asdict(fault) for fault in self.faults],
            "notes": list(self.notes),
            "ok": self.ok,
            "next": self.next_line,
        }


def unreadable(name: str, error: UserError) -> Report:
    """Of a data set that could not even be opened."""
    return Report(name, "", Classes((), ()), {}, (), (fault_of(error),), ())


def class_weights(shares: Sequence[float]) -> tuple[float, ...]:
    """1 / ln(1.10 + share): rare classes count more, but none without bound."""
    return tuple(1 / log(WEIGHT_BASE + share) for share in shares)
