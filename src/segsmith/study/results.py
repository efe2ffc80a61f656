"""What came of a search, read back from its run's folder."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from segsmith.errors import UserError
from segsmith.genotype.jsonform import from_json, to_json
from segsmith.study.analysis import analyse
from segsmith.study.book import better, merit
from segsmith.study.driver import finished
from segsmith.study.options import SearchOptions
from segsmith.study.storage import read_trials
from segsmith.study.trial import ATTRIBUTE, REPEATED, SCORED, STOPPED, Record
from segsmith.training.runfolder import RunFolder, is_held, replacing


@dataclass(frozen=True)
class Results:
    """``trials`` as the storage has them, ``records`` of the finished ones in the order of their numbers."""

    run: Path
    state: str
    configuration: Mapping[str, Any]
    trials: tuple[FrozenTrial, ...]
    records: tuple[Record, ...]
    objectives: tuple[str, ...]

    @property
    def best(self) -> Record | None:
        found: Record | None = None
        for record in self._trained():
            if better(record, found):
                found = record
        return found

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(record.state for record in self.records))

    @property
    def share_of_repeats(self) -> float:
        scored = sum(record.reward is not None for record in self.records)
        return sum(record.state == REPEATED for record in self.records) / scored if scored else 0.0

    @property
    def pareto(self) -> tuple[Record, ...]:
        return pareto([record for record in self._trained() if not record.missed], self.objectives)

    def ranked(self) -> list[Record]:
        """Every network that was trained, the best first."""
        return sorted(self._trained(), key=merit, reverse=True)

    def _trained(self) -> list[Record]:
        return [record for record in self.records if record.state in (SCORED, STOPPED)]

    def data(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        best = self.best
        return {
            "state": self.state,
            "trials": [trial_data(record) for record in self.records],
            "best": None if best is None else trial_data(best),
            "counts": self.counts,
            "repeats": self.share_of_repeats,
            "objectives": list(self.objectives),
            "pareto": [record.number for record in self.pareto],
            "analysis": asdict(analyse(self.records)),
        }


def load_results(run: Path) -> Results:
    folder = RunFolder(run)
    if not folder.exists():
        raise UserError("holds no run", fix="start one with segsmith search … -o", path=run)
    record = folder.record()
    if record["command"] != "search":
        raise UserError(f"is a run of segsmith {record['command']}", fix="give the folder of a search", path=run)
    configuration = record["configuration"]
    trials: Sequence[FrozenTrial] = ()
    if "study" in record:
        trials = read_trials(run, configuration["storage"], record["study"])
    records = tuple(Record.of(trial.user_attrs[ATTRIBUTE]) for trial in trials if finished(trial))
    objectives = _weighed(configuration)
    return Results(run, _state(run, record["state"]), configuration, tuple(trials), records, objectives)


def _weighed(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """What the Pareto front is of: the objectives, or the only one against what it costs, in time where that counts."""
    asked = tuple(configuration["objectives"])
    timed = configuration.get("latency") or configuration.get("table")
    return asked if len(asked) > 1 else (*asked, "latency" if timed else "flops")


def _state(run: Path, written: str) -> str:
    """A killed search has no time to write that it ended: its lock tells."""
    return "interrupted" if written == "running" and not is_held(run) else written


def asked_of(run: Path) -> SearchOptions:
    """What a search was asked."""
    return SearchOptions.of_record(RunFolder(run).record()["configuration"])


def best_of(run: Path, count: int) -> list[Path]:
    """Genotypes of the best networks, the best first, in files of the run's folder: ``top/trial12.json``."""
    ranked = load_results(run).ranked()
    if len(ranked) < count:
        raise UserError(f"has {len(ranked)} scored networks, not {count}", fix=f"--top {len(ranked)}", path=run)
    return [keep_genotype(run / "top" / f"trial{record.number}.json", record) for record in ranked[:count]]


def keep_genotype(path: Path, record: Record) -> Path:
    with replacing(path) as beside:
        beside.write_text(to_json(from_json(json.dumps(record.genotype))))
    return path


def trial_data(record: Record) -> dict[str, Any]:
    return {
        "number": record.number,
        "state": record.state,
        "reward": record.reward,
        "latency_ms": record.latency_ms,
        "flops": record.flops,
        "parameters": record.parameters,
        "seconds": record.seconds,
        "reason": record.reason,
        "repeat_of": record.repeat_of,
        "missed": list(record.missed),
        "fingerprint": record.fingerprint,
        "stages": [dict(stage) for stage in record.stages],
        "genotype": record.genotype,
    }


def pareto(records: Sequence[Record], objectives: Sequence[str]) -> tuple[Record, ...]:
    """Those that no other is at least as good as in everything and better in something; the cheapest first."""
    points = [(point_of(record, objectives), record) for record in records]
    kept = [record for point, record in points if not any(_beats(other, point) for other, _ in points)]
    return tuple(sorted(kept, key=lambda record: point_of(record, objectives)[1:]))


def point_of(record: Record, objectives: Sequence[str]) -> tuple[float, ...]:
    """The objectives as costs: less is better in each."""
    return tuple((-1 if name == "reward" else 1) * record.value(name) for name in objectives)


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
