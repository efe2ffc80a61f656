"""Early stopping in studies of several objectives, where Optuna has no pruning."""

from pathlib import Path

import optuna
import pytest
from study_help import cell_space, drive, plan, records, score_of, study_in

from segsmith.genotype import Genotype, fingerprint
from segsmith.study.limits import Goals
from segsmith.study.meter import Cost
from segsmith.study.results import pareto
from segsmith.study.trial import Record

TRIALS = 24
COMPLETE = optuna.trial.TrialState.COMPLETE


def dear(genotype: Genotype) -> Cost:
    """FLOPs that say nothing of the score."""
    flops = float(int(fingerprint(genotype)[8:12], 16))
    return Cost(1000, flops, 100, 10)


def run(folder: Path, objectives: tuple[str, ...], sampler: str = "random", trials: int = TRIALS) -> optuna.Study:
    space = cell_space()
    study = study_in(folder, space, sampler, objectives)
    drive(study, plan(space, trials, goals=Goals(objectives=objectives)), meter=dear)
    return study


def fate(record: Record) -> tuple[object, ...]:
    return record.state, record.reason, record.reward, record.halt_below, len(record.stages)


def test_the_same_candidates_are_stopped_whatever_the_other_objectives(tmp_path: Path) -> None:
    """Chance proposes the same networks in both studies, and the reward alone decides which are hopeless."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = run(tmp_path / "one", ("reward",)), run(tmp_path / "two", ("reward", "flops"))
    fates = [fate(record) for record in records(two)]
    assert fates == [fate(record) for record in records(one)]
    assert {state for state, *_ in fates} == {"scored", "stopped"}


@pytest.mark.parametrize(("sampler", "other"), [("nsga2", "flops"), ("tpe", "flicker")])
def test_a_stopped_candidate_is_told_with_all_its_objectives(tmp_path: Path, sampler: str, other: str) -> None:
    objectives = ("reward", other)
    study = run(tmp_path, objectives, sampler)
    space, found = cell_space(), records(study)
    stopped = [record for record in found if record.state == "stopped"]
    assert 0 < len(stopped) < TRIALS / 2
    for record in stopped:
        genotype = space.decode(record.choices)
        half_way = 0.8 * score_of(genotype)  # as study_help makes it up
        assert len(record.stages) == 1
        assert half_way < record.halt_below[0]
        assert record.reward == pytest.approx(half_way)
        expected = dear(genotype).flops if other == "flops" else 1 - half_way
        assert study.trials[record.number].state == COMPLETE
        assert study.trials[record.number].values == pytest.approx([half_way, expected])
    front = {record.number for record in pareto([r for r in found if r.state != "repeated"], objectives)}
    assert front <= {trial.number for trial in study.best_trials}


def test_gone_on_with_the_same_candidates_are_stopped(tmp_path: Path) -> None:
    objectives = ("reward", "flops")
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = run(tmp_path / "whole", objectives, "nsga2")
    for trials in (9, TRIALS):
        parts = run(tmp_path / "parts", objectives, "nsga2", trials)
    assert [fate(record) for record in records(parts)] == [fate(record) for record in records(whole)]
