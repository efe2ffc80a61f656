"""How choices become trials of an Optuna study, and what a finished trial teaches a controller."""

import math
from datetime import datetime

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from segsmith.errors import UserError
from segsmith.search.baseline import INFEASIBLE
from segsmith.spaces import Choices, Space

REWARD = "reward"  # the user attribute of a trial that says what to learn from it, where that is not its value


def ask(trial: Trial, space: Space) -> Choices:
    """The study's sampler chooses, whichever it is. Parameters are named as decisions are, their values are options."""
    return tuple(d.options.index(trial.suggest_categorical(d.name, d.options)) for d in space.decisions)


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Of the decisions that leave a choice; Optuna decides the others by itself."""
    return {d.name: CategoricalDistribution(d.options) for d in space.decisions if len(d.options) > 1}


def choices_of(trial: FrozenTrial, space: Space) -> Choices | None:
    """None where the trial has not made all decisions of this space."""
    if any(trial.params.get(decision.name) not in decision.options for decision in space.decisions):
        return None
    return tuple(decision.options.index(trial.params[decision.name]) for decision in space.decisions)


def reward_of(trial: FrozenTrial, direction: StudyDirection) -> float | None:
    """What a finished trial teaches, more being better; None where it teaches nothing, as a failed one does.

    The trial's attribute ``reward`` goes before all. Else a trial that violates a constraint is infeasible, whatever
    its value. Else its value counts: a trial that was stopped early has its last intermediate value.
    """
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return None
    reward = trial.user_attrs.get(REWARD)
    if reward is None and any(violation > 0 for violation in trial.constraints.values()):
        return INFEASIBLE
    if reward is None and trial.value is not None:
        reward = trial.value if direction == StudyDirection.MAXIMIZE else -trial.value
    return float(reward) if reward is not None and math.isfinite(reward) else None


def by_completion(trial: FrozenTrial) -> tuple[datetime, int]:
    return trial.datetime_complete or datetime.max, trial.number


def reopen(study: Study) -> list[Trial]:
    """Trials that a killed driver left running, to ``ask`` and tell under their own numbers.

    What they had decided stays, and what they had not is proposed as it would have been, so that with one worker a
    study goes on as if nothing had happened.
    """
    left = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [Trial(study, trial._trial_id) for trial in left]


def seed_of(seed: int, number: int) -> int:
    """A trial's own seed: what is proposed depends on its number, never on how many were proposed in this process."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])


def check_single_objective(sampler: str, objectives: int) -> None:
    if objectives > 1:
        raise UserError(
            f"{sampler} learns from one score, and this study has {objectives}",
            fix="make them one scalar reward, or make a budget of all but one; nsga2 and tpe take several",
        )
