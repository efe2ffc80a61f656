"""What is known of one candidate: kept whole, as one attribute of its trial."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from segsmith.study.meter import Cost
from segsmith.study.proxy.marks import plain
from segsmith.study.proxy.scoring import Outcome

ATTRIBUTE = "segsmith"
SCORED, STOPPED, REPEATED, INFEASIBLE, FAILED = "scored", "stopped", "repeated", "infeasible", "failed"
STATES = (SCORED, STOPPED, REPEATED, INFEASIBLE, FAILED)
COUNTED = (SCORED, STOPPED, REPEATED)
"""What a budget of trials counts: those with a score."""


@dataclass(frozen=True)
class Record:
    """``reward`` is what the sampler was told, ``values`` all that it was told; None where it was told nothing.

    ``seconds`` is what the candidate took; ``elapsed`` how long the study had worked when it was done. ``stages``
    holds the marks behind every stage. ``missed`` names demands that it did not meet. ``repeat_of``: the trial that
    told all of this. ``certain``: of a failure, that it is the network's own.
    """

    number: int
    state: str
    reason: str
    reward: float | None
    values: tuple[float, ...] | None
    genotype: Mapping[str, Any]
    fingerprint: str
    choices: tuple[int, ...]
    parameters: int | None = None
    flops: float | None = None
    key_flops: int | None = None
    step_flops: int | None = None
    latency_ms: float | None = None
    stages: tuple[Mapping[str, Any], ...] = ()
    missed: tuple[str, ...] = ()
    halt_below: tuple[float, ...] = ()
    repeat_of: int | None = None
    seconds: float = 0.0
    elapsed: float = 0.0
    batch: int = 0
    device: str = ""
    threads: int = 0
    seed: int = 0
    versions: Mapping[str, str] | None = None
    certain: bool = False

    def data(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Record":
        tuples = ("values", "choices", "stages", "missed", "halt_below")
        return cls(**{**data, **{name: None if data[name] is None else tuple(data[name]) for name in tuples}})

    def value(self, objective: str) -> float:
        """Of an objective by name; the worst where it is not known."""
        match objective:
            case "reward":
                return self.reward or 0.0
            case "flicker":
                return float(self.stages[-1]["flicker"]) if self.stages else 1.0
            case "latency":
                return float("inf") if self.latency_ms is None else self.latency_ms
            case _:
                return float(getattr(self, objective))

    def costing(self, cost: Cost) -> "Record":
        return replace(
            self,
            parameters=cost.parameters,
            flops=cost.flops,
            key_flops=cost.key_flops,
            step_flops=cost.step_flops,
            latency_ms=cost.latency_ms,
        )

    def trained(self, outcome: Outcome) -> "Record":
        """With what its training left."""
        return replace(
            self,
            state=outcome.kind,
            reason=outcome.reason,
            stages=tuple(
                {**plain(stage.marks), "loss": stage.loss, "seconds": round(stage.seconds, 3)}
                for stage in outcome.stages
            ),
            seconds=round(outcome.seconds, 3),
            batch=outcome.batch,
            device=outcome.device,
            threads=outcome.threads,
            certain=outcome.certain,
        )
