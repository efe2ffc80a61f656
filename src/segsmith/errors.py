"""Mistakes that a user can mend."""


class UserError(Exception):
    """What is wrong, with which value, and what to do, in one line.

    The command line prints the line without a traceback and exits with 2. ``path`` names the
    file at fault where there is one.
    """

    def __init__(self, what: str, *, fix: str = "", path: object | None = None) -> None:
        self.what, self.fix, self.path = what, fix, None if path is None else str(path)
        super().__init__(self._line())

    def _line(self) -> str:
        where = f"{self.path}: " if self.path else ""
        way_out = f" ({self.fix})" if self.fix else ""
        return " ".join(f"{where}{self.what}{way_out}".split("\n"))
