"""Where a study is kept: Optuna's storage, an SQLite file in the run's folder by default."""

from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from segsmith.errors import UserError

FILE = "study.db"
WAIT_S = 60
"""How long a writer waits for a reader of the same SQLite file."""

SQLITE = ("journal_mode=WAL", "synchronous=NORMAL")
"""A trial is a dozen small writes. With a log beside the file none of them waits for the disk: a process that is
killed loses nothing by it, a machine that loses its power the last trials at most."""

BEST, LEAST = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
DIRECTIONS = {"reward": BEST, "flops": LEAST, "parameters": LEAST, "latency": LEAST, "flicker": LEAST}


def open_storage(run: Path, url: str) -> BaseStorage:
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a line for every trial is ours to write
    url = url or f"sqlite:///{(run / FILE).resolve().as_posix()}"
    if url.startswith("postgresql://"):  # for SQLAlchemy that alone would be an older driver
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    file = url.startswith("sqlite")
    try:
        storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": WAIT_S}} if file else {})
    except ArgumentError:
        raise UserError(f"--storage {url!r} is no URL", fix="such as postgresql://user@host/studies") from None
    except ImportError as error:
        raise UserError(f"--storage {url}: {error}", fix="pip install segsmith[postgres]") from None
    except OperationalError as error:
        shown = make_url(url).render_as_string(hide_password=True)
        raise UserError(f"cannot open the study's storage {shown}: {' '.join(str(error.orig).split())}") from None
    if file:
        event.listen(storage.engine, "connect", _prepare_sqlite)
        storage.engine.dispose()  # connections that were made before know nothing of it
    return storage


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for setting in SQLITE:
        connection.execute(f"PRAGMA {setting}")


def directions_of(objectives: tuple[str, ...]) -> list[optuna.study.StudyDirection]:
    for objective in objectives:
        if objective not in DIRECTIONS:
            raise UserError(f"there is no objective {objective!r}", fix=f"there are {', '.join(DIRECTIONS)}")
    return [DIRECTIONS[objective] for objective in objectives]


def open_study(storage: BaseStorage, name: str, sampler: BaseSampler, objectives: tuple[str, ...]) -> optuna.Study:
    directions = directions_of(objectives)
    return optuna.create_study(
        storage=storage, study_name=name, sampler=sampler, directions=directions, load_if_exists=True
    )
