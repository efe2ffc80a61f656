"""Controllers as Optuna samplers."""

from collections.abc import Callable
from typing import Any, Protocol

import torch
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from segsmith.errors import UserError
from segsmith.search.policy import Policy, small_arithmetic
from segsmith.search.trials import by_completion, check_single_objective, choices_of, distributions, reward_of, seed_of
from segsmith.spaces import Choices, Space


class Learner(Protocol):
    policy: Policy

    def learn(self, choices: Choices, reward: float) -> None: ...


class ControllerSampler(BaseSampler):
    """Proposes whole networks from a policy that learns from every finished trial, whoever proposed it.

    What it has learned is a function of the seed and of the finished trials in the order of their completion; what it
    proposes depends on that and on the trial's number. It keeps both up to date, and a new sampler on an old study
    replays it. A trial's probability is that under the policy which learns from it: with several workers the policy
    may have moved since it was proposed, and the step is then measured from where the policy is.
    """

    def __init__(self, space: Space, start: Callable[[], Learner], seed: int) -> None:
        self._space, self._start, self._seed = space, start, seed
        self._distributions = distributions(space)
        self._study = ""

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        check_single_objective(type(self).__name__, len(study.directions))

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        (choices,) = self.draw(study, 1, seed_of(self._seed, trial.number))
        picks = self._space.picks(choices)
        return {name: picks[name] for name in search_space}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        raise UserError(
            f"{type(self).__name__} proposes the decisions of the {self._space.name} space, not {param_name!r}",
            fix="search this parameter with tpe or random",
        )

    def draw(self, study: Study, count: int, seed: int) -> list[Choices]:
        """Networks from the policy as the study's finished trials have made it."""
        with small_arithmetic():
            self._catch_up(study)
            drawn = self._learner.policy.sample(count, torch.Generator().manual_seed(seed))
        return [tuple(choices) for choices in drawn.choices.tolist()]

    def _catch_up(self, study: Study) -> None:
        if study.study_name != self._study:
            self._study, self._learner, self._seen = study.study_name, self._start(), set[int]()
        trials = study.get_trials(deepcopy=False)
        fresh = [trial for trial in trials if trial.state.is_finished() and trial.number not in self._seen]
        for trial in sorted(fresh, key=by_completion):
            self._seen.add(trial.number)
            choices, reward = choices_of(trial, self._space), reward_of(trial, study.direction)
            if choices is not None and reward is not None:
                self._learner.learn(choices, reward)
