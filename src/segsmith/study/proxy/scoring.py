"""Scoring a candidate: trained for a short while, judged behind every stage, stopped early where it is hopeless."""

import hashlib
import time
from dataclasses import dataclass, field
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
    """A candidate to be scored. ``halt_below``: rewards below which it is stopped, one for each stage but the last;
    ``half``: with half the batch, for the whole one is known to be too much."""

    number: int
    genotype: Genotype
    seed: int
    halt_below: tuple[float, ...] = ()
    half: bool = False


@dataclass(frozen=True, slots=True)
class StageResult:
    marks: Marks
    loss: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """``kind``: scored, stopped or failed; ``reason`` says why it was not trained to its end. ``certain``: it failed
    through its own fault, and would fail again."""

    kind: str
    reason: str
    stages: tuple[StageResult, ...]
    seconds: float
    batch: int
    device: str
    threads: int
    certain: bool = False


class Diverged(ArithmeticError):
    """A loss that is no number."""


def seed_of(study_seed: int, fingerprint: str) -> int:
    """A network is trained alike whenever it is proposed."""
    made = hashlib.blake2b(f"{study_seed} {fingerprint}".encode(), digest_size=6).digest()
    return int.from_bytes(made)


@dataclass
class Attempt:
    """The training of a candidate. ``batch`` and ``stages`` are what it has come to, where it fails half way, too."""

    proxy: Proxy
    job: Job
    batch: int = 0
    stages: list[StageResult] = field(default_factory=list)
    begun: float = field(default_factory=time.perf_counter)

    def train(self) -> tuple[str, str]:
        """What became of it, and why. Memory that is too small is met by half the batch, once."""
        for batch in self._batches():
            self.batch, self.stages = batch, []
            try:
                with torch.random.fork_rng(enabled=self.proxy.device.type == "cpu"):
                    return self._train()
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
            if self.proxy.device.type == "cuda":
                torch.cuda.empty_cache()
        return "failed", f"out of memory with a batch of {self.batch}"

    def outcome(self, kind: str, reason: str, certain: bool = False) -> Outcome:
        seconds, device = time.perf_counter() - self.begun, str(self.proxy.device)
        return Outcome(kind, reason, tuple(self.stages), seconds, self.batch, device, torch.get_num_threads(), certain)

    def _batches(self) -> list[int]:
        whole = self.proxy.batch
        half = max(1, whole // 2)
        return [half] if self.job.half or half == whole else [whole, half]

    def _train(self) -> tuple[str, str]:
        job = self.job
        torch.manual_seed(job.seed)
        candidate = self.proxy.candidate(job.genotype, self.batch, job.seed)
        for stage in range(self.proxy.stages):
            start = time.perf_counter()
            loss = candidate.learn(stage)
            if not abs(loss) < float("inf"):
                raise Diverged(f"the loss was {loss} in stage {stage + 1}")
            marks = candidate.judge(stage)
            self.stages.append(StageResult(marks, loss, time.perf_counter() - start))
            if stage < len(job.halt_below) and marks.reward < job.halt_below[stage]:
                return "stopped", f"{marks.reward:.4f} behind stage {stage + 1} is below {job.halt_below[stage]:.4f}"
        return "scored", ""


def evaluate(proxy: Proxy, job: Job) -> Outcome:
    """Train and judge; what the candidate raises is raised."""
    attempt = Attempt(proxy, job)
    return attempt.outcome(*attempt.train())


def failure(reason: str, seconds: float = 0.0, device: str = "", threads: int = 0) -> Outcome:
    """What is known of a candidate whose worker left nothing."""
    return Outcome("failed", reason, (), seconds, 0, device, threads)
