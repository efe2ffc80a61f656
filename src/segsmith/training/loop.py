"""The training loop: phases of a recipe, a budget, snapshots. What step n does hangs on the seed and n alone."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.networks.interface import State
from segsmith.training import snapshot
from segsmith.training.averaging import Average
from segsmith.training.budget import Budget, rate
from segsmith.training.guard import Interruption, LossWatch, keep_batch, out_of_memory
from segsmith.training.objective import Objective, Piece
from segsmith.training.parts import optimisers, set_learning
from segsmith.training.recipes import Recipe
from segsmith.training.room import cuts, pieces_needed
from segsmith.training.runfolder import RunFolder
from segsmith.training.snapshot import Counters
from segsmith.training.together import add_up_gradients, same_buffers

SNAPSHOT_SECONDS = 60.0

REWINDS = 5
"""So often a run goes back to the same snapshot."""

LOOK_PAUSE = 15.0
"""The least time between two looks at val, in times of what a look takes."""


class Feed(Protocol):
    """Batches of clips for one phase, the same from any step on."""

    @property
    def steps_in_epoch(self) -> int: ...

    def batches(self, start: int, salt: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Frames NxTxCxHxW and masks NxTxHxW from a step of the phase on, without end."""
        ...


@dataclass(frozen=True, slots=True)
class Status:
    """What a person wants to know while it trains."""

    step: int
    progress: float
    loss: float
    lr: float
    images: int
    seconds: float


class Stopped(Exception):
    """Asked to stop: everything is saved."""


@dataclass(frozen=True)
class Watchers:
    """Called after every step, and ``evaluations`` times on the way with the averaged weights in place."""

    report: Callable[[Status], None] = lambda status: None
    evaluate: Callable[[Status], None] = lambda status: None
    evaluations: int = 0


