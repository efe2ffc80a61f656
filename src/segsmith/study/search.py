"""``segsmith search`` without its flags: begins a study, or goes on with it."""

import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage

from segsmith.errors import UserError
from segsmith.latency.table import Table
from segsmith.latency.target import load_target, this_machine
from segsmith.search.named import check_sampler, make_sampler
from segsmith.study.alone import driving
from segsmith.study.book import Book
from segsmith.study.clock import Clock
from segsmith.study.driver import Driver, Plan
from segsmith.study.goes_on import check_goes_on, check_unchanged, digests_of
from segsmith.study.limits import COSTS, HELD, Goals, Limit, parse_amount, parse_floors, shown, value_of
from segsmith.study.meter import Cost, FlopsMeter, Meter, TableMeter
from segsmith.study.options import SearchOptions
from segsmith.study.pool import Pool, open_pool
from segsmith.study.prepare import Collected, Known, look_up, unseen
from segsmith.study.progress import Progress
from segsmith.study.results import Results, keep_genotype, load_results
from segsmith.study.storage import directions_of, failed, open_storage, open_study
from segsmith.study.trial import Record
from segsmith.training.guard import Interruption
from segsmith.training.runfolder import RunFolder, versions

RECORDED = ("segsmith", "torch", "optuna")
"""Packages whose versions every trial keeps."""
NOWHERE = "no frame to judge by shows any, so it is asked of nobody (another --seed or --meta judges by others)"


@dataclass(frozen=True)
class Checked:
    """What is asked, and what follows from it as far as that is known at once: it can be done."""

    options: SearchOptions
    known: Known
    meter: Meter
    clock: Clock | None
    goals: Goals
    digests: Mapping[str, str]
    storage: BaseStorage


def run_search(options: SearchOptions) -> Results:
    """What came of it. A search that was stopped or killed goes on when the same is asked again."""
    run = RunFolder(Path(options.out))
    progress = Progress(options.trials, options.minutes, options.quiet)
    with driving(run):
        checked = _check(run, options)
        opener = checked.known.collect(progress.preparing)
        _say(checked, opener)
        pool = open_pool(opener, options.hands)
        try:
            study = _study(run, checked)
            book, stopped = _drive(run, study, checked, pool, progress)
        except (UserError, StorageInternalError) as error:
            if run.exists():
                run.update(state="failed")
            if isinstance(error, UserError):
                raise
            raise failed(error) from error
        finally:
            pool.close()
            progress.end()
        state = "stopped" if stopped else "finished"
        run.update(state=state, seconds=round(book.elapsed, 1), trials=book.counted)
    if stopped:
        done = f"stopped after {book.counted} trials, everything is saved"
        raise UserError(done, fix="go on: give the same command again")
    return load_results(run.path)


def _check(run: RunFolder, options: SearchOptions) -> Checked:
    """Whatever is wrong is said before anything that takes long."""
    check_sampler(options.sampler, options.sampler_settings, len(options.objectives))
    directions_of(options.objectives)
    if options.ray and find_spec("ray") is None:
        raise UserError(f"--ray {options.ray}: Ray is not installed", fix="pip install segsmith[ray]")
    begun = run.exists()
    if begun:
        check_goes_on(run, options)
    known = look_up(options)
    meter = meter_of(options, known)
    clock = clock_of(options, known, meter)
    digests = digests_of(options, known)
    if begun:
        check_unchanged(run, options, digests)
    storage = open_storage(run.path, options.storage, existing=begun and "study" in run.record())
    goals = goals_of(options, known, meter, clock)  # the last, for it may have to time a network
    return Checked(options, known, meter, clock, goals, digests, storage)


def _study(run: RunFolder, checked: Checked) -> optuna.Study:
    """The run is recorded once nothing is wrong with what was asked, and names its study once others may read it."""
    options, space = checked.options, checked.known.space
    objectives = options.objectives
    sampler = make_sampler(options.sampler, space, options.seed, options.sampler_settings, len(objectives))
    if not run.exists():
        run.create("search", options.record(), options.seed)
    record = run.record()
    name = record.get("study") or f"{run.path.name}-{uuid.uuid4().hex[:8]}"  # a storage may hold many studies
    study = open_study(checked.storage, name, sampler, objectives)
    run.update(
        arguments=sys.argv[1:],  # it may go on with other words than it began with: more trials, say
        configuration=options.record(),
        state="running",
        study=name,
        digests={**checked.digests, **record.get("digests", {})},
    )
    return study


