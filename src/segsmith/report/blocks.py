"""What a page is made of: plain records, which the template turns into HTML. All text in them is text, never markup;
only ``Figure.svg`` is drawn already, by this package."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from markupsafe import Markup

from segsmith.data.base import Colour


@dataclass(frozen=True)
class Fact:
    """A figure that stands for itself, in large type."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Facts:
    facts: tuple[Fact, ...]
    kind: str = "facts"


@dataclass(frozen=True)
class Cell:
    """``bar`` is a share between 0 and 1 that is drawn behind the text; ``colour`` a swatch before it."""

    text: str
    bar: float | None = None
    colour: Colour | None = None
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """The first column names the row; ``prose`` are the places of those with sentences in them, not numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    prose: tuple[int, ...] = ()
    kind: str = "table"


@dataclass(frozen=True)
class Pairs:
    """Names and what they stand for, in as many columns as there is room for."""

    title: str
    pairs: tuple[tuple[str, str], ...]
    kind: str = "pairs"


@dataclass(frozen=True)
class Beside:
    """Tables beside each other where there is room."""

    tables: tuple[Table, ...]
    kind: str = "beside"


@dataclass(frozen=True)
class Figure:
    title: str
    svg: Markup
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Figures:
    figures: tuple[Figure, ...]
    kind: str = "figures"


@dataclass(frozen=True)
class Picture:
    """``source`` is a data URI; ``label`` is also what a person who cannot see it reads."""

    source: str
    label: str
    width: int
    height: int


@dataclass(frozen=True)
class Strip:
    """Pictures that belong beside each other."""

    title: str
    pictures: tuple[Picture, ...]
    kind: str = "strip"


@dataclass(frozen=True)
class Clip:
    source: str
    poster: Picture
    caption: str
    kind: str = "clip"


@dataclass(frozen=True)
class Legend:
    """Classes and their colours."""

    entries: tuple[tuple[Colour, str], ...]
    kind: str = "legend"


@dataclass(frozen=True)
class Note:
    text: str
    kind: str = "note"


@dataclass(frozen=True)
class Code:
    text: str
    kind: str = "code"


@dataclass(frozen=True)
class Fold:
    """Blocks that open on demand; they are open in print."""

    title: str
    blocks: "tuple[Block, ...]"
    kind: str = "fold"


Block: TypeAlias = Facts | Table | Pairs | Beside | Figures | Strip | Clip | Legend | Note | Code | Fold


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Article:
    """A run, or the comparison of several. ``state`` is a word for how far it is; ``opening`` says in a paragraph what
    was asked and what came out."""

    key: str
    name: str
    what: str
    state: str
    opening: str
    sections: tuple[Section, ...] = field(default=())


def row(*texts: "str | Cell") -> tuple[Cell, ...]:
    return tuple(text if isinstance(text, Cell) else Cell(text) for text in texts)


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence["str | Cell"]], prose: tuple[int, ...] = ()
) -> Table:
    return Table(title, tuple(columns), tuple(row(*cells) for cells in rows), prose)
