"""A toy objective whose best answer is known, and studies of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import RDBStorage
from sqlalchemy import event

from segsmith.search.trials import ask, reopen
from segsmith.spaces import Choices, Space, TemplateSpace

SMALL = TemplateSpace(templates=1, rows=2, repeats=3, operations=("sep3", "sep5", "skip", "gap"))
TINY = TemplateSpace(templates=1, rows=1, repeats=2, operations=("sep3", "skip"))

Score = Callable[[Choices], float]


def lock(space: Space, seed: int = 0) -> tuple[Choices, Score]:
    """The choices that open the lock, and a score between 0.3 and 0.6: the weights of the choices that match."""
    rng = Random(seed)
    key = space.random(rng)
    weights = [rng.uniform(0.5, 2.0) for _ in key]

    def score(choices: Choices) -> float:
        matched = sum(w for w, mine, right in zip(weights, choices, key, strict=True) if mine == right)
        return 0.3 + 0.3 * matched / sum(weights)

    return key, score


def study_of(sampler: BaseSampler, *, direction: str = "maximize") -> optuna.Study:
    return optuna.create_study(sampler=sampler, direction=direction)


def stored_study(path: Path, sampler: BaseSampler) -> optuna.Study:
    """The study in a file, made or read again as by a new process. Its writes are not waited for."""
    storage = RDBStorage(f"sqlite:///{path}")
    event.listen(storage.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    storage.engine.dispose()
    return optuna.create_study(
        storage=storage, sampler=sampler, direction="maximize", study_name="locks", load_if_exists=True
    )


def search(study: optuna.Study, space: Space, score: Score, trials: int) -> list[Choices]:
    """One worker: trials left running first, until so many are finished."""
    made = [_run(study, trial, space, score) for trial in reopen(study)]
    while sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False)) < trials:
        made.append(_run(study, study.ask(), space, score))
    return made


def _run(study: optuna.Study, trial: optuna.Trial, space: Space, score: Score) -> Choices:
    choices = ask(trial, space)
    study.tell(trial, score(choices))
    return choices


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
