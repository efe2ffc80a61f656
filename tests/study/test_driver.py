"""The driver of a study, with scores made up."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import optuna
import pytest
from study_help import (
    ACCIDENTS,
    MadeUp,
    MadeUpCandidate,
    cell_space,
    cost_of,
    drive,
    plan,
    proposals,
    records,
    score_of,
    study_in,
)

from segsmith.errors import UserError
from segsmith.genotype import Genotype, fingerprint
from segsmith.spaces import Space
from segsmith.study import driver
from segsmith.study.driver import FAILURES, Driver, recorded
from segsmith.study.limits import Goals, Limit
from segsmith.study.meter import Cost
from segsmith.study.pool import InProcess
from segsmith.study.results import pareto
from segsmith.study.trial import ATTRIBUTE


class Killed(BaseException):
    """What a kill is to the code that runs: nothing is tidied up."""


class KilledPool(InProcess):
    """Ends the driver before the n-th candidate is trained."""

    def __init__(self, after: int, made: MadeUp | None = None) -> None:
        super().__init__(made or MadeUp())
        self.left = after

    def wait(self, seconds: float) -> list:
        if not self.left:
            raise Killed
        self.left -= 1
        return super().wait(seconds)


def test_a_trial_keeps_all_that_is_known_of_it_in_one_attribute(tmp_path: Path) -> None:
    space = cell_space()
    study = study_in(tmp_path, space)
    book = drive(study, plan(space, 4, versions={"torch": "2"}))
    assert book.counted == 4
    for trial, record in zip(study.trials, records(study), strict=True):
        assert list(trial.user_attrs) == [ATTRIBUTE]
        assert trial.values == [record.reward]
        genotype = space.decode(record.choices)
        assert record.stages[-1]["reward"] == pytest.approx(score_of(genotype))
        assert record.genotype["kind"] == "dynamic"
        assert record.parameters == cost_of(genotype).parameters
        assert record.seconds >= 0
        assert record.device == "cpu"
        assert record.versions == {"torch": "2"}
        assert record.elapsed > 0


@pytest.mark.parametrize("sampler", ["random", "ppo"])
def test_a_study_that_was_killed_goes_on_as_if_nothing_had_happened(tmp_path: Path, sampler: str) -> None:
    space = cell_space()
    whole = study_in(tmp_path, space, sampler)
    drive(whole, plan(space, 8))
    folder = tmp_path / "killed"
    folder.mkdir()
    for after in (2, 0, 3):
        with pytest.raises(Killed):
            drive(study_in(folder, space, sampler), plan(space, 8), KilledPool(after))
    killed = study_in(folder, space, sampler)
    drive(killed, plan(space, 8))
    assert proposals(killed) == proposals(whole)
    assert [r.reward for r in records(killed)] == [r.reward for r in records(whole)]
    assert [r.state for r in records(killed)] == [r.state for r in records(whole)]
    assert [trial.state for trial in killed.trials] == [optuna.trial.TrialState.COMPLETE] * 8


def test_a_score_that_was_written_down_but_not_told_is_not_worked_out_again(tmp_path: Path) -> None:
    space, log = cell_space(), tmp_path / "log"
    study = study_in(tmp_path, space)

    class Interrupted(Driver):
        def _tell(self, trial: object, record: object) -> None:
            raise Killed

    with pytest.raises(Killed):
        Interrupted(study, plan(space, 3), InProcess(MadeUp(str(log))), cost_of).run()
    drive(study_in(tmp_path, space), plan(space, 3), InProcess(MadeUp(str(log))))
    assert len(log.read_text().splitlines()) == 3
    assert len(recorded(study)) == 3


def test_a_network_is_trained_once(tmp_path: Path) -> None:
    space = cell_space(1, operations=("skip",), aggregations=("wsum",), inputs=("prev:dec", "layer2"))
    log = tmp_path / "log"
    study = study_in(tmp_path, space)
    book = drive(study, plan(space, 12), InProcess(MadeUp(str(log))))
    trained = log.read_text().splitlines()
    found = records(study)
    assert len(trained) == len(set(trained)) == len({record.fingerprint for record in found}) < 12
    assert book.repeats == 12 - len(trained)
    first = {record.number: record for record in found if record.repeat_of is None}
    for record in found:
        if record.repeat_of is not None:
            assert record.state == "repeated"
            assert record.reward == first[record.repeat_of].reward
            assert record.seconds == 0


class TwoAtOnce(InProcess):
    """Holds two candidates, and finishes the later one first."""

    @property
    def free(self) -> int:
        return 2 - len(self.jobs)

    def wait(self, seconds: float) -> list:
        self.jobs.rotate(1)
        return super().wait(seconds)


def test_the_same_network_proposed_twice_at_once_is_trained_once(tmp_path: Path) -> None:
    space = cell_space(1, operations=("skip",), aggregations=("wsum",), inputs=("prev:dec",))
    log = tmp_path / "log"
    study = study_in(tmp_path, space)
    drive(study, plan(space, 5), TwoAtOnce(MadeUp(str(log))))
    assert len(log.read_text().splitlines()) == 1
    assert Counter(record.state for record in records(study)) == {"scored": 1, "repeated": 4}


def test_a_study_with_minutes_ends_where_nothing_new_is_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gone on with, it ends at once; one that was asked for a number of trials has them all."""
    monkeypatch.setattr(driver, "SETTLED", 10)
    space = cell_space(1, operations=("skip",), aggregations=("wsum",), inputs=("prev:dec", "layer2"))
    study = study_in(tmp_path, space)
    book = drive(study, plan(space, 0, minutes=60.0))
    assert book.known_again == 10
    assert all(record.state == "repeated" for record in records(study)[-10:])
    assert drive(study, plan(space, 0, minutes=60.0)).counted == book.counted
    assert drive(study, plan(space, book.counted + 5)).counted == book.counted + 5


