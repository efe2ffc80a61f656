"""A run's folder for one driver alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from segsmith.study.storage import FILE
from segsmith.training.runfolder import RunFolder, alone


@contextmanager
def driving(run: RunFolder) -> Iterator[None]:
    """Two drivers of one study would take each other's trials for their own. Where no run comes of it, no trials are
    left behind."""
    with alone(run.path, "search"):
        trials = run.path / FILE
        new = not trials.exists()
        try:
            yield
        finally:
            if new and not run.exists():
                trials.unlink(missing_ok=True)
