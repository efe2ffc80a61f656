"""A fault of a genotype and the nearest thing that would be right."""

from collections.abc import Iterable
from difflib import get_close_matches

from segsmith.errors import UserError


class StructureError(UserError):
    """``place`` (as ``net.n3``) is apart from ``reason`` so that a reader of text can point at line and column."""

    def __init__(self, place: str, reason: str, *, fix: str = "", path: object | None = None) -> None:
        self.place, self.reason = place, reason
        super().__init__(f"{place}: {reason}" if place else reason, fix=fix, path=path)


def nearest(wrong: object, choices: Iterable[object]) -> str:
    """What to put in its place: the likeliest name, or all of them where none is like it."""
    names = sorted(str(choice) for choice in choices)
    close = get_close_matches(str(wrong), names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"one of {', '.join(names)}" if names else "there is none to choose"
