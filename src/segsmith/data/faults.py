"""What is wrong with a data set, one fault at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from segsmith.errors import UserError

READABLE = "change its permissions, or copy the data to where you may read it"
"""The way out where ``explained`` meets what may not be read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``fatal`` faults are those that training would stumble over; the others only spoil its result."""

    what: str
    fix: str
    file: str = ""
    fatal: bool = False

    def line(self) -> str:
        return str(UserError(self.what, fix=self.fix, path=self.file or None))


def fault_of(error: UserError) -> Fault:
    """A mistake that stopped a reader: training would have stopped at it, too."""
    return Fault(error.what, error.fix, error.path or "", fatal=True)


@contextmanager
def explained(what: str, fix: str, path: object) -> Iterator[None]:
    """What the system refuses (no permission, a full disk) is the user's to mend, not a traceback."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{what}: {error.strerror or error}", fix=fix, path=error.filename or path) from error
