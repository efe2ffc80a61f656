"""One model in one runtime: what is to be timed, as plain data, and how it is opened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segsmith.deploy.benchmark.files import GRAPH, WHOLE, Files, logits_shape
from segsmith.deploy.benchmark.frame import frame_of, street_logits
from segsmith.deploy.benchmark.runners import DrawnRunner, EagerGraph, EagerRunner, GraphRunner, seen_by
from segsmith.deploy.benchmark.subjects import EAGER, TRAINED, Subject, network_of
from segsmith.ops.blocks import Size
from segsmith.runtimes.graphs import FRAME, STEP, parts_of
from segsmith.runtimes.opening import Settings, open_runner
from segsmith.runtimes.runner import Runner


@dataclass(frozen=True)
class Job:
    """``files`` by scope, where the runtime runs files. With 0 ``threads`` the runtime decides."""

    subject: Subject
    backend: str
    size: Size
    threads: int = 0
    device: str = "cpu"
    key_every: int = 10
    classes: int = 11
    files: Mapping[str, Files] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.subject.name} in {self.backend}"

    @property
    def settings(self) -> Settings:
        return Settings(threads=self.threads, device=self.device)


class Ready(NamedTuple):
    """A runner, and what each part of it is given beside the state."""

    runner: Runner
    inputs: Mapping[str, Mapping[str, Any]]


def open_job(job: Job) -> Iterator[tuple[str, Ready]]:
    """By scope, the whole frame first; what comes second is opened when it is asked for."""
    if not job.files:
        yield from in_torch(job)
    for scope in (WHOLE, GRAPH):
        if scope in job.files:
            yield scope, opened(job, job.files[scope])


def opened(job: Job, files: Files) -> Ready:
    runner = open_runner(next(iter(files.models.values())), job.backend, job.settings)
    return Ready(runner, {part: inputs_in(path) for part, path in files.inputs.items()})


def inputs_in(path: Path) -> dict[str, Any]:
    with np.load(path) as kept:
        return {name: kept[name] for name in kept.files}


def in_torch(job: Job) -> Iterator[tuple[str, Ready]]:
    import torch

    if job.threads:
        torch.set_num_threads(job.threads)
    network, meta = network_of(job.subject, job.classes)
    trained = job.subject.kind == TRAINED
    picture = None if trained else street_logits(*logits_shape(network, meta, job.size))
    frames, parts = frame_of(job.size, meta.in_channels), parts_of(network)
    whole = {part: {FRAME: frames} for part in parts}
    if job.backend == EAGER:
        plain = EagerRunner(network, meta, parts, picture)
        yield WHOLE, Ready(plain, whole)
        seen = {part: {FRAME: seen_by(plain, frames)} for part in parts}
        yield GRAPH, Ready(EagerGraph(network, meta, parts, picture), seen)
    else:
        runner = DrawnRunner(network, meta, job.device, picture)
        yield WHOLE, Ready(runner, whole)
        yield GRAPH, Ready(GraphRunner(runner), {part: {FRAME: runner.prepared(part, frames)} for part in parts})


def has_steps(ready: Ready) -> bool:
    return STEP in ready.runner.parts