def _drive(run: RunFolder, study: optuna.Study, checked: Checked, pool: Pool, progress: Progress) -> tuple[Book, bool]:
    """What was found, and whether somebody asked to stop."""
    options, known = checked.options, checked.known
    plan = Plan(
        known.space,
        checked.goals,
        known.classes,
        len(known.settings.stages),
        seed=options.seed,
        trials=options.trials,
        minutes=options.minutes,
        early_stopping=options.early_stopping,
        versions={name: version for name, version in versions().items() if name in RECORDED},
    )

    def told(record: Record, book: Book) -> None:
        progress.told(record, book)
        if record is book.best:
            keep_genotype(run.genotype, record)

    interruption = Interruption()
    driver = Driver(study, plan, pool, checked.meter, told, lambda: interruption.asked, checked.clock)
    _keep_best(run, driver.book)
    try:
        with interruption.heard():
            book = driver.run()
    finally:
        _keep_best(run, driver.book)
        if checked.clock is not None and checked.clock.key_ms is not None:
            run.update(key_ms=round(checked.clock.key_ms, 4))
    if driver.settled:
        progress.settled(book)
        run.update(settled=True)
    return book, interruption.asked


def _keep_best(run: RunFolder, book: Book) -> None:
    """A driver may be killed, or fail, right behind a trial and before its genotype is kept."""
    if book.best is not None:
        keep_genotype(run.genotype, book.best)


def meter_of(options: SearchOptions, known: Known) -> Meter:
    """With a table latencies are known, too: of its target, and of networks for as many classes."""
    flops = FlopsMeter(known.size, len(known.classes), options.key_every)
    if not options.table:
        return flops
    table, classes = Table.load(options.table), len(known.classes)
    if options.target:
        table.check_target(load_target(options.target))
    if table.frames.classes != classes:
        fix = "measure a table for as many"
        raise UserError(
            f"is of networks for {table.frames.classes} classes, not {classes}", fix=fix, path=options.table
        )
    return TableMeter(flops, table)


def clock_of(options: SearchOptions, known: Known, meter: Meter) -> Clock | None:
    """Where latencies count and no table says them, or where they are to be measured all the same."""
    if not options.measures:
        return None
    if isinstance(meter, TableMeter):
        return Clock.beside(meter.table, options.key_every)
    here = replace(this_machine(), size=known.size, key_every=options.key_every)
    asked = load_target(options.target) if options.target else here
    return Clock(replace(asked, key_every=options.key_every), len(known.classes))


def goals_of(options: SearchOptions, known: Known, meter: Meter, clock: Clock | None = None) -> Goals:
    """Amounts in percent are shares of what the static network costs on every frame."""
    goals = Goals((), parse_floors(options.floors), options.flicker, options.objectives)
    goals.check(known.classes, video=known.settings.length > 1)
    whole = None if known.static is None else meter(known.static)
    if whole is not None and known.static is not None and clock is not None and options.latency.endswith("%"):
        whole = replace(whole, latency_ms=clock(known.static))
    limits = []
    for what, text in options.budgets.items():
        held = HELD if what == "latency" and clock is not None and not options.soft else 1.0
        limits.append(Limit(what, held * parse_amount(text, what, share_of(what, whole, text)), options.soft))
    return replace(goals, limits=tuple(limits))


def share_of(what: str, whole: Cost | None, text: str) -> float | None:
    """What an amount in percent is a share of."""
    return value_of(what, whole) if whole is not None and text.endswith("%") else None


def _say(checked: Checked, opener: Collected) -> None:
    options, known, goals = checked.options, checked.known, checked.goals
    lines = []
    if not options.quiet:
        lines += [*known.said, f"{known.space.name} space: {known.space.size:.3g} combinations"]
        lines += [f"budget: {shown(limit.most)} {COSTS[limit.what]}" for limit in goals.limits]
        settings = known.settings
        stages = " + ".join(str(stage.epochs) for stage in settings.stages)
        lines.append(f"proxy {settings.name}: {stages} epochs, batch {settings.batch}; sampler {options.sampler}")
    if goals.floors:
        lines += [f"--floor {name}: {NOWHERE}" for name in unseen(opener, known.classes) if name in goals.floors]
    sys.stderr.write("".join(f"{line}\n" for line in lines))
