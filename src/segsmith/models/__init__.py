"""Networks that ship with the package, and what a name on the command line means.

Each is NAME.safetensors, a checkpoint like any other, beside its card NAME.md. No torch is needed to list them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from segsmith.errors import UserError

FOLDER = Path(__file__).parent
SUFFIX = ".safetensors"
KEY = "segsmith"
RUN_FILES = ("run.json", f"model{SUFFIX}", "genotype.json")


@dataclass(frozen=True, slots=True)
class Shipped:
    """``val_miou`` is that of the file as it ships; ``made`` says of what and how, as in its card; ``limits`` of use
    are those of the data that it has learnt from."""

    name: str
    path: Path
    classes: tuple[str, ...]
    made: Mapping[str, Any]

    @property
    def card(self) -> Path:
        return self.path.with_suffix(".md")

    def record(self) -> dict[str, Any]:
        """A line of ``segsmith models --json``."""
        return {
            "name": self.name,
            "parameters": self.made["parameters"],
            "classes": list(self.classes),
            "video": self.made["video"],
            "val_miou": self.made["val"]["miou"],
            "limits": list(self.made["limits"]),
        }


def shipped() -> list[Shipped]:
    return [_read(path) for path in sorted(FOLDER.glob(f"*{SUFFIX}"))]


def names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob(f"*{SUFFIX}")))


def locate(spec: str | Path) -> Path:
    """What ``spec`` means where a run or a checkpoint is asked for: a file or a run's folder that is called so, else
    the shipped network of that name. What is neither comes back as a path, for the reader to refuse."""
    path = Path(spec)
    if path.is_file() or any((path / name).exists() for name in RUN_FILES):
        return path
    return FOLDER / f"{path}{SUFFIX}" if str(path) in names() else path


def hint() -> str:
    """For the end of an error's way out."""
    return f", or name one that ships: {', '.join(names())}" if names() else ""


def header(path: Path) -> dict[str, Any]:
    """What a checkpoint says about itself."""
    try:
        with safe_open(path, framework="np") as file:
            record = json.loads((file.metadata() or {}).get(KEY, "null"))
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise UserError(f"is damaged or no checkpoint: {error}", fix="take a copy of it", path=path) from None
    if not isinstance(record, dict) or not isinstance(record.get("genotype"), str):
        raise UserError("holds weights, but not what network they belong to", fix="give a checkpoint", path=path)
    return record


def _read(path: Path) -> Shipped:
    record = header(path)
    return Shipped(path.stem, path, tuple(record["classes"]), record["made"])
