"""Candidates in processes of their own, and what may befall them."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import pytest
from study_help import ACCIDENTS, MadeUp, MadeUpProxy, cell_space, score_of

from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.study.pool import Processes
from segsmith.study.proxy.scoring import Job, Outcome
from segsmith.study.worker import Broken, answer, opened

RANGES = ((0.3, 0.4, "die"), (0.4, 0.5, "hang"), (0.5, 0.6, "fault"))


def networks() -> Iterator[Genotype]:
    space, chance = cell_space(), Random(0)
    while True:
        yield space.decode(space.random(chance))


def scoring(low: float, high: float) -> Genotype:
    return next(genotype for genotype in networks() if low <= score_of(genotype) < high)


def answers(pool: Processes, count: int) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    deadline = time.monotonic() + 300
    while len(found) < count and time.monotonic() < deadline:
        found |= dict(pool.wait(1.0))
    return found


@dataclass(frozen=True)
class CannotOpen:
    how: str

    def open(self) -> MadeUpProxy:
        if self.how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "memory":
            raise MemoryError("8 GB are not to be had")
        raise UserError("the features are gone", fix="compute them again")


def always(kind: str) -> MadeUp:
    return MadeUp(accidents=((0.0, 1.0, kind),))


JOB = Job(0, scoring(0.2, 0.8), seed=1)


@pytest.mark.slow
def test_workers_survive_what_candidates_do_and_are_replaced_where_they_do_not() -> None:
    pool = Processes(MadeUp(accidents=RANGES), count=2, threads=1, timeout=1.0)
    kinds = {"die": (0.3, 0.4), "hang": (0.4, 0.5), "fault": (0.5, 0.6), "sound": (0.6, 0.7)}
    jobs = {name: Job(number, scoring(*part), seed=1) for number, (name, part) in enumerate(kinds.items())}
    try:
        waiting, found = list(jobs.values()), {}
        while len(found) < len(jobs):
            while pool.free and waiting:
                pool.submit(waiting.pop(0))
            found |= answers(pool, 1)
    finally:
        pool.close()
    outcomes = {name: found[job.number] for name, job in jobs.items()}
    assert outcomes["die"].reason == "its worker ended with code 3, 2 times"
    assert outcomes["hang"].reason == "took longer than 1 s"
    assert outcomes["fault"].reason.startswith("ValueError: the shapes do not fit (study_help.py:")
    assert [outcome.kind for outcome in outcomes.values()] == ["failed", "failed", "failed", "scored"]
    assert outcomes["sound"].stages[-1].marks.reward == pytest.approx(score_of(jobs["sound"].genotype))
    assert {outcome.threads for outcome in outcomes.values()} == {1}
    assert {outcome.device for outcome in outcomes.values()} == {"cpu"}
    assert [outcomes[name].certain for name in ("die", "hang", "fault")] == [False, False, True]


def test_a_worker_that_was_killed_is_replaced_and_its_candidate_begun_again_with_half_the_batch() -> None:
    """It may have been killed for its memory."""
    pool = Processes(MadeUp(pause=0.3), count=1, threads=1)
    try:
        pool.submit(Job(0, scoring(0.2, 0.8), seed=1))
        while not pool.workers[0].ready:
            assert not pool.wait(1.0)
        pool.workers[0].process.kill()
        found = answers(pool, 1)[0]
    finally:
        pool.close()
    assert (found.kind, found.batch) == ("scored", 4)


@pytest.mark.slow
def test_what_is_killed_with_half_the_batch_too_has_failed() -> None:
    pool = Processes(always("kill"), count=1, threads=1)
    try:
        pool.submit(JOB)
        found = answers(pool, 1)[0]
    finally:
        pool.close()
    assert found.reason == "its worker was killed by signal 9, 2 times, the second time with half the batch"
    assert (found.device, found.threads, found.certain) == ("cpu", 1, False)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("gone", "the features are gone"),
        pytest.param(
            "killed", "a worker was killed by signal 9 while it read the features, 2 times", marks=pytest.mark.slow
        ),
    ],
)
def test_a_proxy_that_cannot_be_opened_ends_the_study_with_its_reason(how: str, words: str) -> None:
    pool = Processes(CannotOpen(how), count=1, threads=1)
    try:
        pool.submit(JOB)
        with pytest.raises(UserError, match=words):
            answers(pool, 1)
    finally:
        pool.close()


def test_whatever_keeps_a_proxy_from_being_opened_is_told() -> None:
    told = opened(CannotOpen("memory"))
    assert isinstance(told, Broken)
    assert told.why.startswith("the features cannot be read: MemoryError: 8 GB are not to be had (test_pool.py:")


def test_whatever_a_candidate_raises_is_the_reason_of_its_failure_unless_somebody_wants_to_stop() -> None:
    found = answer(always("attribute").open(), JOB)
    assert found.reason.startswith("AttributeError: an operation of the user's own has no such thing (study_help.py:")
    assert (found.kind, found.batch, found.device, found.certain) == ("failed", 8, "cpu", True)
    assert found.threads > 0
    with pytest.raises(SystemExit):
        answer(always("quit").open(), JOB)


def test_a_mishap_says_nothing_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(candidate: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(ACCIDENTS, "fault", full)
    found = answer(always("fault").open(), JOB)
    assert (found.kind, found.certain) == ("failed", False)


def test_what_diverges_keeps_the_stages_that_it_finished() -> None:
    found = answer(MadeUp(pause=0.01, accidents=((0.0, 1.0, "nan later"),)).open(), JOB)
    assert found.reason.startswith("Diverged: the loss was nan in stage 2")
    assert [stage.marks.reward for stage in found.stages] == [pytest.approx(0.8 * score_of(JOB.genotype))]
    assert found.seconds > 0.02
    assert (found.batch, found.device) == (8, "cpu")


def test_half_the_batch_is_never_nothing() -> None:
    outcome = answer(replace(always("memory").open(), batch=1), JOB)
    assert (outcome.reason, outcome.stages, outcome.certain) == ("out of memory with a batch of 1", (), False)
    assert answer(MadeUp().open(), replace(JOB, half=True)).batch == 4
