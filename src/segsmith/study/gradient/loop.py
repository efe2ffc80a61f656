"""The differentiable search: weights and choices learn from the same backward pass.

What step n does hangs on the seed and n alone, so a snapshot (weights, logits, optimisers, beta) is all that going on
needs: a search that was killed ends with the same network.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from segsmith.errors import UserError
from segsmith.search.architecture import Architecture
from segsmith.search.costs import CostModel
from segsmith.search.steering import LatencyWeight
from segsmith.study.gradient.lessons import Lesson
from segsmith.study.gradient.settings import GradientSettings
from segsmith.training import snapshot
from segsmith.training.budget import Budget, rate
from segsmith.training.guard import Interruption
from segsmith.training.runfolder import RunFolder
from segsmith.training.snapshot import Counters

SNAPSHOT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a search stands. ``expected`` is the mean cost of a network that is drawn now, ``derived`` that of the
    most probable one."""

    step: int
    progress: float
    seconds: float
    loss: float
    expected: float
    derived: float
    beta: float
    entropy: float
    temperature: float


@dataclass
class Searched:
    """What learns, and what it costs."""

    supernet: nn.Module
    architecture: Architecture
    costs: CostModel
    weight: LatencyWeight

    def module(self) -> nn.Module:
        return nn.ModuleList([self.supernet, self.architecture, self.weight])


class SearchLoop:
    """``told`` hears of every step."""

    def __init__(
        self,
        searched: Searched,
        lesson: Lesson,
        settings: GradientSettings,
        budget: Budget,
        run: RunFolder,
        seed: int,
        told: Callable[[Moment], None] = lambda moment: None,
    ) -> None:
        self.searched, self.lesson, self.settings, self.budget = searched, lesson, settings, budget
        self.run, self.seed, self.told = run, seed, told
        self.counters = Counters()
        self.interruption = Interruption()
        weights = [p for p in searched.supernet.parameters() if p.requires_grad]
        guides = [] if searched.architecture.guide is None else list(searched.architecture.guide.parameters())
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.SGD(weights, settings.lr, settings.momentum, weight_decay=settings.decay),
            torch.optim.Adam(
                [
                    {"params": searched.architecture.own.parameters(), "lr": settings.arch_lr},
                    {"params": guides, "lr": settings.guide_lr},
                ],
                betas=settings.arch_betas,
                weight_decay=settings.arch_decay,
            ),
        ]

    def resume(self) -> int:
        """Go on from the snapshot, where there is one; the step that the search stands at."""
        if self.run.last.exists():
            self.counters = snapshot.restore(self.run.last, self.searched.module(), None, self.optimisers)
        return self.counters.step

    def search(self) -> bool:
        """Whether the budget is spent; it is not where somebody asked to stop."""
        self.saved = self.ticked = time.perf_counter()
        self.searched.supernet.train()
        with self.interruption.heard():
            if self.progress() < 1:
                self._steps()
        self._save()
        return self.progress() >= 1

    def progress(self) -> float:
        return self.budget.progress(self.counters.step, self.lesson.steps_in_epoch, self.counters.seconds)

    @property
    def temperature(self) -> float:
        """From the first to the last one in even steps: choices stay soft, and can be swayed, for most of the time."""
        first, last = self.settings.temperature
        return first + (last - first) * self.progress()

    def _steps(self) -> None:
        for batch in self.lesson.batches(self.counters.step):
            before = self.progress()
            loss = self._step(batch)
            self.counters.step += 1
            self._tick()
            derived = self.searched.costs.price(self.searched.architecture.picks())
            if before >= self.settings.warmup:
                self.searched.weight.steer(derived, self.progress() - before)
            self.told(self._moment(loss, derived))
            if time.perf_counter() - self.saved > SNAPSHOT_SECONDS:
                self._save()
            if self.progress() >= 1 or self.interruption.asked:
                return

    def _step(self, batch: object) -> float:
        one, settings = self.searched, self.settings
        learns = self.progress() >= settings.warmup
        for group in self.optimisers[0].param_groups:
            floor = settings.lr_end / settings.lr
            group["lr"] = settings.lr * rate("cosine", self.progress(), power=0.0, warmup=0.0, floor=floor)
        with torch.set_grad_enabled(learns):
            shares = one.architecture.draw(self.seed, self.counters.step, self.temperature, settings.one_path)
        loss = self.lesson.loss(one.supernet, batch, shares)
        total = loss + one.weight.term(one.costs(shares)).to(loss) if learns else loss
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        total.backward()
        if settings.clip_norm:
            nn.utils.clip_grad_norm_(one.supernet.parameters(), settings.clip_norm)
        for optimiser in self.optimisers if learns else self.optimisers[:1]:
            optimiser.step()
        value = float(loss.detach())
        if not abs(value) < float("inf"):
            raise UserError(f"the loss became {value} in step {self.counters.step}", fix="search with a lower --lr")
        return value

    @torch.no_grad()
    def _moment(self, loss: float, derived: float) -> Moment:
        one = self.searched
        return Moment(
            self.counters.step,
            self.progress(),
            self.counters.seconds,
            loss,
            float(one.costs(one.architecture.chances())),
            derived,
            float(one.weight.beta),
            one.architecture.entropy(),
            self.temperature,
        )

    def _tick(self) -> None:
        now = time.perf_counter()
        self.counters.seconds += now - self.ticked
        self.ticked = now

    def _save(self) -> None:
        self.saved = time.perf_counter()
        snapshot.save(self.run.last, self.searched.module(), None, self.optimisers, self.counters)
