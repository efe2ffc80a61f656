"""Tables of searches: every row searched, its network trained and judged, for several seeds; killed and gone on with.

What is finished is not done again. Everything runs one after the other, so that no measurement shares the machine
with a training of ours.
"""

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from statistics import mean, stdev
from typing import Any

import torch

from segsmith.data.cache import cached
from segsmith.data.open import open_dataset
from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.genotype.jsonform import to_json
from segsmith.genotype.load import load_genotype
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.networks.cost import describe
from segsmith.search.counting import count
from segsmith.spaces import LgcSpace
from segsmith.study.gradient.prepare import frame_size, lgc_space, price_for
from segsmith.study.gradient.price import Price
from segsmith.study.gradient.rows import BASE, WITHIN, Row, rows_of
from segsmith.study.gradient.run import run_gradient
from segsmith.study.gradient.settings import GradientOptions
from segsmith.study.options import plain
from segsmith.training.answerers import TorchAnswerer
from segsmith.training.evaluation import evaluate
from segsmith.training.options import TrainOptions
from segsmith.training.run import device_of, resume_run, train_run
from segsmith.training.runfolder import RunFolder, read_json, replacing, write_json

RESULTS = "results.json"
FIGURES = ("miou", "parameters", "predicted", "measured_ms", "light", "large")
DRAWS = 20_000
"""Random networks that are drawn until one is within the latency."""


@dataclass(frozen=True)
class AblationOptions:
    """``search`` and ``train`` are what every row starts from; their own ``out`` and ``what`` mean nothing. Seeds of
    rows count from that of ``search``.
    ``networks``: how many random ones; ``judge``: the split that they are all judged by."""

    tables: tuple[str, ...]
    out: str
    search: GradientOptions
    train: TrainOptions
    seeds: int = 2
    networks: int = 10
    judge: str = "val"

    def record(self) -> dict[str, Any]:
        return {part: _asked(getattr(self, part)) for part in ("search", "train")} | {"rows": {"judge": self.judge}}


def ablate(options: AblationOptions) -> dict[str, Any]:
    """What ``results.json`` holds: by table and row the mean and the spread of everything, and every single run."""
    tables, out = rows_of(options.tables), Path(options.out)
    _check_goes_on(options)
    runs = _Runs(options)
    found: dict[str, Any] = read_json(out / RESULTS) if (out / RESULTS).exists() else {}
    for table, rows in tables.items():
        found[table] = []
        for row in rows:
            single = runs.of(row)
            found[table].append({"row": row.name, "runs": single, **spreads(single)})
            write_json(out / RESULTS, found)
    return {table: found[table] for table in tables}


