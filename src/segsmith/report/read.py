"""A run's folder as a report needs it, whatever command made it and however far it is."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.genotype.load import read_genotype
from segsmith.networks.checkpoint import read_meta
from segsmith.networks.meta import Meta
from segsmith.study.results import Results, load_results
from segsmith.training.journal import read_curve
from segsmith.training.runfolder import RunFolder, read_json

RUNNING = "running"
EVALUATION = "evaluation"
TEST = "test"
SIGNS = (
    "run.json",
    "curve.csv",
    "last.safetensors",
    "study.db",
    "study.db-wal",
    "metrics.json",
    "forge.json",
    "table.part.json",
)
"""Files that a run writes while it goes on."""
INNER = ("run.json", "curve.csv", "last.safetensors", "study.db", "study.db-wal")
"""Those of the runs that a forge or a reproduction makes below its own folder; judging one later writes none."""
DEEPEST = 4
"""The ablations of ``reproduce lgcnet`` lie so many folders down."""


@dataclass(frozen=True)
class Judged:
    """How a network did on a split: a record as ``evaluate --json`` prints it, which may be empty where only pictures
    were kept; ``pictures`` is the folder that they lie in."""

    split: str
    record: Mapping[str, Any]
    pictures: Path | None = None


@dataclass(frozen=True)
class Run:
    """``name`` is what to call it on this page; ``quiet_s`` how long ago its folder was written to."""

    path: Path
    name: str
    record: Mapping[str, Any]
    judged: tuple[Judged, ...]
    curve: tuple[Mapping[str, str], ...]
    quiet_s: float

    @property
    def command(self) -> str:
        return str(self.record.get("command", EVALUATION))

    @property
    def state(self) -> str:
        return str(self.record.get("state", "finished"))

    @property
    def going(self) -> bool:
        return self.state == RUNNING

    @property
    def configuration(self) -> Mapping[str, Any]:
        return dict(self.record.get("configuration", {}))

    @cached_property
    def meta(self) -> Meta | None:
        path = RunFolder(self.path).model
        return read_meta(path) if path.exists() else None

    @cached_property
    def genotype(self) -> Genotype | None:
        """A search's is that of its best network so far."""
        if self.meta is not None:
            return self.meta.genotype
        path = RunFolder(self.path).genotype
        return read_genotype(path) if path.exists() else None

    @cached_property
    def outcome(self) -> Mapping[str, Any]:
        """What a command other than training wrote down in the end."""
        path = RunFolder(self.path).metrics
        return {} if not path.exists() or (self.judged and self.judged[0].record) else dict(read_json(path))

    @cached_property
    def results(self) -> Results | None:
        """None but for a search; a search that has only just begun has no study yet."""
        if self.command != "search" or "study" not in self.record:
            return None
        return load_results(self.path)

    @property
    def headline(self) -> Judged | None:
        """The judgement that counts: on test where there is one, else on val."""
        return next((judged for judged in self.judged if "miou" in judged.record), None)


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """The runs in these folders; a folder that holds runs, and is none itself, stands for all of them."""
    folders = [found for path in paths for found in _folders(path)]
    runs = [read_run(folder) for folder in folders]
    return [replace(run, name=name) for run, name in zip(runs, _names(folders), strict=True)]


def read_run(path: Path) -> Run:
    run = RunFolder(path)
    record = run.record() if run.exists() else {}
    judged = sorted(_judged(run), key=lambda one: (not one.record, one.split != TEST))
    return Run(path, path.resolve().name, record, tuple(judged), tuple(read_curve(run.curve)), _quiet(path))


def _folders(path: Path) -> list[Path]:
    if not path.is_dir():
        raise UserError("there is no such folder", fix="give the folder of a run", path=path)
    inner = sorted(found.parent for found in path.glob("*/run.json"))
    if inner and not RunFolder(path).exists():
        return inner
    if not RunFolder(path).exists() and not _is_evaluation(path):
        raise UserError("holds no run", fix="give what a command wrote to with -o", path=path)
    return [path]


def _is_evaluation(path: Path) -> bool:
    """What ``segsmith evaluate -o`` leaves."""
    return (path / "metrics.json").exists() or (path / "confusion.png").exists()


def _judged(run: RunFolder) -> Iterator[Judged]:
    if run.metrics.exists():
        scores = run.scores()
        split = str(scores.get("split", "val"))
        again = run.exists() and (run.path / "evaluation" / split / "metrics.json").exists()
        if "miou" in scores and not isinstance(scores["miou"], Mapping) and not again:
            yield Judged(split, scores, None if run.exists() else run.path)
    elif not run.exists():
        yield Judged("", {}, run.path)
    for folder in sorted(path for path in run.path.glob("evaluation/*") if path.is_dir()):
        kept = folder / "metrics.json"
        yield Judged(folder.name, dict(read_json(kept)) if kept.exists() else {}, folder)


def _quiet(path: Path) -> float:
    """Its stages write into folders below it, and it may write nothing itself for hours."""
    files = [path / name for name in SIGNS]
    files += [file for depth in range(1, DEEPEST + 1) for name in INNER for file in path.glob("*/" * depth + name)]
    times = [file.stat().st_mtime for file in files if file.exists()]
    return max(0.0, time.time() - max(times)) if times else 0.0


def _names(folders: Sequence[Path]) -> list[str]:
    """The last part of each path, with as many before it as tell them apart."""
    parts = [folder.resolve().parts for folder in folders]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(one[-length:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]
