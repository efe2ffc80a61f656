"""``segsmith search lgc`` without its flags: begins a gradient search, or goes on with it, and derives its network."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.genotype.draw import write_drawing
from segsmith.genotype.jsonform import to_json
from segsmith.search.counting import count
from segsmith.search.fitting import within
from segsmith.spaces import LgcSpace, Option
from segsmith.study.gradient.journal import GradientJournal
from segsmith.study.gradient.loop import SearchLoop
from segsmith.study.gradient.prepare import GradientPrepared, prepare_gradient
from segsmith.study.gradient.settings import GradientOptions
from segsmith.study.progress import Progress
from segsmith.training.runfolder import RunFolder, alone, replacing, write_json

COMMAND = "gradient search"
DRAWING = "cells.svg"
TRIES = 6
"""How often a network that is measured above the budget is made cheaper still."""


def run_gradient(options: GradientOptions) -> dict[str, Any]:
    """What came of it, as ``metrics.json`` holds it. A search that was stopped or killed goes on when asked again."""
    run = RunFolder(Path(options.out))
    with alone(run.path, "search"):
        if run.exists():
            _check_goes_on(run, options)
            if run.record()["state"] == "finished":
                return run.scores()
        progress = Progress(quiet=options.quiet)
        prepared = prepare_gradient(options, progress.preparing)
        if not run.exists():
            run.create(COMMAND, options.record(), options.seed)
        return _search(run, options, prepared)


def _search(run: RunFolder, options: GradientOptions, prepared: GradientPrepared) -> dict[str, Any]:
    journal = GradientJournal(run, prepared.price.unit, options.quiet)
    loop = SearchLoop(
        prepared.searched, prepared.lesson, prepared.settings, prepared.budget, run, options.seed, journal.told
    )
    journal.open(loop.resume())
    _say(options, prepared)
    run.update(state="running")
    if not loop.search():
        run.update(state="stopped")
        done = f"stopped at {loop.progress():.0%}, everything is saved"
        raise UserError(done, fix="go on: give the same command again")
    derived = derive(prepared, options.measure)
    _keep(run, derived)
    found = {**derived.record(prepared), "steps": loop.counters.step, "seconds": round(loop.counters.seconds, 1)}
    write_json(run.metrics, found)
    run.update(state="finished", seconds=found["seconds"], steps=found["steps"])
    if not options.quiet:
        sys.stderr.write("\n".join(said(found, run.path)) + "\n")
    return found


@dataclass(frozen=True)
class Derived:
    """``predicted`` is in the unit of the search, ``measured`` in milliseconds; None where nobody measured."""

    picks: dict[str, Option]
    genotype: Genotype
    predicted: float
    measured: float | None
    swapped: int

    def record(self, prepared: GradientPrepared) -> dict[str, Any]:
        searched, space = prepared.searched, prepared.space
        with torch.no_grad():
            expected = float(searched.costs(searched.architecture.chances()))
        return {
            "unit": prepared.price.unit,
            "predicted": self.predicted,
            "measured_ms": self.measured,
            "budget": prepared.goal,
            "kept_budget": prepared.goal is None or cost_of(self, prepared) <= prepared.goal,
            "swapped": self.swapped,
            "expected": expected,
            "beta": float(searched.weight.beta),
            "entropy": searched.architecture.entropy(),
            "counts": asdict(count(space, self.genotype)) if isinstance(space, LgcSpace) else None,
            "picks": self.picks,
        }


def derive(prepared: GradientPrepared, measure: bool) -> Derived:
    """The most probable network; within the budget, where there is one, by the next best choices."""
    searched, space, goal = prepared.searched, prepared.space, prepared.goal
    best = searched.architecture.picks()
    wanted = goal
    for _ in range(TRIES):
        picks = best
        if wanted is not None:
            chances = searched.architecture.log_chances()
            picks = within(space.decisions, best, chances, searched.costs.price, wanted)
        genotype = space.build(picks)
        measured = prepared.price.measured(genotype) if measure else None
        swapped = sum(best[name] != picks[name] for name in best)
        derived = Derived(picks, genotype, prepared.price.whole(genotype), measured, swapped)
        if goal is None or wanted is None or cost_of(derived, prepared) <= goal:
            break
        wanted *= 0.99 * goal / cost_of(derived, prepared)
    return derived


def cost_of(derived: Derived, prepared: GradientPrepared) -> float:
    """What is held against the budget: a measurement where the budget is one of milliseconds and there is one."""
    if prepared.price.unit == "ms" and derived.measured is not None:
        return derived.measured
    return derived.predicted


def _keep(run: RunFolder, derived: Derived) -> None:
    with replacing(run.genotype) as beside:
        beside.write_text(to_json(derived.genotype) + "\n")
    write_drawing(derived.genotype, run.path / DRAWING)


def said(found: dict[str, Any], path: Path) -> list[str]:
    """What a person wants to know of a search that is over."""
    measured = "" if found["measured_ms"] is None else f", measured {found['measured_ms']:.2f} ms"
    lines = [f"derived: {found['predicted']:.4g} {found['unit']} predicted{measured}"]
    if found["budget"] is not None:
        kept = "kept" if found["kept_budget"] else "NOT KEPT: nothing cheaper was found"
        lines.append(f"budget {found['budget']:.4g} {found['unit']}: {kept}; {found['swapped']} next best choices")
    if found["counts"] is not None:
        counts = found["counts"]
        lines.append(
            f"{counts['light']} of {counts['edges']} operations are light; in the last cells {counts['large']} of "
            f"{counts['last_edges']} have a large receptive field"
        )
    return [*lines, f"{path / 'genotype.json'}, {path / DRAWING}", f"train it: segsmith train {path} --data … -o RUN"]


def _say(options: GradientOptions, prepared: GradientPrepared) -> None:
    if options.quiet:
        return
    settings, space = prepared.settings, prepared.space
    weight = "" if prepared.goal is None else f", steered towards {prepared.goal:.4g} {prepared.price.unit}"
    lines = [
        *prepared.said,
        f"{space.name} space: {space.size:.3g} combinations; settings {settings.name}, {prepared.budget}, "
        f"batch {settings.batch}, {'one path' if settings.one_path else 'all operations mixed'}",
        f"guide {options.guide}, beta {options.beta:g}{weight}; costs in {prepared.price.words}",
    ]
    sys.stderr.write("\n".join(lines) + "\n")


def _check_goes_on(run: RunFolder, options: GradientOptions) -> None:
    record = run.record()
    if record["command"] != COMMAND:
        raise UserError(f"holds a run of segsmith {record['command']}", fix="name a new folder", path=run.path)
    options.check_goes_on(record["configuration"])
