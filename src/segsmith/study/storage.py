"""Where a study is kept: Optuna's storage, an SQLite file in the run's folder by default."""

import re
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from segsmith.errors import UserError

FILE = "study.db"
WAIT_S = 60
"""How long a writer waits for a reader of the same SQLite file."""

SQLITE = ("journal_mode=WAL", "synchronous=NORMAL")
"""A trial is a dozen small writes. With a log beside the file none of them waits for the disk: a process that is
killed loses nothing by it, a machine that loses its power the last trials at most."""

BEST, LEAST = optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE
DIRECTIONS = {"reward": BEST, "flops": LEAST, "parameters": LEAST, "latency": LEAST, "flicker": LEAST}


SECRETS = ((re.compile(r"([^/:@]*):(?!//).*@"), r"\1:***@"), (re.compile(r"(?i)(passw\w*=)[^&]*"), r"\1***"))
"""Where a URL, or what was meant to be one, has passwords: behind the user's name, and among the options."""
DRIVERS = {"postgresql": "pip install segsmith[postgres]"}
GONE = "bring it back, or search anew in another folder"


def open_storage(run: Path, url: str, existing: bool = False) -> BaseStorage:
    """``existing``: a file that is not there is missed, not made."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a line for every trial is ours to write
    url = url or f"sqlite:///{(run / FILE).resolve().as_posix()}"
    if url.startswith("postgresql://"):  # for SQLAlchemy that alone would be an older driver
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    sqlite = url.startswith("sqlite")
    try:
        if existing and sqlite:
            _require_file(make_url(url).database)
        storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": WAIT_S}} if sqlite else {})
    except (ArgumentError, ValueError):  # the latter of a port that is no number
        raise UserError(f"--storage {hidden(url)!r} is no URL", fix="such as postgresql://user@host/studies") from None
    except ImportError as error:
        fix = DRIVERS.get(re.split(r"\W", url)[0], "install that, or take postgresql://… or sqlite:///…")
        raise UserError(f"--storage {hidden(url)}: {error}", fix=fix) from None
    except (DBAPIError, RuntimeError) as error:  # the latter of tables that another Optuna made
        why = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
        raise UserError(f"cannot open the study's storage {hidden(url)}: {why}") from None
    if sqlite:
        event.listen(storage.engine, "connect", _prepare_sqlite)
    storage.engine.dispose()  # connections that were made before know nothing of it, and may be idle for long
    return storage


def hidden(url: str) -> str:
    """To be shown: without passwords."""
    for secret, shown in SECRETS:
        url = secret.sub(shown, url)
    return url


def _require_file(database: str | None) -> None:
    if database and not database.startswith("file:") and not Path(database).is_file():
        raise UserError("the study's storage is missing", fix=GONE, path=database)


def read_trials(run: Path, url: str, name: str) -> list[FrozenTrial]:
    """Of a study that there has to be."""
    storage = open_storage(run, url, existing=True)
    try:
        return optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)
    except KeyError:
        raise UserError(f"the study's storage holds no study {name!r}", fix=GONE, path=run) from None
    except StorageInternalError as error:
        raise failed(error) from None


def failed(error: StorageInternalError) -> UserError:
    why = str(error.__cause__ or error).strip().partition("\n")[0]
    return UserError(f"the study's storage failed: {why}")


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
