"""Where candidates are trained: in this process, or in processes beside it. A cluster has to offer the same."""

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from segsmith.errors import UserError
from segsmith.machine import cores
from segsmith.study.proxy.scoring import Job, Opener, Outcome, failure
from segsmith.study.worker import Broken, Done, Ready, answer, serve

WAIT_POLICY = "OMP_WAIT_POLICY"
TRIES = 2
"""How often a candidate is begun whose worker dies."""

KILLED = -9
"""The exit code of a process that had no say in it, such as one that takes too much memory. (Windows has no such
signal.)"""

GRACE_S = 5.0
"""How long a worker that has closed its link may take to end: a signal is to be somebody else's."""

LISTEN_S = 0.5
"""How long to wait for an outcome before looking at other things."""


class Pool(Protocol):
    """Takes jobs as long as ``free`` is above zero."""

    @property
    def free(self) -> int: ...

    def submit(self, job: Job) -> None: ...

    def wait(self, seconds: float) -> list[tuple[int, Outcome]]:
        """What was finished meanwhile, by the numbers of the jobs; empty where nothing was."""
        ...

    def close(self) -> None: ...


@dataclass
class InProcess:
    """One candidate at a time. A candidate that takes its process with it takes the study's."""

    opener: Opener
    jobs: deque[Job] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.proxy = self.opener.open()

    @property
    def free(self) -> int:
        return 1 - len(self.jobs)

    def submit(self, job: Job) -> None:
        self.jobs.append(job)

    def wait(self, seconds: float) -> list[tuple[int, Outcome]]:
        if not self.jobs:
            return []
        job = self.jobs.popleft()
        return [(job.number, answer(self.proxy, job))]

    def close(self) -> None:
        self.jobs.clear()


@dataclass
class Worker:
    """A process, and the job that it has. ``since``: when it began, or 0 as long as its proxy is not open; ``device``
    is known then."""

    process: SpawnProcess
    link: "Connection[Job, Ready | Broken | Done]"
    ready: bool = False
    job: Job | None = None
    since: float = 0.0
    device: str = ""

    def begin(self, job: Job) -> None:
        self.job, self.since = job, time.monotonic() if self.ready else 0.0
        with suppress(BrokenPipeError, ConnectionResetError):  # if it is dead, its link says so when it is read
            self.link.send(job)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since if self.since else 0.0

    def end(self, grace: float = 0.0) -> int | None:
        """Kill it if need be; its exit code."""
        if grace:
            self.process.join(grace)
        self.process.kill()
        self.process.join()
        self.link.close()
        return self.process.exitcode


