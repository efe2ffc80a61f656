"""Stages of a reproduction: each is done once, and what came of it lies in a file."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segsmith.reproduce.options import ReproduceOptions
from segsmith.reproduce.scales import Scale
from segsmith.training.runfolder import RunFolder, read_json, write_json

STAGES, FIGURES = "stages", "figures"
FOLDERS = (STAGES, FIGURES, "data", "cityscapes", "stem", "search", "ablation", "transfer")
"""All that a reproduction makes in its own."""
Found = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A data set that the paper's work is done on. ``key`` is ``data`` or ``cityscapes``."""

    key: str
    data: str
    split: str

    @property
    def city(self) -> bool:
        return self.key == "cityscapes"

    @property
    def shown(self) -> str:
        """As readers know it: ``toy val``, ``camvid test``."""
        return f"{self.data.partition(':')[0]} {self.split}"


@dataclass
class Context:
    """What stages have: what was asked, and by their names what the stages before them found."""

    options: ReproduceOptions
    scale: Scale
    places: tuple[Place, ...]
    say: Callable[[str], None] = lambda line: None
    found: dict[str, Found] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return Path(self.options.out)

    @property
    def home(self) -> Place:
        """Where a paper searches that searched on Cityscapes: there if it is at hand."""
        return self.places[-1]

    def place(self, key: str) -> Place | None:
        return next((place for place in self.places if place.key == key), None)


@dataclass(frozen=True)
class Stage:
    """``run`` gives plain data, and goes on where it was killed."""

    name: str
    run: Callable[[Context], Found]


def run_stages(context: Context, stages: Sequence[Stage]) -> list[Found]:
    """One after the other, and how long each took; a finished one is not repeated."""
    run, times = RunFolder(context.out), list[Found]()
    for number, stage in enumerate(stages, start=1):
        path = context.out / STAGES / f"{stage.name}.json"
        context.say(f"{number}/{len(stages)} {stage.name}{': done before' if path.exists() else ''}")
        if not path.exists():
            began = time.monotonic()
            found = stage.run(context)
            write_json(path, {"seconds": round(time.monotonic() - began, 1), "found": found})
        kept = read_json(path)
        context.found[stage.name] = kept["found"]
        times.append({"name": stage.name, "seconds": kept["seconds"]})
        run.update(stages=times)
    return times
