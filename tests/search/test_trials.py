"""What a trial says: its choices, and what a controller learns from it."""

import optuna
import pytest
from locks import SMALL, lock, search, study_of
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from segsmith.errors import UserError
from segsmith.search import ppo
from segsmith.search.baseline import INFEASIBLE, Baseline
from segsmith.search.named import SAMPLERS, make_sampler
from segsmith.search.trials import REWARD, ask, choices_of, reward_of

UP, DOWN = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE


def trial(
    value: float | None, state: TrialState = TrialState.COMPLETE, violation: float | None = None, **attributes: object
) -> FrozenTrial:
    system = {} if violation is None else {"constraints:latency": violation}
    return optuna.create_trial(state=state, value=value, user_attrs=attributes, system_attrs=system)


@pytest.mark.parametrize(
    ("finished", "reward"),
    [
        (trial(0.4), 0.4),
        (trial(0.3, TrialState.PRUNED), 0.3),
        (trial(None, TrialState.PRUNED), None),
        (trial(None, TrialState.FAIL), None),
        (trial(None, TrialState.FAIL, **{REWARD: 0.4}), None),
        (trial(float("inf")), None),
        (trial(0.4, **{REWARD: 0.1}), 0.1),
        (trial(0.4, **{REWARD: float("nan")}), None),
        (trial(0.4, violation=0.0), 0.4),
        (trial(0.0, violation=3.5), INFEASIBLE),
        (trial(None, TrialState.PRUNED, violation=3.5), INFEASIBLE),
        (trial(0.4, violation=3.5, **{REWARD: 0.2}), 0.2),
    ],
)
def test_what_a_trial_teaches(finished: FrozenTrial, reward: float | None) -> None:
    assert reward_of(finished, UP) == reward


def test_less_is_better_when_minimising_but_a_reward_is_a_reward() -> None:
    assert reward_of(trial(0.4), DOWN) == -0.4
    assert reward_of(trial(0.4, **{REWARD: 0.7}), DOWN) == 0.7


def test_parameters_are_named_as_decisions_and_valued_as_options() -> None:
    study = study_of(make_sampler("random", SMALL))
    asked = study.ask()
    choices = ask(asked, SMALL)
    assert asked.params == SMALL.picks(choices)
    assert choices_of(study.trials[0], SMALL) == choices
    assert ask(asked, SMALL) == choices


def test_a_trial_of_another_space_has_no_choices() -> None:
    study = study_of(make_sampler("random", SMALL))
    ask(study.ask(), SMALL)
    half = study.ask()
    half.suggest_categorical("t0.op1", SMALL.operations)
    foreign = optuna.create_trial(
        value=0.1, params={"x": 1}, distributions={"x": optuna.distributions.IntDistribution(0, 3)}
    )
    assert choices_of(study.trials[1], SMALL) is None
    assert choices_of(foreign, SMALL) is None


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_users_own_network_is_taken_and_learned_from(name: str) -> None:
    key, score = lock(SMALL)
    study = study_of(make_sampler(name, SMALL))
    study.enqueue_trial(SMALL.picks(key))
    assert search(study, SMALL, score, 6)[0] == key
    half = {"t0.op1": "skip", "n1.repeat": 2}
    study.enqueue_trial(half)
    asked = study.ask()
    ask(asked, SMALL)
    assert asked.params.items() >= half.items()


def test_a_controller_follows_a_users_networks() -> None:
    key, score = lock(SMALL)
    study = study_of(ppo.PPOSampler(SMALL))
    search(study, SMALL, score, 12)
    before = matches(study, key)
    for _ in range(12):
        study.enqueue_trial(SMALL.picks(key))
    search(study, SMALL, score, 24)
    assert matches(study, key) > before + 0.5