def half_alone(genotype: Genotype) -> Cost:
    """Only steps at half size are cheap."""
    return replace(cost_of(genotype), flops=50.0 if genotype.settings["step_scale"] == 0.5 else 200.0)


def test_refused_networks_that_are_proposed_again_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "SETTLED", 30)
    few = {"operations": ("skip",), "aggregations": ("wsum",), "inputs": ("prev:dec",), "step_scales": (1.0, 0.5)}
    space = cell_space(1, **few)
    study = study_in(tmp_path, space)
    goals = Goals((Limit("flops", 100.0),))
    book = drive(study, plan(space, 0, minutes=60.0, goals=goals), meter=half_alone)
    assert book.known_again == 30
    assert {record.state for record in records(study)[-30:]} == {"repeated", "infeasible"}


def test_what_cannot_meet_the_budget_is_turned_away_before_it_is_trained(tmp_path: Path) -> None:
    space, log = cell_space(2, step_scales=(1.0, 0.5)), tmp_path / "log"
    study = study_in(tmp_path, space)
    goals = Goals((Limit("flops", 100.0),))
    Driver(study, plan(space, 6, goals=goals), InProcess(MadeUp(str(log))), half_alone).run()
    found = records(study)
    refused = [record for record in found if record.state == "infeasible"]
    assert refused
    assert len(log.read_text().splitlines()) == 6 == len(found) - len(refused)
    for record in refused:
        assert record.reason == "200 FLOPs a frame are above the budget of 100"
        assert record.reward is None
        assert study.trials[record.number].constraints == {"flops": 1.0}
    assert study.best_trial.number not in {record.number for record in refused}


def test_a_latency_budget_trains_nothing_above_it_and_nothing_of_unknown_latency(tmp_path: Path) -> None:
    space, log = cell_space(2), tmp_path / "log"
    study = study_in(tmp_path, space)

    def meter(genotype: Genotype) -> Cost:
        """Latencies from 20 to 80 ms; of the slowest nothing is known."""
        ms = 100 * score_of(genotype)
        return replace(cost_of(genotype), **({"latency_ms": ms} if ms < 70 else {"unknown": "no such piece"}))

    goals = Goals((Limit("latency", 50.0),))
    Driver(study, plan(space, 8, goals=goals, early_stopping=False), InProcess(MadeUp(str(log))), meter).run()
    assert len(log.read_text().splitlines()) == 8
    seen = set()
    for trial, record in zip(study.trials, records(study), strict=True):
        ms = 100 * score_of(space.decode(record.choices))
        expected = "scored" if ms <= 50 else "infeasible" if ms < 70 else "failed"
        seen.add(expected)
        assert record.state == expected
        if expected == "scored":
            assert record.latency_ms == pytest.approx(ms)
        elif expected == "infeasible":
            assert record.reason == f"{ms:.4g} ms a frame are above the budget of 50"
            assert trial.constraints["latency"] > 0
        else:
            assert record.reason == "no such piece"
            assert trial.state == optuna.trial.TrialState.FAIL, "it teaches the sampler nothing"
    assert seen == {"scored", "infeasible", "failed"}


