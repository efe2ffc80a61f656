"""What every stage works on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segsmith.forge.facts import Facts
from segsmith.forge.options import ForgeOptions


@dataclass(frozen=True)
class Job:
    """``out`` is the forge's folder."""

    options: ForgeOptions
    facts: Facts
    say: Callable[[str], None]

    @property
    def out(self) -> Path:
        return Path(self.options.out)

    @property
    def static(self) -> Path:
        return self.out / "static"

    @property
    def search(self) -> Path:
        return self.out / "search"

    @property
    def trained(self) -> Path:
        """The folder of the networks that are trained to their end."""
        return self.out / "trained"

    @property
    def table(self) -> str:
        """The table that is complete, if there is one."""
        own = self.out / "table.json"
        return self.options.table or (str(own) if own.exists() else "")


def run_name(trial: object) -> str:
    return f"trial{trial}"
