"""The driver of a study: asks the sampler, has candidates trained, writes down what became of them.

One process drives; it alone talks to the sampler and the storage. It may be killed at any moment: what was scored is
in the storage, and what was not is proposed again first.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from segsmith.errors import UserError
from segsmith.genotype import Genotype, fingerprint
from segsmith.genotype.jsonform import to_json
from segsmith.search.trials import ask, by_completion, reopen
from segsmith.spaces import Space
from segsmith.study.book import Book
from segsmith.study.limits import Goals
from segsmith.study.meter import Cost
from segsmith.study.pool import LISTEN_S, Pool
from segsmith.study.proxy.scoring import Job, Outcome, seed_of
from segsmith.study.stopping import Stopper
from segsmith.study.trial import ATTRIBUTE, FAILED, INFEASIBLE, REPEATED, Record

FAILURES, REFUSALS = 10, 2000
"""So many in a row end a study."""
SETTLED = 100
"""So many known networks in a row end a study that has minutes, not trials: nothing new is to come."""


@dataclass(frozen=True)
class Plan:
    """What a study is to do. ``trials`` and ``minutes`` are its budget, 0 for no bound; ``stages`` those of the
    proxy; ``classes`` the names of the classes."""

    space: Space
    goals: Goals
    classes: tuple[str, ...]
    stages: int
    seed: int = 0
    trials: int = 0
    minutes: float = 0.0
    early_stopping: bool = True
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Pending:
    """A trial without a score yet. ``twins`` propose the same network and wait for its score."""

    trial: Trial
    record: Record
    cost: Cost | None
    genotype: Genotype
    twins: list["Pending"] = field(default_factory=list)


class Driver:
    """``told`` hears of every finished trial; ``asked_to_stop`` is asked between two of them.

    ``clock`` times what the ``meter`` lets through, and only while nothing is in training.
    """

    def __init__(
        self,
        study: optuna.Study,
        plan: Plan,
        pool: Pool,
        meter: Callable[[Genotype], Cost],
        told: Callable[[Record, Book], None] = lambda record, book: None,
        asked_to_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[Genotype], float] | None = None,
    ) -> None:
        self.study, self.plan, self.pool, self.meter, self.clock = study, plan, pool, meter, clock
        self.told, self.asked_to_stop = told, asked_to_stop
        self.pending: dict[int, Pending] = {}
        self.costs: dict[str, Cost] = {}
        self.book = Book(Stopper(plan.seed))
        for record in recorded(study):
            self.book.add(record)
        self.begun, self.before = time.monotonic(), self.book.elapsed

    def run(self) -> Book:
        """Until the budget is spent, or somebody asks to stop."""
        left = self._left_behind()
        while not self.asked_to_stop():
            if self.clock is None or not self.pending:
                self._fill(left)
            if not self.pending:
                break
            for number, outcome in self.pool.wait(LISTEN_S):
                self._finish(self.pending.pop(number), outcome)
        return self.book

    def _fill(self, left: list[Trial]) -> None:
        """Give every free hand a candidate; where they are timed, no sooner than all are."""
        timed: list[Pending] = []
        while self.pool.free > len(timed) and self._wants_more(bool(left)) and not self.asked_to_stop():
            pending = self._propose(left.pop(0) if left else self.study.ask())
            if pending is None:
                continue
            self.pending[pending.trial.number] = pending
            if self.clock is None:
                self._submit(pending)
            else:
                timed.append(pending)
        for pending in timed:
            self._submit(pending)

    @property
    def settled(self) -> bool:
        return not self.plan.trials and self.book.known_again >= SETTLED

    @property
    def elapsed(self) -> float:
        """Seconds of work, those before an interruption included."""
        return self.before + time.monotonic() - self.begun

    def _left_behind(self) -> list[Trial]:
        """Trials that a killed driver left running. One that it had scored, but not told of, is told of now."""
        left = []
        for trial in reopen(self.study):
            if ATTRIBUTE in trial.user_attrs:
                self._tell(trial, Record.of(trial.user_attrs[ATTRIBUTE]))
            else:
                left.append(trial)
        return left

    def _wants_more(self, left: bool) -> bool:
        plan, waiting = self.plan, sum(1 + len(pending.twins) for pending in self.pending.values())
        if plan.trials and self.book.counted + waiting >= plan.trials:
            return False
        if self.settled and not left:
            return False
        return not plan.minutes or self.elapsed < 60 * plan.minutes

    def _propose(self, trial: Trial) -> Pending | None:
        """The candidate, if it is to be trained."""
        choices = ask(trial, self.plan.space)
        genotype = self.plan.space.decode(choices)
        mark = fingerprint(genotype)
        seed = seed_of(self.plan.seed, mark)
        record = Record(trial.number, FAILED, "", None, None, json.loads(to_json(genotype)), mark, choices, seed=seed)
        record = replace(record, versions=self.plan.versions)
        known = self.book.known(mark)
        if known is not None:
            self._write(trial, repeated(record, known))
            return None
        twin = next((pending for pending in self.pending.values() if pending.record.fingerprint == mark), None)
        pending = Pending(trial, record, None, genotype)
        if twin is not None:
            twin.twins.append(pending)
            return None
        return None if self._refuse(pending) else pending

    def _refuse(self, pending: Pending) -> bool:
        """Turn away what cannot meet the budget, before it is trained, and what nobody can tell of whether it can."""
        goals = self.plan.goals
        if not (goals.limits or goals.timed):
            return False
        cost = pending.cost = self._cost(pending)
        reason = goals.refusal(cost)
        if not reason and goals.timed and cost.latency_ms is None:
            self._write(pending.trial, replace(pending.record, reason=cost.unknown))
            return True
        if not reason:
            return False
        record = replace(pending.record, state=INFEASIBLE, reason=reason).costing(cost)
        values = tuple(record.value(objective) for objective in goals.objectives)
        self._write(pending.trial, replace(record, values=values), cost)
        return True

    def _submit(self, pending: Pending) -> None:
        halt = self.book.stopper.halt_below(pending.trial.number, self.plan.stages) if self.plan.early_stopping else ()
        pending.record = replace(pending.record, halt_below=halt)
        self.pool.submit(Job(pending.trial.number, pending.genotype, pending.record.seed, halt))
        if pending.cost is None:  # counted while the candidate is in training
            pending.cost = self._cost(pending)

    def _cost(self, pending: Pending) -> Cost:
        """Counted once: a controller may propose what was turned away again and again."""
        mark = pending.record.fingerprint
        if mark not in self.costs:
            cost = self.meter(pending.genotype)
            if self.clock is not None and not self.plan.goals.refusal(cost):
                cost = replace(cost, latency_ms=round(self.clock(pending.genotype), 4))
            self.costs[mark] = cost
        return self.costs[mark]

    def _finish(self, pending: Pending, outcome: Outcome) -> None:
        assert pending.cost is not None
        record = pending.record.trained(outcome).costing(pending.cost)
        if outcome.stages and outcome.kind != FAILED:
            record = self._rewarded(record, pending.cost)
        self._write(pending.trial, record, pending.cost)
        for twin in pending.twins:
            self._write(twin.trial, repeated(twin.record, record))

    def _rewarded(self, record: Record, cost: Cost) -> Record:
        goals, last = self.plan.goals, record.stages[-1]
        missed = goals.missed(dict(zip(self.plan.classes, last["iou"], strict=True)), last["flicker"])
        reward = goals.reward(last["reward"], cost, missed)
        record = replace(record, reward=reward, missed=tuple(missed))
        return replace(record, values=tuple(record.value(objective) for objective in goals.objectives))

    def _write(self, trial: Trial, record: Record, cost: Cost | None = None) -> None:
        """The attribute goes first: with it, a trial that nobody was told of can still be told of."""
        record = replace(record, elapsed=round(self.elapsed, 3))
        excesses = {} if cost is None else self.plan.goals.excesses(cost)
        known = trial.constraints if excesses else {}  # set already where a driver was killed right behind
        for what, excess in excesses.items():
            if what not in known:
                trial.set_constraint(what, excess)
        trial.set_user_attr(ATTRIBUTE, record.data())
        self._tell(trial, record)

    def _tell(self, trial: Trial, record: Record) -> None:
        if record.values is None:
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            self.study.tell(trial, list(record.values))
        self.book.add(record)
        self.told(record, self.book)
        self._check_hope(record)

    def _check_hope(self, record: Record) -> None:
        known = record.repeat_of is not None
        if self.book.failures >= FAILURES and not known:
            raise UserError(f"{FAILURES} candidates in a row failed, the last one so: {record.reason}")
        if self.book.refusals >= REFUSALS and known:
            raise NothingFits(
                f"{REFUSALS} candidates in a row are known to fail or to miss the budget, the last one {record.reason}",
                fix="another --seed, in a new folder, looks elsewhere",
            )
        if self.book.refusals >= REFUSALS:
            raise NothingFits(
                f"none of {REFUSALS} candidates in a row met the budget; of the last one {record.reason}",
                fix="allow more",
            )


class NothingFits(UserError):
    """So many candidates in a row missed the budget that no other is to be expected."""


def repeated(record: Record, known: Record) -> Record:
    """The trial of a network that is known: the same score, or the same failure, without training."""
    same = replace(known, number=record.number, choices=record.choices, seconds=0.0, halt_below=())
    if known.state == FAILED:
        return replace(same, reason=f"as trial {known.number}: {known.reason}", repeat_of=known.number)
    return replace(same, state=REPEATED, reason=f"the network of trial {known.number}", repeat_of=known.number)


def recorded(study: optuna.Study) -> list[Record]:
    """Of all finished trials, in the order in which they were finished."""
    trials = [trial for trial in study.get_trials(deepcopy=False) if finished(trial)]
    return [Record.of(trial.user_attrs[ATTRIBUTE]) for trial in sorted(trials, key=by_completion)]


def finished(trial: FrozenTrial) -> bool:
    return trial.state.is_finished() and ATTRIBUTE in trial.user_attrs
