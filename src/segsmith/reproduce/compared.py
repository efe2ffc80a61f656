"""A printed table with our numbers in it, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from segsmith.report.words import is_number
from segsmith.reproduce.published import OTHERS, PrintedTable

QUOTED = "quoted, not trained here"
NO_CITYSCAPES = "needs Cityscapes: --cityscapes PATH"


@dataclass(frozen=True)
class Ours:
    """Our numbers of a row, by column; ``remark`` says what there is to say of them."""

    values: Mapping[str, float | None]
    spreads: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""


def compared(
    printed: PrintedTable,
    ours: Mapping[str, Ours],
    absent: str,
    more: Mapping[str, Ours] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """``ours`` by the keys of the printed rows, ``more`` by names: rows of ours that the paper does not have. A row
    that is not ours says why by ``absent``."""
    rows = []
    for line in printed.lines:
        found = Ours({}, remark=QUOTED) if line.key == OTHERS else ours.get(line.key, Ours({}, remark=absent))
        spreads = dict(zip(printed.columns, line.spreads, strict=False))
        rows.append(
            row(line.name, printed.columns, dict(zip(printed.columns, line.values, strict=True)), spreads, found)
        )
    rows += [row(name, printed.columns, {}, {}, found) for name, found in (more or {}).items()]
    return {
        "table": printed.number,
        "title": printed.title,
        "columns": list(printed.columns),
        "rows": rows,
        "notes": list(notes),
    }


def row(
    name: str, columns: Sequence[str], values: Mapping[str, Any], spreads: Mapping[str, float | None], ours: Ours
) -> dict[str, Any]:
    cells = {}
    for column in columns:
        here = ours.values.get(column)
        cells[column] = {
            "published": values.get(column),
            "published_spread": spreads.get(column),
            "ours": here if is_number(here) else None,
            "ours_spread": ours.spreads.get(column),
        }
    return {"name": name, "cells": cells, "remark": ours.remark}


def numbers_of(printed: PrintedTable, column: str) -> dict[str, float]:
    """What a column says, by the names of its rows."""
    place = printed.columns.index(column)
    found = {line.name: line.values[place] for line in printed.lines}
    return {name: float(value) for name, value in found.items() if is_number(value)}
