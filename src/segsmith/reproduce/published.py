"""What a paper printed, as plain data: tables by their numbers, figures by theirs."""

from dataclasses import dataclass

OTHERS = ""
"""The key of a row that is somebody else's network: it is quoted, and not trained here."""

Value = float | str | None


@dataclass(frozen=True)
class Line:
    """A row of a printed table. ``key`` names what stands beside it here; ``values`` as printed, None for a dash, and
    ``spreads`` what stands behind a ± sign, in the same order."""

    name: str
    key: str
    values: tuple[Value, ...]
    spreads: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class PrintedTable:
    """``cityscapes``: whether its numbers are of that data set. ``columns`` are those of ``values``."""

    number: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    cityscapes: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(line.key for line in self.lines if line.key != OTHERS)


@dataclass(frozen=True)
class PrintedFigure:
    number: str
    title: str
    cityscapes: bool = False