class Processes:
    """``count`` workers with ``threads`` each. ``timeout``: seconds for a candidate, 0 for any number."""

    def __init__(self, opener: Opener, count: int, threads: int, timeout: float = 0.0) -> None:
        self.opener, self.count, self.threads, self.timeout = opener, count, threads, timeout
        self.workers: list[Worker] = []
        self.tries: dict[int, int] = {}
        self.context = multiprocessing.get_context("spawn")

    @property
    def free(self) -> int:
        return self.count - sum(worker.job is not None for worker in self.workers)

    def submit(self, job: Job) -> None:
        worker = next((worker for worker in self.workers if worker.job is None), None) or self._start()
        self.tries[job.number] = self.tries.get(job.number, 0) + 1
        worker.begin(job)

    def wait(self, seconds: float) -> list[tuple[int, Outcome]]:
        ready = wait([worker.link for worker in self.workers], seconds)
        found = [self._heard(worker) for worker in list(self.workers) if worker.link in ready]
        found += [self._late(worker) for worker in list(self.workers) if self._is_late(worker)]
        return [finished for finished in found if finished is not None]

    def close(self) -> None:
        for worker in self.workers:
            worker.end()
        self.workers.clear()

    def _start(self) -> Worker:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=serve, args=(self.opener, theirs, self.threads), daemon=True)
        with _patient():
            process.start()
        theirs.close()  # the worker has its own: when it dies, ours says so
        worker = Worker(process, ours)
        self.workers.append(worker)
        return worker

    def _heard(self, worker: Worker) -> tuple[int, Outcome] | None:
        try:
            message = worker.link.recv()
        except (EOFError, ConnectionResetError):
            return self._dead(worker)
        match message:
            case Ready(device):
                worker.ready, worker.since, worker.device = True, time.monotonic(), device
            case Broken(why):
                raise UserError(why)
            case Done(number, outcome):
                worker.job = None
                self.tries.pop(number, None)
                return number, outcome
        return None

    def _dead(self, worker: Worker) -> tuple[int, Outcome] | None:
        """Its candidate is begun once more, by another worker: with half the batch if this one may have been killed for
        its memory."""
        self.workers.remove(worker)
        seconds, code, job = worker.seconds, worker.end(GRACE_S), worker.job
        if job is None:
            return None
        if self.tries[job.number] < TRIES:
            self.submit(replace(job, half=worker.ready and code == KILLED))
            return None
        del self.tries[job.number]
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        if not worker.ready:
            fix = "if memory is short: fewer --workers, or less --memory"
            raise UserError(f"a worker {how} while it read the features, {TRIES} times", fix=fix)
        halved = ", the second time with half the batch" if job.half else ""
        return job.number, failure(f"its worker {how}, {TRIES} times{halved}", seconds, worker.device, self.threads)

    def _is_late(self, worker: Worker) -> bool:
        begun = worker.ready and worker.job is not None and self.timeout > 0
        return begun and worker.seconds > self.timeout

    def _late(self, worker: Worker) -> tuple[int, Outcome]:
        assert worker.job is not None
        self.workers.remove(worker)
        worker.end()
        self.tries.pop(worker.job.number, None)
        return late(worker.job, self.timeout, worker.device, self.threads)


def late(job: Job, timeout: float, device: str, threads: int) -> tuple[int, Outcome]:
    return job.number, failure(f"took longer than {timeout:g} s", timeout, device, threads)


@dataclass(frozen=True)
class Hands:
    """Who trains candidates. ``workers``: processes (0: this very one; None: one), or workers of a cluster (None: as
    many as fit); ``ray`` is the cluster's address or ``auto``; ``cpus`` and ``gpus`` are what each takes of it."""

    workers: int | None = None
    timeout: float = 0.0
    ray: str = ""
    cpus: float = 1.0
    gpus: float = 0.0


def open_pool(opener: Opener, hands: Hands) -> Pool:
    if hands.ray:
        try:
            from segsmith.study.ray_pool import RayPool, Share, join_cluster
        except ImportError as error:
            raise UserError(f"--ray {hands.ray}: {error}", fix="pip install segsmith[ray]") from None
        join_cluster(hands.ray)
        return RayPool(opener, hands.workers or 0, Share(hands.cpus, hands.gpus), hands.timeout)
    if hands.workers == 0:
        return InProcess(opener)
    count = hands.workers or 1
    return Processes(opener, count, threads_for(count), hands.timeout)


def each(pool: Pool, jobs: Iterable[Job]) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of jobs, by their numbers, as they come."""
    waiting, running = deque(jobs), 0
    while waiting or running:
        while waiting and pool.free > 0:
            pool.submit(waiting.popleft())
            running += 1
        for finished in pool.wait(LISTEN_S):
            running -= 1
            yield finished


@contextmanager
def _patient() -> Iterator[None]:
    """Processes started now let their threads sleep while they wait for each other, where the machine has other things
    to do: spinning, two threads were seen to take six times as long as one."""
    before = os.environ.get(WAIT_POLICY)
    os.environ.setdefault(WAIT_POLICY, "PASSIVE")
    try:
        yield
    finally:
        if before is None:
            del os.environ[WAIT_POLICY]


def threads_for(workers: int) -> int:
    """Cores for each worker, so that all together have no more threads than there are cores."""
    return max(1, cores() // workers)