class TwoHands(InProcess):
    """Takes two candidates before it trains them."""

    @property
    def free(self) -> int:
        return 2 - len(self.jobs)


def test_what_is_refused_for_its_flops_is_not_timed_and_fails_nothing(tmp_path: Path) -> None:
    space, timed = cell_space(2, step_scales=(1.0, 0.5)), []

    def meter(genotype: Genotype) -> Cost:
        return replace(cost_of(genotype), flops=50.0 if genotype.settings["step_scale"] == 0.5 else 200.0)

    def clock(genotype: Genotype) -> float:
        timed.append(meter(genotype).flops)
        return 10.0

    goals = Goals((Limit("flops", 100.0), Limit("latency", 50.0)))
    study = study_in(tmp_path, space)
    Driver(study, plan(space, 6, goals=goals, early_stopping=False), InProcess(MadeUp()), meter, clock=clock).run()
    refused = [record for record in records(study) if record.state == "infeasible"]
    assert refused
    assert max(timed) <= 100
    assert all(record.latency_ms is None and "FLOPs" in record.reason for record in refused)
    assert "failed" not in {record.state for record in records(study)}


def test_candidates_are_timed_while_nothing_is_in_training(tmp_path: Path) -> None:
    space, pool, timed = cell_space(2), TwoHands(MadeUp()), []

    def clock(genotype: Genotype) -> float:
        assert not pool.jobs, "a candidate is in training"
        timed.append(fingerprint(genotype))
        return 100 * score_of(genotype)

    def meter(genotype: Genotype) -> Cost:
        """A table that rules out the slowest: they need not be timed."""
        ms = 100 * score_of(genotype)
        return replace(cost_of(genotype), latency_ms=80.0 if ms > 65 else None)

    study = study_in(tmp_path, space)
    goals = Goals((Limit("latency", 50.0),))
    drive(study, plan(space, 8, goals=goals, early_stopping=False), pool, clock=clock, meter=meter)
    found = {record.fingerprint: record for record in records(study)}
    assert len(timed) == len(set(timed))
    for mark, record in found.items():
        ms = 100 * score_of(space.decode(record.choices))
        assert (mark in timed) == (ms <= 65)
        assert record.state == ("scored" if ms <= 50 else "infeasible")
        assert record.latency_ms == pytest.approx(80.0 if ms > 65 else ms, abs=1e-3)
    assert sum(record.state == "scored" for record in found.values()) == 8


def test_a_budget_that_nothing_meets_ends_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segsmith.study.driver.REFUSALS", 5)
    space = cell_space()
    with pytest.raises(UserError, match="none of 5 candidates in a row met the budget"):
        drive(study_in(tmp_path, space), plan(space, 6, goals=Goals((Limit("parameters", 10.0),))))


def test_accidents_are_recorded_with_their_reason_and_never_as_a_score(tmp_path: Path) -> None:
    space = cell_space()
    accidents = ((0.2, 0.35, "nan later"), (0.35, 0.5, "memory"), (0.5, 0.6, "fault"), (0.6, 0.7, "half"))
    study = study_in(tmp_path, space)
    drive(study, plan(space, 8, early_stopping=False), InProcess(MadeUp(accidents=accidents)))
    reasons = {
        "nan later": "Diverged: the loss was nan in stage 2",
        "memory": "out of memory with a batch of 4",
        "fault": "ValueError: the shapes do not fit",
    }
    seen = set()
    for trial, record in zip(study.trials, records(study), strict=True):
        score = score_of(space.decode(record.choices))
        kind = next((kind for low, high, kind in accidents if low <= score < high), "")
        seen.add(kind)
        if kind in reasons:
            assert record.state == "failed"
            assert record.reason.startswith(reasons[kind])
            assert record.reward is None
            assert trial.state == optuna.trial.TrialState.FAIL
            assert record.batch == (4 if kind == "memory" else 8)
            assert record.device == "cpu"
            assert record.seed > 0
            assert record.threads > 0
            assert [stage["loss"] for stage in record.stages] == ([1.0] if kind == "nan later" else [])
        else:
            assert record.reward == pytest.approx(score)
            assert record.batch == (4 if kind == "half" else 8)
    assert seen == {"", "nan later", "memory", "fault", "half"}


