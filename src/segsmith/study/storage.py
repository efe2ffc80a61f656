"""Where a study is kept: Optuna's storage, an SQLite file in the run's folder by default."""

from pathlib import Path

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage

from segsmith.errors import UserError

FILE = "study.db"
WAIT_S = 60
"""How long a writer waits for a reader of the same SQLite file."""

BEST, LEAST = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
DIRECTIONS = {"reward": BEST, "flops": LEAST, "parameters": LEAST}


def open_storage(run: Path, url: str) -> BaseStorage:
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a line for every trial is ours to write
    url = url or f"sqlite:///{(run / FILE).resolve().as_posix()}"
    options = {"connect_args": {"timeout": WAIT_S}} if url.startswith("sqlite") else {}
    try:
        return RDBStorage(url, engine_kwargs=options)
    except (ImportError, ModuleNotFoundError) as error:
        raise UserError(f"--storage {url}: {error}", fix="pip install segsmith[postgres]") from None


def open_study(storage: BaseStorage, name: str, sampler: BaseSampler, objectives: tuple[str, ...]) -> optuna.Study:
    for objective in objectives:
        if objective not in DIRECTIONS:
            raise UserError(f"there is no objective {objective!r}", fix=f"there are {', '.join(DIRECTIONS)}")
    directions = [DIRECTIONS[objective] for objective in objectives]
    return optuna.create_study(
        storage=storage, study_name=name, sampler=sampler, directions=directions, load_if_exists=True
    )