class _Runs:
    """Does what is not done yet. ``RUN/search`` (or ``genotype.json`` alone), ``RUN/train`` and ``RUN/row.json``."""

    def __init__(self, options: AblationOptions) -> None:
        self.options, self.out = options, Path(options.out)
        self.dataset = dataset = open_dataset(options.search.data)
        if not any(frame.labelled for frame in dataset.frames(options.judge)):
            raise UserError(f"{dataset.name} has no labelled frame in {options.judge!r}", fix="judge by another split")
        self.classes, self.size = len(dataset.classes), frame_size(dataset, options.search.split.split("+")[0])
        self.price: Price = price_for(options.search, self.size, self.classes)

    def of(self, row: Row) -> list[dict[str, Any]]:
        numbers = range(self.options.networks if row.random else self.options.seeds)
        return [self._one(row, number) for number in numbers]

    def _one(self, row: Row, number: int) -> dict[str, Any]:
        folder = self.out / row.run / f"{'network' if row.random else 'seed'}-{number}"
        done = folder / "row.json"
        if done.exists():
            return dict(read_json(done))
        self._say(f"\n{row.name}: {folder}")
        found = self._drawn(row, number, folder) if row.random else self._searched(row, number, folder)
        found |= self._trained(folder, 0 if row.random else number)
        write_json(done, found)
        return found

    def _searched(self, row: Row, number: int, folder: Path) -> dict[str, Any]:
        asked = self._asked(row, number, folder)
        result = run_gradient(asked)
        genotype = load_genotype(asked.out)
        _write(genotype, folder)
        return {"seconds": result["seconds"], **self._figures(lgc_space(asked), genotype, result["measured_ms"])}

    def _drawn(self, row: Row, number: int, folder: Path) -> dict[str, Any]:
        """Number n is the same in every process."""
        space, rng = lgc_space(self._asked(BASE, 0, folder)), Random(f"control {self.options.search.seed + number}")
        limit = mean(one["predicted"] for one in self.of(BASE)) if row.random == WITHIN else float("inf")
        model = self.price.model(space)
        for _ in range(DRAWS):
            picks = space.picks(space.random(rng))
            if model.price(picks) <= limit and self.price.whole(space.build(picks)) <= limit:
                break
        else:
            raise UserError(f"none of {DRAWS} random networks is within {limit:.4g} {self.price.unit}")
        genotype = space.build(picks)
        _write(genotype, folder)
        measured = self.price.measured(genotype) if self.options.search.measure else None
        return self._figures(space, genotype, measured)

    def _figures(self, space: LgcSpace, genotype: Genotype, measured: float | None) -> dict[str, Any]:
        counts = count(space, genotype)
        return {
            "predicted": self.price.whole(genotype),
            "unit": self.price.unit,
            "measured_ms": measured,
            "parameters": describe(genotype, self.size, self.classes).parameters,
            "light": counts.light,
            "large": counts.large,
        }

    def _trained(self, folder: Path, number: int) -> dict[str, Any]:
        run, seed = RunFolder(folder / "train"), self.options.search.seed + number
        if not run.exists():
            asked = replace(self.options.train, what=str(folder / "genotype.json"), out=str(run.path), seed=seed)
            scores = train_run(asked)
        else:
            scores = run.scores() if run.record()["state"] == "finished" else resume_run(run.path)
        miou = scores["miou"] if self.options.judge == "val" else self._judged(run.model)
        return {"miou": miou, "steps": scores["made"]["steps"]}

    def _judged(self, model: Path) -> float:
        network, meta = load_checkpoint(model)
        device = torch.device(device_of(self.options.train.device))
        judge = self.options.judge
        answerer = TorchAnswerer(network.to(device), meta, device)
        return evaluate(answerer, cached(self.dataset, judge), judge).scores.miou

    def _asked(self, row: Row, number: int, folder: Path) -> GradientOptions:
        base = self.options.search
        words = tuple(sorted((dict(base.space_options) | row.words).items()))
        changes = {**row.changes, "space_options": words, "seed": base.seed + number, "out": str(folder / "search")}
        return replace(base, **changes)

    def _say(self, text: str) -> None:
        if not self.options.search.quiet:
            sys.stderr.write(text + "\n")


def _asked(options: GradientOptions | TrainOptions) -> dict[str, Any]:
    loose = ("what", "out", "quiet", "device")
    return {name: plain(value) for name, value in asdict(options).items() if name not in loose}


def spreads(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation over seeds or networks, of what every run has."""
    found = {}
    for name in FIGURES:
        values = [float(run[name]) for run in runs if run[name] is not None]
        if values:
            found[name] = {"mean": mean(values), "sd": stdev(values) if len(values) > 1 else 0.0}
    return found


def _write(genotype: Genotype, folder: Path) -> None:
    with replacing(folder / "genotype.json") as beside:
        beside.write_text(to_json(genotype) + "\n")


def _check_goes_on(options: AblationOptions) -> None:
    """Rows of other searches would stand in one table."""
    path, asked = Path(options.out) / "asked.json", options.record()
    if not path.exists():
        write_json(path, asked)
        return
    for part, values in read_json(path).items():
        for name, value in values.items():
            if value != asked[part][name]:
                raise UserError(
                    f"holds rows with {part} {name} {json.dumps(value)}, not {json.dumps(asked[part][name])}",
                    fix="ask the same, or name a new folder",
                    path=options.out,
                )