def test_many_failures_in_a_row_end_the_study_with_their_reason(tmp_path: Path) -> None:
    space = cell_space()
    study = study_in(tmp_path, space)
    with pytest.raises(UserError, match=f"{FAILURES} candidates in a row failed, the last one so: ValueError"):
        drive(study, plan(space, 50), InProcess(MadeUp(accidents=((0.0, 1.0, "fault"),))))
    assert len(records(study)) == FAILURES


def few_networks() -> Space:
    """A handful, so that they are proposed again and again."""
    return cell_space(1, operations=("skip",), aggregations=("wsum",), inputs=("prev:dec", "layer2"))


def all_of(kind: str, log: Path | str = "") -> MadeUp:
    return MadeUp(str(log), accidents=((0.0, 1.0, kind),))


def low_ones(space: Space, kind: str, log: Path | str = "") -> MadeUp:
    """What happens to the lower half of a small space's networks."""
    chance = Random(0)
    scores = sorted({score_of(space.decode(space.random(chance))) for _ in range(100)})
    assert len(scores) > 2
    return MadeUp(str(log), accidents=((0.0, scores[len(scores) // 2], kind),))


@pytest.mark.parametrize("kind", ["attribute", "nan"])
def test_a_network_that_fails_by_itself_is_trained_once_and_fails_as_often_as_it_is_proposed(
    tmp_path: Path, kind: str
) -> None:
    space, log = few_networks(), tmp_path / "log"
    study = study_in(tmp_path, space)
    book = drive(study, plan(space, 40), InProcess(low_ones(space, kind, log)))
    found = records(study)
    again = [record for record in found if record.state == "failed" and record.repeat_of is not None]
    assert len(again) > FAILURES
    first = {record.number: record for record in found if record.repeat_of is None}
    for record in again:
        told = first[record.repeat_of]
        assert record.fingerprint == told.fingerprint
        assert record.reason == f"as trial {told.number}: {told.reason}"
        assert (record.seconds, record.values) == (0, None)
        assert study.trials[record.number].state == optuna.trial.TrialState.FAIL
    trained = log.read_text().splitlines()
    assert len(trained) == len(set(trained)) == len(first)
    assert book.counted == 40


def test_a_study_of_failing_networks_that_was_killed_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    space = few_networks()
    failing = low_ones(space, "attribute")
    whole = study_in(tmp_path, space, "ppo")
    drive(whole, plan(space, 12), InProcess(failing))
    folder = tmp_path / "killed"
    folder.mkdir()
    for after in (1, 0, 1):
        with pytest.raises(Killed):
            drive(study_in(folder, space, "ppo"), plan(space, 12), KilledPool(after, failing))
    killed = study_in(folder, space, "ppo")
    drive(killed, plan(space, 12), InProcess(failing))
    assert proposals(killed) == proposals(whole)
    told = [[(r.state, r.reason, r.reward, r.repeat_of) for r in records(study)] for study in (killed, whole)]
    assert told[0] == told[1]
    assert {"failed", "scored", "repeated"} <= {record.state for record in records(whole)}


def test_one_mishap_is_not_held_against_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are."""
    tried = Counter()

    def full(candidate: MadeUpCandidate) -> None:
        tried[candidate.score] += 1
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(ACCIDENTS, "fault", full)
    monkeypatch.setattr(driver, "REFUSALS", 20)
    space = cell_space(1, operations=("skip",), aggregations=("wsum",), inputs=("prev:dec",))
    study = study_in(tmp_path, space)
    with pytest.raises(UserError, match="20 candidates in a row are known to fail or to miss the budget, the last one"):
        drive(study, plan(space, 50), InProcess(all_of("fault")))
    assert set(tried.values()) == {2}


def test_a_study_with_minutes_ends_where_all_that_is_proposed_is_known_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SETTLED", 15)
    space = few_networks()
    study = study_in(tmp_path, space)
    book = drive(study, plan(space, 0, minutes=60.0), InProcess(all_of("attribute")))
    assert (book.known_again, book.counted) == (15, 0)


def test_the_same_network_proposed_twice_at_once_fails_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "REFUSALS", 5)
    space, log = cell_space(1, operations=("skip",), aggregations=("wsum",), inputs=("prev:dec",)), tmp_path / "log"
    study = study_in(tmp_path, space)
    with pytest.raises(UserError, match="5 candidates in a row are known to fail"):
        drive(study, plan(space, 4, minutes=60.0), TwoAtOnce(all_of("attribute", log)))
    assert len(log.read_text().splitlines()) == 1
    assert Counter(record.repeat_of for record in records(study)) == {None: 1, 0: 5}


def test_demands_that_are_missed_cost_reward_and_the_first_place(tmp_path: Path) -> None:
    space = cell_space()
    goals = Goals(floors={"ground": 0.6}, flicker=0.5)
    study = study_in(tmp_path, space)
    book = drive(study, plan(space, 12, goals=goals, early_stopping=False))
    for record in records(study):
        score = score_of(space.decode(record.choices))
        expected = score * min(1.0, score / 0.6) * min(1.0, 0.5 / (1 - score))
        assert record.reward == pytest.approx(expected)
        assert ("ground below 0.6" in record.missed) == (score < 0.6)
        assert ("flicker above 0.5" in record.missed) == (1 - score > 0.5)
    assert book.best is not None
    assert not book.best.missed


@pytest.mark.parametrize("other", ["flops", "flicker"])
def test_two_objectives_end_in_a_pareto_front(tmp_path: Path, other: str) -> None:
    """A made-up network flickers the less the better it is: one is best in both."""
    space, objectives = cell_space(3), ("reward", other)
    study = study_in(tmp_path, space, "nsga2", objectives)
    asked = plan(space, 20, goals=Goals(objectives=objectives), early_stopping=False)

    def meter(genotype: Genotype) -> Cost:
        return replace(cost_of(genotype), flops=float(int(fingerprint(genotype)[8:12], 16)))

    Driver(study, asked, InProcess(MadeUp()), meter).run()
    front = pareto(records(study), objectives)
    assert {record.number for record in front} == {trial.number for trial in study.best_trials}
    assert [record.value(other) for record in front] == sorted(record.value(other) for record in front)
    assert (len(front) == 1) == (other == "flicker")


def test_a_soft_budget_trains_all_and_rewards_less(tmp_path: Path) -> None:
    space = cell_space()
    study = study_in(tmp_path, space)
    drive(study, plan(space, 5, goals=Goals((Limit("parameters", 500.0, soft=2.0),)), early_stopping=False))
    for record in records(study):
        assert record.state == "scored"
        assert record.parameters is not None
        assert record.reward == pytest.approx(record.stages[-1]["reward"] * (500 / record.parameters) ** 2)


def test_stopping_when_asked_loses_nothing(tmp_path: Path) -> None:
    space = cell_space()
    study, told = study_in(tmp_path, space), []
    drive(study, plan(space, 10), told=lambda record, book: told.append(record), asked_to_stop=lambda: len(told) > 3)
    assert [record.number for record in records(study)] == [0, 1, 2, 3]


def test_a_budget_in_minutes_counts_work_alone(tmp_path: Path) -> None:
    space = cell_space()
    study = study_in(tmp_path, space)
    short = plan(space, 0, minutes=0.02)
    first = drive(study, short, InProcess(MadeUp(pause=0.05)))
    assert 1 < first.counted < 20
    again = Driver(study, short, InProcess(MadeUp()), cost_of)
    assert again.elapsed == pytest.approx(first.elapsed, abs=0.05)
    assert again.run().counted <= first.counted + 3
