"""All jobs in turns, in an order drawn anew for each round, until every median is known or the time is over."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from segsmith.deploy.benchmark.job import Job
from segsmith.deploy.benchmark.turns import MIX, Times
from segsmith.deploy.benchmark.worker import Worker
from segsmith.runtimes.graphs import KEY, STEP
from segsmith.runtimes.timing import FEWEST, Timing

Told = Callable[[str], None]
PARTS = (KEY, STEP, MIX)


@dataclass(frozen=True)
class Result:
    """One row: a part of a model, whole frame or graph alone."""

    job: Job
    part: str
    scope: str
    timing: Timing

    def record(self) -> dict[str, Any]:
        height, width = self.job.size
        return {
            "model": self.job.subject.name,
            "part": self.part,
            "scope": self.scope,
            "size": f"{height}x{width}",
            "backend": self.job.backend,
            "p50_ms": self.timing.median_ms,
            "p95_ms": self.timing.p95_ms,
            "p99_ms": self.timing.p99_ms,
            "fps": 1000 / self.timing.median_ms,
            "spread": self.timing.spread,
            "count": self.timing.count,
            "stable": self.timing.stable,
        }


def measured(workers: Sequence[Worker], tolerance: float, seconds: float, told: Told) -> list[Result]:
    """At least ``FEWEST`` timings of everything, however long that takes."""
    lanes = [(worker, scope) for worker in workers for scope in worker.scopes]
    times: list[Times] = [{} for _ in lanes]
    rng, start = Random(0), time.monotonic()
    waiting = list(range(len(lanes)))
    while waiting:
        rng.shuffle(waiting)
        for lane in waiting:
            worker, scope = lanes[lane]
            for part, taken in worker.turn(scope).items():
                times[lane].setdefault(part, []).extend(taken)
        passed = time.monotonic() - start
        waiting = [lane for lane in waiting if not enough(times[lane], tolerance, late=passed > seconds)]
        told(f"{len(lanes) - len(waiting)} of {len(lanes)} known, {passed:.0f} of {seconds:.0f} s")
    return [
        Result(worker.job, part, scope, Timing.of(taken[part], tolerance))
        for (worker, scope), taken in zip(lanes, times, strict=True)
        for part in PARTS
        if part in taken
    ]


def enough(times: Mapping[str, Sequence[float]], tolerance: float, late: bool) -> bool:
    timings = [Timing.of(taken, tolerance) for taken in times.values()]
    return all(one.stable or (late and one.count >= FEWEST) for one in timings)
