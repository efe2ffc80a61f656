"""``segsmith search`` without its flags: begins a study, or goes on with it."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import optuna
from filelock import FileLock, Timeout
from optuna.exceptions import StorageInternalError

from segsmith.errors import UserError
from segsmith.latency.table import Table
from segsmith.latency.target import load_target, this_machine
from segsmith.search.named import check_sampler, make_sampler
from segsmith.study.book import Book
from segsmith.study.clock import Clock
from segsmith.study.driver import Driver, Plan
from segsmith.study.limits import COSTS, Goals, Limit, parse_amount, parse_floors, shown, value_of
from segsmith.study.meter import Cost, FlopsMeter, Meter, TableMeter
from segsmith.study.options import SearchOptions
from segsmith.study.pool import Pool, open_pool
from segsmith.study.prepare import Prepared, prepare
from segsmith.study.progress import Progress
from segsmith.study.results import LOCK, Results, keep_genotype, load_results
from segsmith.study.storage import directions_of, open_storage, open_study
from segsmith.study.trial import Record
from segsmith.training.guard import Interruption
from segsmith.training.runfolder import RunFolder, versions

RECORDED = ("segsmith", "torch", "optuna")
"""Packages whose versions every trial keeps."""


def run_search(options: SearchOptions) -> Results:
    """What came of it. A search that was stopped or killed goes on when the same is asked again."""
    check_sampler(options.sampler, options.sampler_settings, len(options.objectives))
    directions_of(options.objectives)
    run = RunFolder(Path(options.out))
    progress = Progress(options.trials, options.minutes, options.quiet)
    with _alone(run.path):
        if run.exists():
            _check_goes_on(run, options)
        prepared = prepare(options, progress.preparing)
        meter, clock = meter_of(options, prepared), clock_of(options, prepared)
        goals = goals_of(options, prepared, meter, clock)
        _say(options, prepared, goals)
        pool = open_pool(prepared.opener, options.hands)
        try:
            study = _study(run, options, prepared)
            book, stopped = _drive(run, study, options, prepared, goals, (meter, clock), pool, progress)
        except (UserError, StorageInternalError) as error:
            if run.exists():
                run.update(state="failed")
            if isinstance(error, UserError):
                raise
            raise UserError(f"the study's storage failed: {_first_line(error.__cause__ or error)}") from error
        finally:
            pool.close()
            progress.end()
        state = "stopped" if stopped else "finished"
        run.update(state=state, seconds=round(book.elapsed, 1), trials=book.counted)
    if stopped:
        done = f"stopped after {book.counted} trials, everything is saved"
        raise UserError(done, fix="go on: give the same command again")
    return load_results(run.path)


def _study(run: RunFolder, options: SearchOptions, prepared: Prepared) -> optuna.Study:
    """The run is recorded once nothing is wrong with what was asked, and names its study once others may read it."""
    space, objectives = prepared.space, options.objectives
    sampler = make_sampler(options.sampler, space, options.seed, options.sampler_settings, len(objectives))
    storage = open_storage(run.path, options.storage)
    if not run.exists():
        run.create("search", options.record(), options.seed)
    name = run.record().get("study") or f"{run.path.name}-{uuid.uuid4().hex[:8]}"  # a storage may hold many studies
    study = open_study(storage, name, sampler, objectives)
    run.update(state="running", study=name)
    return study


def _drive(
    run: RunFolder,
    study: optuna.Study,
    options: SearchOptions,
    prepared: Prepared,
    goals: Goals,
    costs: tuple[Meter, Clock | None],
    pool: Pool,
    progress: Progress,
) -> tuple[Book, bool]:
    """What was found, and whether somebody asked to stop."""
    plan = Plan(
        prepared.space,
        goals,
        prepared.classes,
        len(prepared.settings.stages),
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
    driver = Driver(study, plan, pool, costs[0], told, lambda: interruption.asked, costs[1])
    with interruption.heard():
        book = driver.run()
    if driver.settled:
        progress.settled(book)
        run.update(settled=True)
    return book, interruption.asked


def meter_of(options: SearchOptions, prepared: Prepared) -> Meter:
    """With a table latencies are known, too: of its target, and of networks for as many classes."""
    flops = FlopsMeter(prepared.size, len(prepared.classes), options.key_every)
    if not options.table:
        return flops
    table, classes = Table.load(options.table), len(prepared.classes)
    if options.target:
        table.check_target(load_target(options.target))
    if table.frames.classes != classes:
        fix = "measure a table for as many"
        raise UserError(
            f"is of networks for {table.frames.classes} classes, not {classes}", fix=fix, path=options.table
        )
    return TableMeter(flops, table)


def clock_of(options: SearchOptions, prepared: Prepared) -> Clock | None:
    """Where latencies count and no table says them, or where they are to be measured all the same."""
    if not options.measures:
        return None
    here = replace(this_machine(), size=prepared.size, key_every=options.key_every)
    asked = load_target(options.target) if options.target else here
    return Clock(replace(asked, key_every=options.key_every), len(prepared.classes))


def goals_of(options: SearchOptions, prepared: Prepared, meter: Meter, clock: Clock | None = None) -> Goals:
    """Amounts in percent are shares of what the static network costs on every frame."""
    whole = None if prepared.static is None else meter(prepared.static)
    if whole is not None and prepared.static is not None and clock is not None and options.latency.endswith("%"):
        whole = replace(whole, latency_ms=clock(prepared.static))
    limits = [
        Limit(what, parse_amount(text, share_of(what, whole, text)), options.soft)
        for what, text in (("flops", options.flops), ("parameters", options.parameters), ("latency", options.latency))
        if text
    ]
    goals = Goals(tuple(limits), parse_floors(options.floors), options.flicker, options.objectives)
    goals.check(prepared.classes, video=prepared.settings.length > 1)
    return goals


def share_of(what: str, whole: Cost | None, text: str) -> float | None:
    """What an amount in percent is a share of."""
    return value_of(what, whole) if whole is not None and text.endswith("%") else None


def _check_goes_on(run: RunFolder, options: SearchOptions) -> None:
    record = run.record()
    if record["command"] != "search":
        raise UserError(f"holds a run of segsmith {record['command']}", fix="name a new folder", path=run.path)
    options.check_goes_on(record["configuration"])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two drivers of one study would take each other's trials for their own. The lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise UserError(
            "another search is running in this folder", fix="wait for it, or stop it", path=folder
        ) from None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _say(options: SearchOptions, prepared: Prepared, goals: Goals) -> None:
    if options.quiet:
        return
    lines = [*prepared.said, f"{prepared.space.name} space: {prepared.space.size:.3g} combinations"]
    lines += [f"budget: {shown(limit.most)} {COSTS[limit.what]}" for limit in goals.limits]
    settings = prepared.settings
    stages = " + ".join(str(stage.epochs) for stage in settings.stages)
    lines.append(f"proxy {settings.name}: {stages} epochs, batch {settings.batch}; sampler {options.sampler}")
    sys.stderr.write("\n".join(lines) + "\n")
