"""Rows: what the dynamic and the template space are made of. Each reads two entries of a pool and adds one to it."""

from collections.abc import Sequence

from segsmith.spaces.base import Decision, Picks


def row_name(row: int) -> str:
    return f"n{row}"


def location_decisions(pool: Sequence[str], row: int) -> tuple[Decision, Decision]:
    """The pool grows by one entry a row, so each row has a kind of its own; its two locations share it."""
    options = (*pool, *(row_name(earlier) for earlier in range(row)))
    kind = f"loc{len(options)}"
    return Decision(f"{row_name(row)}.loc1", kind, options), Decision(f"{row_name(row)}.loc2", kind, options)


def locations(picks: Picks, row: int) -> tuple[str, str]:
    return str(picks[f"{row_name(row)}.loc1"]), str(picks[f"{row_name(row)}.loc2"])
