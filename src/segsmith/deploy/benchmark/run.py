"""The whole of a benchmark: models made ready, timed side by side, and what came out as plain data."""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segsmith.deploy.benchmark.files import Scopes, scopes_of
from segsmith.deploy.benchmark.job import Job
from segsmith.deploy.benchmark.rounds import Result, measured
from segsmith.deploy.benchmark.subjects import EAGER, EXPORTED, TORCH, TRAINED, Subject, read_subject
from segsmith.deploy.benchmark.worker import Worker
from segsmith.errors import UserError
from segsmith.machine import cores
from segsmith.models import locate
from segsmith.networks.checkpoint import read_meta
from segsmith.networks.loading import MODEL
from segsmith.ops.blocks import Size
from segsmith.runtimes.opening import open_runner
from segsmith.training.runfolder import machine, versions

USUAL = (360, 480)
Told = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """Without ``sizes`` each model is timed at its own; without ``backends`` in its usual one."""

    models: Sequence[str]
    sizes: Sequence[Size] = ()
    backends: Sequence[str] = ()
    threads: int = 0
    device: str = "cpu"
    key_every: int = 10
    classes: int = 11
    minutes: float = 5.0
    tolerance: float = 0.02
    profile: bool = False


@dataclass(frozen=True)
class Report:
    asked: Asked
    results: Sequence[Result]
    models: Sequence[Mapping[str, Any]]
    load: float
    profile: Sequence[Mapping[str, Any]] = field(default_factory=list)

    @property
    def unstable(self) -> list[Result]:
        return [result for result in self.results if not result.timing.stable]

    def record(self) -> dict[str, Any]:
        return {
            "machine": machine() | {"usable_cores": cores(), "load": self.load},
            "versions": versions(),
            "threads": self.asked.threads or "as the runtime decides",
            "device": self.asked.device,
            "key_every": self.asked.key_every,
            "tolerance": self.asked.tolerance,
            "stable": not self.unstable,
            "results": [result.record() for result in self.results],
            "models": list(self.models),
            **({"profile": list(self.profile)} if self.asked.profile else {}),
        }


def benchmark(asked: Asked, told: Told = lambda line: None) -> Report:
    """Nothing else should run meanwhile; ``load`` says how busy the machine was before."""
    if asked.key_every < 1:
        raise UserError(f"a key frame every {asked.key_every} frames is not possible", fix="give 1 or more")
    subjects = [read_subject(model) for model in asked.models]
    with tempfile.TemporaryDirectory(prefix="segsmith-benchmark-") as folder:
        return side_by_side(planned(asked, subjects, Path(folder), told), asked, told)


def side_by_side(jobs: Sequence[Job], asked: Asked, told: Told) -> Report:
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0
    with ExitStack() as stack:
        workers = []
        for job in jobs:
            told(f"opening {job.name}")
            workers.append(Worker(job))
            stack.callback(workers[-1].close)
            workers[-1].opened()
        results = measured(workers, asked.tolerance, 60 * asked.minutes, told)
        profile = [row for worker in workers for row in profiled(worker)] if asked.profile else []
        return Report(asked, results, [described(worker) for worker in workers], load, profile)


def planned(asked: Asked, subjects: Sequence[Subject], folder: Path, told: Told) -> list[Job]:
    """Every model in every backend at every size; files that several share are made once."""
    jobs, made = [], dict[tuple[str, Size, str], Scopes]()
    for subject in subjects:
        backends = [subject.backend(backend) for backend in asked.backends or ("",)]
        for size in sizes_of(subject, asked.sizes):
            for backend in backends:
                files: Scopes = {}
                if backend not in (TORCH, EAGER):
                    key = subject.name, size, backend
                    if key not in made:
                        told(f"preparing {subject.name} for {backend} at {size[0]}x{size[1]}")
                        made[key] = scopes_of(subject, backend, size, asked.classes, folder / str(len(made)))
                    files = made[key]
                job = Job(subject, backend, size, asked.threads, asked.device, asked.key_every, asked.classes, files)
                jobs.append(job)
    return jobs


def sizes_of(subject: Subject, asked: Sequence[Size]) -> list[Size]:
    """Those asked for; else its own."""
    own = USUAL
    if subject.kind == TRAINED:
        path = locate(subject.name)
        own = read_meta(path / MODEL if path.is_dir() else path).size
    if subject.kind == EXPORTED:
        fixed = open_runner(next(iter(subject.files.values()))).size
        other = [size for size in asked if fixed and size != fixed]
        if fixed and other:
            here, there = (f"{height}x{width}" for height, width in (fixed, other[0]))
            raise UserError(f"{subject.name} is for frames of {here}, not {there}", fix="export it for that size, too")
        own = fixed or USUAL
    return list(asked) or [own if any(own) else USUAL]


def described(worker: Worker) -> dict[str, Any]:
    job = worker.job
    return {
        "model": job.subject.name,
        "kind": job.subject.kind,
        "backend": job.backend,
        "size": f"{job.size[0]}x{job.size[1]}",
        "memory_mb": worker.memory_mb,
        "open_s": worker.open_s,
        "first_ms": worker.first_ms,
    }


def profiled(worker: Worker) -> list[dict[str, Any]]:
    job = worker.job
    where = {"model": job.subject.name, "backend": job.backend, "size": f"{job.size[0]}x{job.size[1]}"}
    return [
        {**where, "scope": scope, "part": part, "nodes": nodes}
        for scope in worker.scopes
        for part, nodes in worker.profile(scope).items()
    ]
