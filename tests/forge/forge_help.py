"""A forge whose stages only say that they were there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from segsmith.forge import drive
from segsmith.forge.budget import JUDGE, LOOK, PICK, REPORT, SEARCH, STATIC, TABLE, TRAIN, Share, Speeds
from segsmith.forge.facts import Facts
from segsmith.forge.options import ForgeOptions
from segsmith.latency.target import Target, processor

SPEEDS = Speeds(
    timed_s=1,
    candidate_s=5,
    collect_s=4,
    start_s=10,
    export_s=12,
    benchmark_s=20,
    judge_s=6,
    controls_s=18,
    report_s=8,
)
PLACES = {
    TABLE: ("work", "make_table"),
    STATIC: ("work", "train_static"),
    SEARCH: ("work", "search"),
    TRAIN: ("work", "train_best"),
    PICK: ("finish", "pick"),
    JUDGE: ("finish", "judge"),
    REPORT: ("finish", "write_report"),
}
FOUND = {
    TRAIN: {"trained": [{"run": "trained/trial3", "trial": 3, "miou": 0.5, "missed": []}], "reserve": None},
    PICK: {
        "trial": 3,
        "miou": 0.5,
        "missed": [],
        "latency_ms": 9.0,
        "limit_ms": 10.0,
        "measured": True,
        "equal_pixels": 1.0,
        "files": [],
    },
}


def asked(out: Path, **changes: Any) -> ForgeOptions:
    return ForgeOptions(**{"data": "toy", "out": str(out), "latency": "10ms", "budget": 600.0} | changes)


def facts() -> Facts:
    target = Target("here", processor())
    limits = {"limit_ms": 10.0, "held_ms": 9.7, "static_ms": 15.0, "lean_ms": 4.0}
    return Facts("dynamic", "arch2", target, 3, resized=False, split="test", controls=True, speeds=SPEEDS, **limits)


@dataclass
class Stages:
    """``log`` names stages as they are called, ``given`` what they were given first; ``fault`` is raised by one."""

    log: list[str] = field(default_factory=list)
    given: list[tuple[Any, ...]] = field(default_factory=list)
    plans: list[list[Share]] = field(default_factory=list)
    asked: list[ForgeOptions] = field(default_factory=list)
    fault: str = ""

    def put(self, monkeypatch: pytest.MonkeyPatch) -> "Stages":
        monkeypatch.setattr(drive, "look", self._look)
        for stage, (module, name) in PLACES.items():
            monkeypatch.setattr(getattr(drive, module), name, self._acting(stage))
        return self

    def run(self, options: ForgeOptions, plan_only: bool = False) -> dict[str, Any]:
        return drive.run_forge(options, lambda line: None, self._show, plan_only)

    def _show(self, options: ForgeOptions, facts: Facts, spent: object, shares: list[Share]) -> None:
        self.plans.append(shares)

    def _look(self, options: ForgeOptions, say: object) -> Facts:
        self.asked.append(options)
        self._came(LOOK)
        return facts()

    def _acting(self, stage: str) -> Callable[..., dict[str, Any]]:
        def act(job: object, *given: Any) -> dict[str, Any]:
            self.given.append((stage, *given))
            self._came(stage)
            return FOUND.get(stage, {})

        return act

    def _came(self, stage: str) -> None:
        self.log.append(stage)
        if stage == self.fault:
            raise KeyboardInterrupt
