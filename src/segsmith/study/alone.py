"""A run's folder for one driver alone."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from filelock import FileLock, Timeout

from segsmith.errors import UserError
from segsmith.study.results import LOCK
from segsmith.study.storage import FILE
from segsmith.training.runfolder import RunFolder


@contextmanager
def alone(run: RunFolder) -> Iterator[None]:
    """Two drivers of one study would take each other's trials for their own. The lock goes with the process. Where no
    run comes of it, nothing is left behind that was not there before."""
    path, lock = run.path, FileLock(run.path / LOCK, timeout=0)
    try:
        folders = [folder for folder in (path, *path.parents) if not folder.exists()]
        files = [file for file in (path / FILE, path / LOCK) if not file.exists()]
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise UserError("another search is running in this folder", fix="wait for it, or stop it", path=path) from None
    except OSError as error:
        raise UserError(f"cannot hold a run: {error.strerror}", fix="name another folder", path=path) from None
    try:
        yield
    finally:
        if not run.exists():
            for file in files:
                file.unlink(missing_ok=True)
            for folder in folders:
                with suppress(OSError):  # somebody has put something there
                    folder.rmdir()
        lock.release()
