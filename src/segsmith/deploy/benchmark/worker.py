"""A process for one job: it opens the model, and times what it is asked to when it is asked."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from segsmith.data.processes import interrupts_held_back
from segsmith.deploy.benchmark.job import Job, Ready, open_job
from segsmith.deploy.benchmark.profile import costliest
from segsmith.deploy.benchmark.subjects import EAGER
from segsmith.deploy.benchmark.turns import Times, first_calls, stretch
from segsmith.errors import UserError
from segsmith.training.journal import memory

WARM = 2
"""Stretches that are run behind the first calls, before any counts."""
PAGES = Path("/proc/self/statm")
WAITING, NOTES = "OMP_WAIT_POLICY", "KINETO_LOG_LEVEL"


class Worker:
    """The job's process, seen from the one that asks."""

    def __init__(self, job: Job) -> None:
        self.job = job
        context = multiprocessing.get_context("spawn")
        self.link, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(job, theirs), daemon=True)
        with interrupts_held_back(), surroundings(job.backend):
            self.process.start()
        theirs.close()
        self.scopes: tuple[str, ...] = ()
        self.memory_mb = self.open_s = 0.0
        self.first_ms: dict[str, dict[str, float]] = {}

    def opened(self) -> "Worker":
        """When the model is ready."""
        told = self._hear()
        self.memory_mb, self.open_s, self.first_ms = told["memory_mb"], told["open_s"], told["first_ms"]
        self.scopes = tuple(self.first_ms)
        return self

    def turn(self, scope: str) -> Times:
        found: Times = self._ask("turn", scope)
        return found

    def profile(self, scope: str) -> dict[str, list[dict[str, Any]]]:
        """The nodes by part, the costliest first."""
        found: dict[str, list[dict[str, Any]]] = self._ask("profile", scope)
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.join()
        self.link.close()

    def _ask(self, *question: str) -> Any:
        self.link.send(question)
        return self._hear()

    def _hear(self) -> Any:
        try:
            fault, value = self.link.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            code = self.process.exitcode
            fix = "if memory ran out, give a smaller --size"
            raise UserError(f"{self.job.name}: its process ended with {code}", fix=fix) from None
        if fault:
            raise UserError(f"{self.job.name}: {value}")
        return value


@contextmanager
def surroundings(backend: str) -> Iterator[None]:
    """What a process reads when it starts: how threads wait, as a plain script has it for ``eager`` and as we set it
    else; and that torch's profiler keeps its notes to itself."""
    before = dict(os.environ)
    if backend == EAGER:
        os.environ.pop(WAITING, None)
    os.environ.setdefault(NOTES, "99")
    try:
        yield
    finally:
        for name in (WAITING, NOTES):
            os.environ.pop(name, None)
            os.environ.update({name: before[name]} if name in before else {})


def serve(job: Job, link: Connection) -> None:
    with suppress(EOFError, BrokenPipeError):  # who asked is gone
        try:
            answer(job, link)
        except UserError as error:
            link.send((True, str(error)))


def answer(job: Job, link: Connection) -> None:
    base, start = held_mb(), time.perf_counter()
    scopes: dict[str, Ready] = {}
    first: dict[str, dict[str, float]] = {}
    held = open_s = 0.0
    for scope, ready in open_job(job):
        open_s = open_s or time.perf_counter() - start
        scopes[scope], first[scope] = ready, first_calls(ready)
        for _ in range(WARM):
            stretch(ready, job.key_every)
        held = held or held_mb()
    link.send((False, {"memory_mb": held - base, "open_s": open_s, "first_ms": first}))
    while True:
        question, scope = link.recv()
        if question == "turn":
            link.send((False, stretch(scopes[scope], job.key_every)))
        else:
            link.send((False, costliest(job, scope, scopes[scope])))


def held_mb() -> float:
    """Megabytes that this process holds now, or the most that it has ever held where the system says no more."""
    if PAGES.exists():
        return int(PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 1000 * memory()
