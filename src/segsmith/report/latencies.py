"""What a run's folder tells of milliseconds: its benchmark, the forge that it is part of, its latency table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segsmith.errors import UserError
from segsmith.genotype import Genotype, fingerprint
from segsmith.genotype.load import read_genotype
from segsmith.latency.table import Table
from segsmith.report.read import Run
from segsmith.report.words import is_number
from segsmith.training.runfolder import RunFolder, read_json

BENCHMARK, FORGE, TABLE = "benchmark.json", "forge.json", "table.json"
UP = 2
"""So many folders a run lies below its forge at most."""


@dataclass(frozen=True)
class Times:
    """Milliseconds of whole frames. ``mix`` is that of the mean frame where one in ``key_every`` is a key frame; an
    image network has key frames alone."""

    key: float
    step: float | None = None
    mix: float | None = None
    key_every: int = 1

    def mean(self, key_every: int) -> float:
        """As measured, where it was measured with as many key frames."""
        if self.step is None:
            return self.key
        if self.mix is not None and key_every == self.key_every:
            return self.mix
        return (self.key + (key_every - 1) * self.step) / key_every


def times_of(run: Run) -> Times | None:
    """By its own benchmark; the image network of a forge by the forge's, whose key frames it makes."""
    own, forge = benchmark_in(run.path), forge_of(run)
    if own is not None or forge is None:
        return own
    there, made = benchmark_in(forge), RunFolder(forge).genotype
    below = read_genotype(made).static if made.exists() else None
    if there is None or below is None or run.genotype is None:
        return None
    return Times(there.key) if fingerprint(below) == fingerprint(run.genotype) else None


def benchmark_in(folder: Path) -> Times | None:
    """As ``segsmith benchmark --json`` prints it; nothing where it is of several models. Of several sizes or runtimes
    the first counts."""
    path = folder / BENCHMARK
    if not path.exists():
        return None
    record = read_json(path)
    rows = [row for row in record["results"] if row["scope"] == "frame"]
    first = {name: rows[0][name] for name in ("size", "backend")} if rows else {}
    found = {row["part"]: float(row["p50_ms"]) for row in rows if first.items() <= row.items()}
    if len({row["model"] for row in rows}) != 1 or "key" not in found:
        return None
    return Times(found["key"], found.get("step"), found.get("mix"), int(record["key_every"]))


def forge_of(run: Run) -> Path | None:
    """The folder of the forge that it is, or is part of."""
    path = run.path.resolve()
    return next((one for one in (path, *path.parents[:UP]) if (one / FORGE).exists()), None)


def forge_facts(run: Run) -> Mapping[str, Any]:
    """What the forge's look at data and machine found."""
    folder = forge_of(run)
    stages = read_json(folder / FORGE)["stages"] if folder else {}
    return dict(stages.get("look", {}).get("found", {}))


def table_of(run: Run) -> Table | None:
    """The table that the run was given, or its forge was given or made. One that is gone or spoilt is none."""
    forge, places = forge_of(run), [run.configuration.get("table")]
    if forge is not None:
        asked = RunFolder(forge).record()["configuration"] if RunFolder(forge).exists() else {}
        places += [asked.get("table"), forge / TABLE]
    for place in filter(None, places):
        try:
            return Table.load(place)
        except UserError:
            continue
    return None


def static_ms(run: Run, cell: Genotype) -> float | None:
    """What the image network below a search's cells takes on a frame: as the search's table says, else as its forge
    or the search itself timed it; None where nobody wrote it down."""
    table = table_of(run) if run.configuration.get("table") else None
    if table is not None:
        try:
            return table.predict(cell).key_ms
        except UserError:
            return None
    timed = forge_facts(run).get("static_ms", run.record.get("key_ms"))
    return float(timed) if is_number(timed) else None
