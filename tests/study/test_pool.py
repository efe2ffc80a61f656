"""Candidates in processes of their own, and what may befall them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest
from study_help import MadeUp, MadeUpProxy, cell_space, score_of

from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.study.pool import Processes
from segsmith.study.proxy.scoring import Job, Outcome

ACCIDENTS = ((0.3, 0.4, "die"), (0.4, 0.5, "hang"), (0.5, 0.6, "fault"))


def networks() -> Iterator[Genotype]:
    space, chance = cell_space(), Random(0)
    while True:
        yield space.decode(space.random(chance))


def scoring(low: float, high: float) -> Genotype:
    return next(genotype for genotype in networks() if low <= score_of(genotype) < high)


def answers(pool: Processes, count: int) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    deadline = time.monotonic() + 120
    while len(found) < count and time.monotonic() < deadline:
        found |= dict(pool.wait(1.0))
    return found


@dataclass(frozen=True)
class CannotOpen:
    def open(self) -> MadeUpProxy:
        raise UserError("the features are gone", fix="compute them again")


@pytest.mark.slow
def test_workers_survive_what_candidates_do_and_are_replaced_where_they_do_not() -> None:
    pool = Processes(MadeUp(accidents=ACCIDENTS), count=2, threads=1, timeout=1.0)
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
    assert outcomes["sound"].threads == 1


def test_a_worker_that_was_killed_is_replaced_and_its_candidate_begun_again() -> None:
    pool = Processes(MadeUp(pause=0.3), count=1, threads=1)
    try:
        pool.submit(Job(0, scoring(0.2, 0.8), seed=1))
        while not pool.workers[0].ready:
            assert not pool.wait(1.0)
        pool.workers[0].process.kill()
        assert answers(pool, 1)[0].kind == "scored"
    finally:
        pool.close()


def test_a_proxy_that_cannot_be_opened_ends_the_study_with_its_reason() -> None:
    pool = Processes(CannotOpen(), count=1, threads=1)
    try:
        pool.submit(Job(0, scoring(0.2, 0.8), seed=1))
        with pytest.raises(UserError, match="the features are gone"):
            answers(pool, 1)
    finally:
        pool.close()
