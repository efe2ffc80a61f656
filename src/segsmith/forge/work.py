"""The stages that learn: an image network, candidates between its frames, the best of them to their end."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segsmith.errors import UserError
from segsmith.forge.facts import Facts, price_of
from segsmith.forge.options import ForgeOptions
from segsmith.genotype.jsonform import from_json
from segsmith.latency.job import begun, measure_table
from segsmith.latency.rounds import Effort
from segsmith.latency.table import Table
from segsmith.latency.target import save_target
from segsmith.study.limits import parse_floors
from segsmith.study.options import SearchOptions
from segsmith.study.results import Results, keep_genotype, load_results, pareto
from segsmith.study.search import run_search
from segsmith.study.trial import Record
from segsmith.training.options import TrainOptions
from segsmith.training.run import resume_run, train_run
from segsmith.training.runfolder import RunFolder, read_json, write_json

FITS, TOLERANCE = 6, 0.05
"""Networks to fit a table's model to, and how well its medians are to be known: it only sorts candidates, and the
best are timed by themselves."""
LOOKED_AT = 4
"""Of the best candidates, for each that is to be trained, so many are timed once more at most."""


@dataclass(frozen=True)
class Job:
    """What a stage works on. ``out`` is the forge's folder."""

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
    def table(self) -> str:
        """The table that is complete, if there is one."""
        own = self.out / "table.json"
        return self.options.table or (str(own) if own.exists() else "")


def make_table(job: Job, seconds: float) -> dict[str, Any]:
    """It takes its name when it is complete; one that is not is of no use, and candidates are timed by themselves."""
    facts, part = job.facts, job.out / "table.part.json"
    table, made = begun(part, facts.space, (), facts.target, facts.static, facts.classes, False)
    complete = measure_table(table, made, part, FITS, Effort(TOLERANCE, seconds / 60), job.say)
    if complete:
        part.replace(job.out / "table.json")
    return {"complete": complete, "pieces": len(table.pieces)}


def train_static(job: Job, seconds: float) -> dict[str, Any]:
    return {"miou": trained(job, asked(job, job.facts.static, job.static, seconds)).get("miou")}


def asked(job: Job, what: str, out: Path, seconds: float, static: str = "") -> TrainOptions:
    options, facts = job.options, job.facts
    return TrainOptions(
        what=what,
        data=options.data,
        out=str(out),
        minutes=seconds / 60,
        size=facts.work_size,
        device=options.device,
        devices=0,
        seed=options.seed,
        static=static,
        evaluations=4,
        key_every=facts.target.key_every,
        quiet=options.quiet,
    )


def trained(job: Job, options: TrainOptions) -> dict[str, Any]:
    """The scores of a run that is finished, gone on with, or made: whichever it takes."""
    run = RunFolder(Path(options.out))
    if run.exists() and run.record()["state"] == "finished":
        return run.scores()
    try:
        if run.exists() and run.last.exists():
            return resume_run(run.path, quiet=options.quiet)
        if run.path.exists():  # it had not come to its first snapshot
            shutil.rmtree(run.path)
        return train_run(options)
    except UserError:
        if run.exists() and run.record()["state"] == "stopped":
            raise UserError("stopped, everything is saved", fix="go on: give the same command again") from None
        raise


def search(job: Job, seconds: float) -> dict[str, Any]:
    options, facts, target = job.options, job.facts, job.out / "target.json"
    save_target(facts.target, target)
    found = run_search(
        SearchOptions(
            space=facts.space,
            data=options.data,
            out=str(job.search),
            static=str(job.static),
            minutes=seconds / 60,
            seed=options.seed,
            size=facts.work_size,
            latency=f"{facts.held_ms:.6g}ms",
            table=job.table,
            target=str(target),
            floors=options.floors,
            key_every=facts.target.key_every,
            device=options.device,
            quiet=options.quiet,
        )
    )
    if found.best is None:
        raise UserError(
            f"none of {len(found.records)} networks that were tried takes {facts.held_ms:.1f} ms or less",
            fix=f"the leanest takes {facts.lean_ms:.1f} ms: allow more latency, or more time to search",
            path=job.search,
        )
    return {"trials": len(found.records), "scored": sum(found.counts.get(one, 0) for one in ("scored", "stopped"))}


def in_order(found: Results) -> list[Record]:
    """Candidates as they are worth a whole training: those of the Pareto front first, then the others, the best
    rewards first. Demands that were missed go last."""
    ranked = found.ranked()
    front = {record.number for record in pareto(ranked, ("reward", "latency"))}
    return sorted(ranked, key=lambda record: (bool(record.missed), record.number not in front))


def choose(job: Job, count: int) -> list[dict[str, Any]]:
    """The best ``count`` candidates that are quick enough when they are timed once more; kept in a file, so that a
    forge that goes on chooses the same."""
    kept = job.out / "chosen.json"
    if kept.exists():
        return list(read_json(kept))
    table = Table.load(job.table) if job.table else None
    price = price_of(job.facts.target, job.facts.classes, table)
    chosen: list[dict[str, Any]] = []
    timed: list[float] = []
    for record in in_order(load_results(job.search))[: LOOKED_AT * count]:
        path = keep_genotype(job.out / "chosen" / f"trial{record.number}.json", record)
        ms = price(from_json(path.read_text()))
        timed.append(ms)
        job.say(f"trial {record.number}: {ms:.1f} ms of {job.facts.limit_ms:.1f}")
        if ms <= job.facts.limit_ms:
            chosen.append({"trial": record.number, "genotype": str(path), "ms": ms, "reward": record.reward})
        if len(chosen) == count:
            break
    if not chosen:
        raise UserError(
            f"the quickest of the best networks takes {min(timed):.1f} ms, not {job.facts.limit_ms:.1f}",
            fix="allow more, or leave this machine to it: it was quicker while it searched",
            path=job.search,
        )
    write_json(kept, chosen)
    return chosen


def train_best(job: Job, seconds: float, count: int) -> dict[str, Any]:
    """The finalists, the best first: a cell on the image network's weights, a template network on its stem's."""
    chosen = choose(job, count)
    scores = []
    for one in chosen:
        run = job.out / "trained" / f"trial{one['trial']}"
        job.say(f"training trial {one['trial']}")
        options = asked(job, one["genotype"], run, seconds / len(chosen), str(job.static))
        scores.append({"run": str(run), **one, **judged(job, trained(job, options))})
    return {"trained": sorted(scores, key=lambda one: (-len(one["missed"]), one["miou"]), reverse=True)}


def judged(job: Job, scores: dict[str, Any]) -> dict[str, Any]:
    """What decides between networks that are trained; without a labelled val split the search's word counts."""
    if "miou" not in scores:
        return {"miou": 0.0, "missed": []}
    return {"miou": scores["miou"], "missed": list(missed(job.options.floors, scores))}


def missed(floors: tuple[str, ...], scores: dict[str, Any]) -> Iterator[str]:
    for name, floor in parse_floors(floors).items():
        if (scores["per_class"].get(name) or 0.0) < floor:
            yield name