def matches(study: optuna.Study, key: tuple[int, ...]) -> float:
    assert isinstance(study.sampler, ppo.PPOSampler)
    drawn = study.sampler.draw(study, 200, seed=1)
    return sum(mine == right for choices in drawn for mine, right in zip(choices, key, strict=True)) / len(drawn)


def test_failed_trials_change_nothing() -> None:
    _, score = lock(SMALL)
    study = study_of(ppo.PPOSampler(SMALL))
    search(study, SMALL, score, 8)
    before = study.sampler.draw(study, 5, seed=0)
    asked = study.ask()
    ask(asked, SMALL)
    study.tell(asked, state=TrialState.FAIL)
    assert study.sampler.draw(study, 5, seed=0) == before


def test_a_sampler_taken_to_another_study_starts_anew() -> None:
    _, score = lock(SMALL)
    sampler = ppo.PPOSampler(SMALL)
    search(study_of(sampler), SMALL, score, 20)
    again = search(study_of(sampler), SMALL, score, 10)
    assert again == search(study_of(ppo.PPOSampler(SMALL)), SMALL, score, 10)


def test_a_controller_learns_to_stay_within_a_budget() -> None:
    _, score = lock(SMALL)
    study = study_of(ppo.PPOSampler(SMALL))
    outside: list[bool] = []
    for _ in range(160):
        asked = study.ask()
        choices = ask(asked, SMALL)
        outside.append(sum(choices[:3]) > 3)
        asked.set_constraint("latency", 1.0 if outside[-1] else -1.0)
        study.tell(asked, 0.0 if outside[-1] else score(choices))
    assert sum(outside[-40:]) < sum(outside[:40]) / 2
    assert study.best_trial.constraints == {"latency": -1.0}


def test_the_average_moves_by_its_decay_and_not_by_what_was_turned_away() -> None:
    baseline = Baseline(decay=0.75)
    seen = []
    for reward in (0.5, INFEASIBLE, 0.7, 0.6, 0.2, 0.5, 0.9):
        baseline.update(reward)
        seen.append((baseline.mean, baseline.deviation))
    means = [0.5, 0.5, 0.6, 0.6, 0.5, 0.5, 0.6]  # plain means of up to four, then a quarter of each new distance
    deviations = [0.0, 0.0, 0.2, 0.1, 0.2, 0.15, 0.2125]  # of the distances .2, .0, .4, .0, .4 alike, one behind
    assert seen == [pytest.approx(both) for both in zip(means, deviations, strict=True)]
    assert baseline.advantage(0.7) == pytest.approx(0.1)
    assert baseline.advantage(INFEASIBLE) == pytest.approx(-0.425)


@pytest.mark.parametrize("name", ["ppo", "reinforce"])
def test_several_objectives_are_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(UserError, match=r"2 \(make them one scalar reward, or make a budget"):
        make_sampler(name, SMALL, objectives=2)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=make_sampler(name, SMALL))
    with pytest.raises(UserError, match="learns from one score"):
        study.ask()


@pytest.mark.parametrize("name", [name for name, maker in SAMPLERS.items() if maker.several])
def test_optunas_samplers_take_several_objectives(name: str) -> None:
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=make_sampler(name, SMALL, objectives=2))
    _, score = lock(SMALL)
    for _ in range(60):
        asked = study.ask()
        choices = ask(asked, SMALL)
        study.tell(asked, (score(choices), float(sum(choices))))
    assert study.best_trials


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("pp0", "quick", "did you mean ppo"),
        ("bayes", "quick", "there are ppo, reinforce"),
        ("ppo", "papers", "did you mean paper"),
        ("tpe", "paper", r"tpe has no settings, and 'paper' is asked for \(.*ppo, reinforce have some"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, settings: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        make_sampler(name, SMALL, settings=settings)


def test_a_parameter_outside_the_space_is_refused() -> None:
    study = study_of(ppo.PPOSampler(SMALL))
    with pytest.raises(UserError, match="'lr'"):
        study.ask().suggest_float("lr", 0.0, 1.0)
