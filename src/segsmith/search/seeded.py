"""Optuna's samplers, as a study needs them that may be killed at any moment."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from segsmith.search.trials import distributions, seed_of
from segsmith.spaces import Space


def seeded(make: Callable[..., BaseSampler]) -> "partial[SeededByTrial]":
    """``make`` takes ``seed=``."""
    return partial(SeededByTrial, make=make)


class SeededByTrial(BaseSampler):
    """One of Optuna's samplers, its luck drawn anew for each trial from the seed and the trial's number.

    By itself such a sampler starts its luck again in every process, and a study that goes on after a kill would
    propose its first networks a second time. The space is known, so it need not be inferred from past trials either.
    """

    def __init__(self, space: Space, make: Callable[..., BaseSampler], seed: int) -> None:
        self._distributions, self._make, self._seed = distributions(space), make, seed
        self._number, self._sampler = -1, make(seed=seed)

    def __str__(self) -> str:
        return str(self._sampler)

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        if trial.number != self._number:
            self._number, self._sampler = trial.number, self._make(seed=seed_of(self._seed, trial.number))
        return self._sampler

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """All decisions at once, those too that the sampler makes one by one: a trial that was killed half way through
        its decisions gets the others as it would have got them."""
        sampler = self._of(trial)
        picks = sampler.sample_relative(study, trial, search_space)
        alone = {name: distribution for name, distribution in search_space.items() if name not in picks}
        return picks | {name: sampler.sample_independent(study, trial, name, d) for name, d in alone.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._of(trial).before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        self._of(trial).after_trial(study, trial, state, values)
