"""What holds of every sampler: it beats chance, repeats itself, and goes on as if it had never been stopped."""

from pathlib import Path

import pytest
from locks import SMALL, lock, mean, search, stored_study, study_of

from segsmith.search.named import SAMPLERS, make_sampler
from segsmith.search.sampler import ControllerSampler
from segsmith.search.trials import ask, choices_of, reopen
from segsmith.spaces import Choices

every_sampler = pytest.mark.parametrize("name", SAMPLERS)
every_controller = pytest.mark.parametrize(
    "name", [name for name in SAMPLERS if isinstance(make_sampler(name, SMALL), ControllerSampler)]
)


def last_quarter(name: str) -> list[float]:
    _, score = lock(SMALL)
    return [score(choices) for choices in search(study_of(make_sampler(name, SMALL)), SMALL, score, 200)[-50:]]


def test_all_but_random_beat_chance_within_200_trials() -> None:
    chance = last_quarter("random")
    spread = mean([abs(score - mean(chance)) for score in chance])
    for name in SAMPLERS:
        assert (mean(last_quarter(name)) > mean(chance) + 1.5 * spread) == (name != "random"), name


@every_sampler
def test_the_seed_decides(name: str) -> None:
    _, score = lock(SMALL)
    first, again, other = (search(study_of(make_sampler(name, SMALL, s)), SMALL, score, 15) for s in (3, 3, 4))
    assert first == again
    assert first != other
    assert len(set(first)) > 10


@every_sampler
def test_proposes_what_it_would_have_proposed_unstopped(name: str, tmp_path: Path) -> None:
    _, score = lock(SMALL)
    trials = 56 if name == "nsga2" else 30  # past a first generation of 50
    whole = search(study_of(make_sampler(name, SMALL, 5)), SMALL, score, trials)
    parts: list[Choices] = []
    for until in (1, 17, 28, trials):
        study = stored_study(tmp_path / "study.db", make_sampler(name, SMALL, 5))
        parts += search(study, SMALL, score, until)
    assert parts == whole


@every_sampler
@pytest.mark.parametrize("decided", [0, 3, len(SMALL.decisions)])
def test_a_trial_killed_while_it_decides_goes_on_as_before(name: str, decided: int) -> None:
    _, score = lock(SMALL)
    whole = search(study_of(make_sampler(name, SMALL)), SMALL, score, 20)
    study = study_of(make_sampler(name, SMALL))
    before = search(study, SMALL, score, 12)
    killed = study.ask()
    for decision in SMALL.decisions[:decided]:
        killed.suggest_categorical(decision.name, decision.options)
    study.sampler = make_sampler(name, SMALL)
    assert before + search(study, SMALL, score, 20) == whole
    assert [trial.number for trial in study.trials] == list(range(20))
    assert reopen(study) == []


@every_sampler
def test_trials_at_the_same_time_differ(name: str) -> None:
    study = study_of(make_sampler(name, SMALL))
    assert len({ask(study.ask(), SMALL) for _ in range(8)}) > 4


@every_controller
def test_with_several_workers_a_new_process_has_learned_the_same(name: str) -> None:
    _, score = lock(SMALL)
    study = study_of(make_sampler(name, SMALL))
    running = [study.ask() for _ in range(4)]
    choices = [ask(trial, SMALL) for trial in running]
    for finished in (2, 0, 3, 1):
        study.tell(running[finished], score(choices[finished]))
        kept, renewed = study.sampler, make_sampler(name, SMALL)
        assert isinstance(kept, ControllerSampler)
        assert isinstance(renewed, ControllerSampler)
        assert kept.draw(study, 20, seed=7) == renewed.draw(study, 20, seed=7)


@every_sampler
def test_decisions_without_a_choice_are_made_too(name: str) -> None:
    _, score = lock(SMALL)
    study = study_of(make_sampler(name, SMALL))
    made = search(study, SMALL, score, 3)
    assert [choices_of(trial, SMALL) for trial in study.trials] == made
    assert any(len(decision.options) == 1 for decision in SMALL.decisions)


@every_controller
def test_minimising_is_maximising_the_negative(name: str) -> None:
    _, score = lock(SMALL)
    up = search(study_of(make_sampler(name, SMALL)), SMALL, score, 12)
    down = study_of(make_sampler(name, SMALL), direction="minimize")
    assert search(down, SMALL, lambda choices: -score(choices), 12) == up


@every_controller
@pytest.mark.parametrize("settings", ["paper", "quick"])
def test_a_controllers_settings_reach_it(name: str, settings: str) -> None:
    sampler = make_sampler(name, SMALL, settings=settings)
    assert isinstance(sampler, ControllerSampler)
    assert sampler._start().settings == SAMPLERS[name].settings[settings]
    assert SAMPLERS[name].settings["paper"] != SAMPLERS[name].settings["quick"]
