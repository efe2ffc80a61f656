"""The stages that learn: an image network, candidates between its frames, the best of them to their end."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segsmith.errors import UserError
from segsmith.forge.choice import Chosen, choose, price_now
from segsmith.forge.job import Job, run_name
from segsmith.forge.options import DYNAMIC, LGC
from segsmith.forge.supernet import search_supernet
from segsmith.latency.job import begun, measure_table
from segsmith.latency.rounds import Effort
from segsmith.latency.target import save_target
from segsmith.report.words import winner
from segsmith.study.driver import NothingFits
from segsmith.study.limits import parse_floors
from segsmith.study.options import SearchOptions
from segsmith.study.results import load_results
from segsmith.study.search import run_search
from segsmith.training.options import TrainOptions
from segsmith.training.run import resume_run, train_run
from segsmith.training.runfolder import RunFolder

FITS, TOLERANCE = 6, 0.05
"""Networks to fit a table's model to, and how well its medians are to be known: it only sorts candidates, and the
best are timed by themselves."""


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
    """It may find nothing that is quick enough: the leanest network of the space always is."""
    options, facts, target = job.options, job.facts, job.out / "target.json"
    if facts.space == LGC:
        return search_supernet(job, seconds, lambda: price_now(job))
    save_target(facts.target, target)
    asked = SearchOptions(
        space=facts.space,
        data=options.data,
        out=str(job.search),
        static=str(job.static),
        minutes=seconds / 60,
        seed=options.seed,
        size=facts.work_size,
        space_options=(("rows", str(facts.rows)),) if facts.rows else (),
        latency=latency_held(job),
        flops="" if job.table else f"{facts.flops / 1e6:.6g}M",
        table=job.table,
        target=str(target),
        floors=options.floors,
        key_every=facts.target.key_every,
        device=options.device,
        quiet=options.quiet,
    )
    try:
        found = run_search(asked)
    except NothingFits as error:
        job.say(str(error))
        found = load_results(job.search)
    return {"trials": len(found.records), "scored": sum(found.counts.get(one, 0) for one in ("scored", "stopped"))}


def latency_held(job: Job) -> str:
    """Where cells are timed it is a share of what the image network takes at that time: the machine may have become
    slower or quicker since the latency was set. A search that times candidates leaves them less by itself."""
    facts = job.facts
    if job.table:
        return f"{facts.held_ms:.6g}ms"
    if facts.space == DYNAMIC:
        return f"{100 * facts.limit_ms / facts.static_ms:.6g}%"
    return f"{facts.limit_ms:.6g}ms"


def train_best(job: Job, seconds: float, count: int) -> dict[str, Any]:
    """The finalists, the best first. ``reserve``, if there is one, is trained should all of them be too slow."""
    chosen, reserve = choose(job, count)
    scores = [train_one(job, one, seconds / len(chosen)) for one in chosen]
    ranked = sorted(scores, key=lambda one: (-len(one["missed"]), one["miou"] or 0.0), reverse=True)
    return {"trained": ranked, "reserve": reserve}


def train_one(job: Job, one: Chosen, seconds: float) -> dict[str, Any]:
    """To its end: a cell on the image network's weights, a template network on its stem's."""
    run = job.trained / run_name(one["trial"])
    job.say(f"training {winner(one['trial'])}")
    static = "" if job.facts.space == LGC else str(job.static)
    options = asked(job, str(job.out / one["genotype"]), run, seconds, static)
    return {**one, "run": str(run), **judged(job, trained(job, options))}


def judged(job: Job, scores: dict[str, Any]) -> dict[str, Any]:
    """What decides between networks that are trained; without a labelled val split the search's word counts."""
    if "miou" not in scores:
        return {"miou": None, "missed": []}
    return {"miou": scores["miou"], "missed": list(missed(job.options.floors, scores))}


def missed(floors: tuple[str, ...], scores: dict[str, Any]) -> Iterator[str]:
    """A class that val does not show is asked of nobody."""
    for name, floor in parse_floors(floors).items():
        iou = scores["per_class"].get(name)
        if iou is not None and iou < floor:
            yield name
