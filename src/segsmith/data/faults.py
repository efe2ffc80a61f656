"""What is wrong with a data set, one fault at a time."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from segsmith.errors import UserError


@dataclass(frozen=True, slots=True)
class Fault:
    """``fatal`` faults are those that training would stumble over; the others only spoil its result."""

    what: str
    fix: str
    file: str = ""
    fatal: bool = False

    def line(self) -> str:
        return str(UserError(self.what, fix=self.fix, path=self.file or None))


@runtime_checkable
class Faulty(Protocol):
    """A reader that met faults while it listed its files (such as a mask without a frame)."""

    @property
    def faults(self) -> tuple[Fault, ...]: ...


def fault_of(error: UserError) -> Fault:
    """A mistake that stopped a reader: training would have stopped at it, too."""
    return Fault(error.what, error.fix, error.path or "", fatal=True)