class Loop:
    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        budget: Budget,
        feeds: list[Feed],
        run: RunFolder,
        fabric: Fabric,
        *,
        weights: Tensor | None = None,
        teacher: nn.Module | None = None,
        watchers: Watchers = Watchers(),
        rewind: bool = False,
        compiled: bool = False,
    ) -> None:
        self.network, self.recipe, self.budget, self.run, self.fabric = network, recipe, budget, run, fabric
        self.feeds = feeds
        self.weights, self.teacher, self.watchers = weights, teacher, watchers
        self.rewind, self.compiled = rewind, compiled
        self.average = Average(network, recipe.ema) if recipe.ema else None
        self.counters = Counters()
        self.optimisers: list[torch.optim.Optimizer] = []
        self.losses = LossWatch()
        self.interruption = Interruption()
        shares = [phase.share for phase in recipe.phases]
        self.ends = budget.phase_ends(shares, [one.steps_in_epoch for one in feeds])
        self._roomy = -1  # the phase whose batches are known to fit the memory

    # ---- the way through the budget

    def train(self, resume: bool = False) -> None:
        if resume:
            self.counters = self.counters_on_disk()
        self._enter(min(self.counters.phase, len(self.recipe.phases) - 1))
        if resume:
            snapshot.restore(self.run.last, self.network, self.average, self._bare_optimisers())
        self._saved = self._ticked = self._looked = time.perf_counter()
        self._look_seconds = 0.0
        with self.interruption.heard():
            while self.counters.phase < len(self.recipe.phases):
                self._phase()
        self._save()

    def counters_on_disk(self) -> Counters:
        return snapshot.read_counters(self.run.last)

    def _phase(self) -> None:
        counters = self.counters
        for frames, masks in self.feeds[counters.phase].batches(counters.steps_in_phase, counters.salt):
            if self._phase_is_over():
                break
            if self._roomy != counters.phase:
                self._make_room(frames)
            loss = self._agreed(self._fitting_step(frames, masks))
            if not self.losses.sound(loss):
                self._go_back(loss, frames, masks)
                return
            counters.step += 1
            counters.steps_in_phase += 1
            counters.images += frames.shape[0] * frames.shape[1] * self.fabric.world_size
            self._after_step(loss)
            if self._phase_is_over():
                break
        counters.phase, counters.steps_in_phase = counters.phase + 1, 0
        if counters.phase < len(self.recipe.phases):
            self._enter(counters.phase)

    def progress(self) -> float:
        if self.budget.minutes is not None:
            return min(1.0, self.counters.seconds / (60 * self.budget.minutes))
        return min(1.0, self.counters.step / self.ends[-1])

    def _phase_is_over(self) -> bool:
        end = self.ends[self.counters.phase]
        return self.counters.step >= end if self.budget.epochs is not None else self.progress() >= end

    def _enter(self, number: int) -> None:
        """Make ready for a phase. Optimisers live on where the next phase has the same rates."""
        phase = self.recipe.phases[number]
        set_learning(self.network, phase)
        if self.fabric.world_size > 1:
            same_buffers(self.network, self.fabric)
        if self.optimisers and phase.rates == self.recipe.phases[number - 1].rates:
            return
        objective = Objective(self.network, self.recipe, self.weights, self.teacher).to(self.fabric.device)
        if self.compiled:
            objective.compile(dynamic=False)
        self.objective = self.fabric.setup_module(objective)
        self.rates = [rate.lr for rate in phase.rates]
        self.optimisers = [cast(Any, self.fabric.setup_optimizers(one)) for one in optimisers(self.network, phase)]

    # ---- one step

    def _fitting_step(self, frames: Tensor, masks: Tensor) -> float:
        """One step; a batch that does not fit the memory is cut in two until it does, and that is remembered."""
        while True:
            try:
                return self._step(frames.to(self.fabric.device), masks.to(self.fabric.device))
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error) or frames.shape[0] <= self.counters.micro:
                    raise
                if self.fabric.world_size > 1:
                    pieces = 2 * self.counters.micro
                    raise UserError("the batch does not fit the memory", fix=f"--accumulate {pieces}") from None
            self.counters.micro *= 2
            self._say(f"the batch does not fit the memory: now in {self.counters.micro} pieces")
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _make_room(self, frames: Tensor) -> None:
        """On a CPU nothing tells that memory is short, and then the run is killed: it is reckoned beforehand."""
        self._roomy = self.counters.phase
        if self.fabric.device.type != "cpu":
            return
        span = max(end - start for start, end in cuts(frames.shape[1], self.recipe.phases[self._roomy].truncate))
        shape, here = tuple(frames.shape[2:]), max(1, self.fabric.world_size)
        pieces = pieces_needed(self.network, frames.shape[0], shape, span, here)
        if pieces > self.counters.micro:
            self.counters.micro = pieces
            self._say(f"the batch would not fit the memory: in {pieces} pieces")

    def _step(self, frames: Tensor, masks: Tensor) -> float:
        self._set_rates()
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        weight = cast(Objective, self.objective.module).pixel_weights(masks)
        world = self.fabric.world_size
        if world > 1:
            weight = cast(Tensor, self.fabric.all_reduce(weight, reduce_op="sum"))
        scales = 1 / weight.clamp(min=1e-6)
        pieces = min(self.counters.micro, frames.shape[0])
        parts = list(zip(frames.tensor_split(pieces), masks.tensor_split(pieces), strict=True))
        whole = world * frames.shape[0]
        total = sum(self._clip(part, mask, scales, part.shape[0] / whole) for part, mask in parts)
        if world > 1:
            add_up_gradients(self.network, self.fabric)
        if not self._clipped():
            return math.nan  # and the weights are as they were
        for optimiser in self.optimisers:
            optimiser.step()
        if self.average is not None:
            self.average.update(self.network)
        return total

    def _clipped(self) -> bool:
        """Bring the gradients down to the recipe's length; whether they have one."""
        found = [parameter for parameter in self.network.parameters() if parameter.grad is not None]
        return bool(nn.utils.clip_grad_norm_(found, self.recipe.clip_norm or math.inf).isfinite())

    def _agreed(self, loss: float) -> float:
        """Advance the clock; the step's loss. Processes must all see one clock, one loss and one wish to stop, or
        one of them would wait for the others for ever."""
        self._tick()
        if self.fabric.world_size == 1:
            return loss
        clock = self.counters.seconds if self.fabric.is_global_zero else 0.0
        told = torch.tensor([loss, clock, self.interruption.asked], dtype=torch.float64)
        told = cast(Tensor, self.fabric.all_reduce(told.to(self.fabric.device), reduce_op="sum"))
        loss, self.counters.seconds, asked = told.tolist()
        self.interruption.asked = asked > 0
        return loss

    def _clip(self, frames: Tensor, masks: Tensor, scales: Tensor, share: float) -> float:
        """Forward and backward through a clip in pieces; between two pieces the state is cut off from the graph."""
        state: State | None = None
        total = 0.0
        for start, end in cuts(frames.shape[1], self.recipe.phases[self.counters.phase].truncate):
            piece = Piece(frames[:, start:end], masks[:, start:end], scales[start:end], share)
            loss, state = self.objective(piece, state)
            if loss.requires_grad:
                self.fabric.backward(loss)
            state = {name: value.detach() for name, value in state.items()}
            total += float(loss.detach())
        return total

    def _set_rates(self) -> None:
        recipe = self.recipe
        factor = rate(recipe.schedule, self.progress(), power=recipe.power, warmup=recipe.warmup, floor=recipe.floor)
        factor *= 0.5**self.counters.salt
        for optimiser, base in zip(self.optimisers, self.rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = base * factor
        self.lr = self.rates[0] * factor

    # ---- around it

    def _after_step(self, loss: float) -> None:
        status = self.status(loss)
        self.watchers.report(status)
        if self._look_is_due(status):
            self._look(status)
            self._save()
        elif time.perf_counter() - self._saved > SNAPSHOT_SECONDS:
            self._save()
        if self.interruption.asked:
            self._save()
            raise Stopped

    def _look_is_due(self, status: Status) -> bool:
        """At even parts of the budget, but never so often that looking takes much of it."""
        due = int(status.progress * self.watchers.evaluations)
        if due <= self.counters.evaluations or time.perf_counter() - self._looked < LOOK_PAUSE * self._look_seconds:
            return False
        self.counters.evaluations = due
        return True

    def _look(self, status: Status) -> None:
        started = time.perf_counter()
        with self.averaged():
            self.watchers.evaluate(status)
        set_learning(self.network, self.recipe.phases[self.counters.phase])
        self._looked = time.perf_counter()
        self._look_seconds = self._looked - started

    def status(self, loss: float) -> Status:
        counters = self.counters
        return Status(counters.step, self.progress(), loss, self.lr, counters.images, counters.seconds)

    def _go_back(self, loss: float, frames: Tensor, masks: Tensor) -> None:
        """A loss that is no number: stop, or go back to the last snapshot, on other batches at half the rate."""
        batch = self.run.path / "bad-batch.safetensors"
        keep_batch(batch, frames, masks)
        if not self.rewind or not self.run.last.exists():
            raise UserError(
                f"the loss became {loss:.3g} at step {self.counters.step} (its batch is in {batch.name})",
                fix=f"lower --lr, or: segsmith train --resume {self.run.path} --on-nan rewind",
                path=self.run.path,
            )
        salt = self.counters.salt + 1
        self.counters = snapshot.read_counters(self.run.last)
        if salt > self.counters.salt + REWINDS:
            raise UserError(
                f"the loss became {loss:.3g} {REWINDS + 1} times behind step {self.counters.step}",
                fix="train anew with a lower --lr",
                path=self.run.path,
            )
        self.optimisers = []
        self._enter(self.counters.phase)
        snapshot.restore(self.run.last, self.network, self.average, self._bare_optimisers())
        self.counters.salt = salt
        self.losses = LossWatch()
        self._say(f"the loss became {loss:.3g}: back to step {self.counters.step} at half the learning rate")

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The averaged weights in the network, and the trained ones back afterwards."""
        if self.average is None:
            yield
            return
        kept = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.average.shadow)
        try:
            yield
        finally:
            self.network.load_state_dict(kept)

    def _save(self) -> None:
        self._saved = time.perf_counter()
        if self.fabric.is_global_zero:
            snapshot.save(self.run.last, self.network, self.average, self._bare_optimisers(), self.counters)

    def _say(self, text: str) -> None:
        if self.fabric.is_global_zero:
            sys.stderr.write(text + "\n")

    def _tick(self) -> None:
        """The clock runs while a run does, waiting for data and evaluating included."""
        now = time.perf_counter()
        self.counters.seconds += now - self._ticked
        self._ticked = now

    def _bare_optimisers(self) -> list[torch.optim.Optimizer]:
        return [getattr(one, "optimizer", one) for one in self.optimisers]
