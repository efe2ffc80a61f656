"""What a search tells while it runs."""

import sys
from dataclasses import dataclass
from typing import TextIO

from segsmith.study.book import Book
from segsmith.study.trial import COUNTED, Record
from segsmith.training.journal import clock

ALIKE = 100
"""Where lines stay, one for the first of so many in a row that were refused, or known."""


@dataclass
class Progress:
    """One line, written over where there is a terminal; a line for every trial elsewhere."""

    trials: int = 0
    minutes: float = 0.0
    quiet: bool = False
    out: TextIO | None = None

    def preparing(self, what: str, done: int, total: int) -> None:
        if self._terminal or done == total:
            self._write(f"{what} {done}/{total}", over=done < total)

    def told(self, record: Record, book: Book) -> None:
        alike = max(book.refusals, book.known_again)
        if self._terminal or not alike or alike % ALIKE == 1:
            self._write(line(record, book, self.trials, self.minutes), over=True)

    def settled(self, book: Book) -> None:
        known = f"the last {book.known_again} proposals were known networks"
        self._write(
            f"settled after {book.counted} trials: {known}; another --seed, in a new folder, looks elsewhere",
            over=False,
        )

    def end(self) -> None:
        if self._terminal:
            self._write("", over=False)

    @property
    def _stream(self) -> TextIO:
        return self.out or sys.stderr

    @property
    def _terminal(self) -> bool:
        return self._stream.isatty()

    def _write(self, text: str, over: bool) -> None:
        if self.quiet:
            return
        start, end = ("\r\x1b[K", "" if over else "\n") if self._terminal else ("", "\n")
        self._stream.write(f"{start}{text}{end}")
        self._stream.flush()


def line(record: Record, book: Book, trials: int, minutes: float) -> str:
    parts = [f"trial {book.counted}/{trials}" if trials else f"trial {book.counted}"]
    reward = "" if record.reward is None else f" {record.reward:.4f}"
    parts.append(f"#{record.number} {record.state}{reward}")
    if record.state not in COUNTED:
        parts.append(record.reason)
    if book.best is not None:
        parts.append(f"best {book.best.reward:.4f} (#{book.best.number})")
    hours = book.elapsed / 3600
    if book.counted and hours:
        parts.append(f"{book.counted / hours:.0f} trials/hour")
    left = seconds_left(book, trials, minutes)
    return "  ".join([*parts, f"{clock(left)} left"] if left is not None else parts)


def seconds_left(book: Book, trials: int, minutes: float) -> float | None:
    """Until the first of the budgets is spent."""
    found = []
    if trials and book.counted:
        found.append(max(0.0, trials - book.counted) * book.elapsed / book.counted)
    if minutes:
        found.append(max(0.0, 60 * minutes - book.elapsed))
    return min(found, default=None)
