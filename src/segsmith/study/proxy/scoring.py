"""Scoring a candidate: trained for a short while, judged behind every stage, stopped early where it is hopeless."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from segsmith.genotype import Genotype
from segsmith.study.proxy.marks import Marks
from segsmith.study.proxy.store import Move
from segsmith.training.guard import out_of_memory


class Candidate(Protocol):
    """A network in training."""

    def learn(self, stage: int) -> float:
        """Train for one stage; the last epoch's mean loss."""
        ...

    def judge(self, stage: int) -> Marks: ...


class Proxy(Protocol):
    """Makes candidates. It knows data and nothing of who proposes."""

    @property
    def stages(self) -> int: ...

    @property
    def batch(self) -> int:
        """Clips or frames."""
        ...

    @property
    def device(self) -> torch.device: ...

    def candidate(self, genotype: Genotype, batch: int, seed: int) -> Candidate: ...


class Opener(Protocol):
    """What is sent to another process, to open a proxy there. It holds data, or says where they lie."""

    def open(self) -> Proxy: ...

    def longer(self, factor: float) -> "Opener":
        """The same, with so many times the epochs."""
        ...

    def moved(self, move: Move) -> "Opener":
        """The same, with its data where other machines can read them."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """A candidate to be scored. ``halt_below``: rewards below which it is stopped, one for each stage but the last."""

    number: int
    genotype: Genotype
    seed: int
    halt_below: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class StageResult:
    marks: Marks
    loss: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """``kind``: scored, stopped or failed; ``reason`` says why it was not trained to its end."""

    kind: str
    reason: str
    stages: tuple[StageResult, ...]
    seconds: float
    batch: int
    device: str
    threads: int


class Diverged(ArithmeticError):
    """A loss that is no number."""


def seed_of(study_seed: int, fingerprint: str) -> int:
    """A network is trained alike whenever it is proposed."""
    made = hashlib.blake2b(f"{study_seed} {fingerprint}".encode(), digest_size=6).digest()
    return int.from_bytes(made)


def evaluate(proxy: Proxy, job: Job) -> Outcome:
    """Train and judge. Memory that is too small is met by half the batch, once."""
    start = time.perf_counter()
    batches = [batch for batch in (proxy.batch, proxy.batch // 2) if batch]
    for batch in batches:
        try:
            with torch.random.fork_rng(enabled=proxy.device.type == "cpu"):
                kind, reason, stages = _train(proxy, job, batch)
        except (RuntimeError, MemoryError) as error:
            if not (isinstance(error, MemoryError) or out_of_memory(error)):
                raise
            if proxy.device.type == "cuda":
                torch.cuda.empty_cache()
            kind, reason, stages = "failed", f"out of memory with a batch of {batch}", ()
        else:
            break
    seconds = time.perf_counter() - start
    return Outcome(kind, reason, tuple(stages), seconds, batch, str(proxy.device), torch.get_num_threads())


def failure(reason: str, seconds: float = 0.0) -> Outcome:
    """What is known of a candidate that left nothing but a reason."""
    return Outcome("failed", reason, (), seconds, 0, "", 0)


def _train(proxy: Proxy, job: Job, batch: int) -> tuple[str, str, Sequence[StageResult]]:
    torch.manual_seed(job.seed)
    candidate = proxy.candidate(job.genotype, batch, job.seed)
    results: list[StageResult] = []
    for stage in range(proxy.stages):
        start = time.perf_counter()
        loss = candidate.learn(stage)
        if not abs(loss) < float("inf"):
            raise Diverged(f"the loss was {loss} in stage {stage + 1}")
        marks = candidate.judge(stage)
        results.append(StageResult(marks, loss, time.perf_counter() - start))
        if stage < len(job.halt_below) and marks.reward < job.halt_below[stage]:
            return (
                "stopped",
                f"{marks.reward:.4f} behind stage {stage + 1} is below {job.halt_below[stage]:.4f}",
                results,
            )
    return "scored", "", results
