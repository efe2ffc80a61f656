"""segsmith data: look at a data set, make one."""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segsmith.cli.output import console, emit_json, say
from segsmith.errors import UserError

if TYPE_CHECKING:
    from segsmith.data.base import Dataset
    from segsmith.data.report import Report

app = typer.Typer(help="Look at data sets, and make one.", no_args_is_help=True)

SIZE = (360, 480)
ALIKE, LINES = 3, 20
"""Faults of one kind, and faults altogether, that are shown to a person; --json has them all."""


@app.command()
def check(
    dataset: Annotated[str, typer.Argument(help="KIND:PATH, such as camvid:~/CamVid, or toy.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Write a contact sheet of overlays here.")] = None,
    write_classes: Annotated[
        bool, typer.Option("--write-classes", help="Propose a classes.json from the masks of a folder: data set.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores where not given.")] = None,
) -> None:
    """Look at every file: counts, sizes, classes, and what is wrong with which file."""
    from segsmith.data.report import unreadable

    try:
        found, report = _check(dataset, sheet, write_classes, workers)
    except UserError as error:
        if not json:
            raise
        say(f"segsmith: {error}")
        emit_json(unreadable(dataset, error).as_json())
        raise typer.Exit(2) from error
    if json:
        emit_json(report.as_json())
    else:
        _print(report)
    if sheet:
        _write_sheet(found, sheet)
    if not report.ok:
        raise typer.Exit(2)


def _check(name: str, sheet: Path | None, write_classes: bool, workers: int | None) -> "tuple[Dataset, Report]":
    from segsmith.data.check import check as check_dataset
    from segsmith.data.open import open_dataset
    from segsmith.data.sheet import require_sheet

    if sheet:
        require_sheet(sheet)
    if write_classes:
        _write_classes(name)
    dataset = open_dataset(name)
    with _bar("looking at frames") as progress:
        return dataset, check_dataset(dataset, workers, progress)


def _write_classes(name: str) -> None:
    from segsmith.data.open import parse_name
    from segsmith.data.propose import propose_classes

    kind, path = parse_name(name)
    if kind != "folder":
        raise UserError(f"--write-classes is for folder: data sets, not {kind!r}", fix=f"folder:{path}, or drop it")
    with _bar("looking at masks") as progress:
        target, count = propose_classes(path, progress)
    say(f"wrote {target}: {count} classes; give them their names")


def _write_sheet(dataset: "Dataset", path: Path) -> None:
    from segsmith.data.sheet import write_sheet

    write_sheet(dataset, path)
    say(f"wrote {path}")


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.progress import Progress

    screen = console()
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(report: "Report") -> None:
    from rich.console import Console

    out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    out.print(f"{report.name}: {report.protocol}", markup=False)
    for name, split in report.splits.items():
        sizes = ", ".join(f"{size} ({count})" for size, count in list(split.sizes.items())[:4])
        counts = f"{_count(split.clips, 'clip')}, {_count(split.frames, 'frame')}, {split.labelled} labelled"
        out.print(f"  {name:<6} {counts}; {sizes or 'no size'}", markup=False)
    for note in report.notes:
        out.print(f"  note: {note}", markup=False)
    if report.weights:
        out.print(_class_table(report))
    for line in _fault_lines(report):
        out.print(f"  {line}", markup=False)
    out.print(_verdict(report), markup=False)
    out.print(f"next: {report.next_line}", markup=False)


def _fault_lines(report: "Report") -> Iterator[str]:
    """A few of each kind (what is mended alike), so that a thousand missing masks do not hide the one broken file."""
    from collections import Counter

    shown: Counter[str] = Counter()
    for fault in report.faults:
        if shown[fault.fix] < ALIKE and shown.total() < LINES:
            shown[fault.fix] += 1
            yield f"{'ERROR' if fault.fatal else 'warning'}: {fault.line()}"
    if hidden := len(report.faults) - shown.total():
        yield f"... and {hidden} more like these; --json lists them all"


def _class_table(report: "Report") -> object:
    """Shares of the labelled pixels in percent, and the weights 1 / ln(1.10 + share in train)."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("  class")
    splits = [(name, split) for name, split in report.splits.items() if split.labelled]
    for name, _ in splits:
        table.add_column(f"{escape(name)} %", justify="right")
    table.add_column("weight", justify="right")
    for place, name in enumerate(report.classes.names):
        shares = [f"{100 * split.shares[place]:.2f}" for _, split in splits]
        table.add_row(f"  {escape(name)}", *shares, f"{report.weights[place]:.2f}")
    table.add_row("  void", *(f"{100 * split.void_share:.2f}" for _, split in splits), "")
    return table


def _verdict(report: "Report") -> str:
    errors = sum(fault.fatal for fault in report.faults)
    tail = _count(len(report.faults) - errors, "warning")
    if report.ok:
        return f"good to train on ({tail})"
    return f"training would fail: {_count(errors, 'error')} to mend ({tail})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


@app.command()
def make(
    what: Annotated[str, typer.Argument(help="What to make: streets.")],
    out: Annotated[Path, typer.Argument(help="The folder to write: a new or an empty one.")],
    clips: Annotated[int, typer.Option(help="Clips.")] = 40,
    frames: Annotated[int, typer.Option(help="Frames in a clip, at 30 Hz.")] = 30,
    size: Annotated[str | None, typer.Option(help="HEIGHTxWIDTH; 360x480 where not given.")] = None,
    seed: Annotated[int, typer.Option(help="Other seeds draw other streets.")] = 0,
    frame_every: Annotated[int, typer.Option(help="Keep every so many of the camera's 30 frames a second.")] = 1,
    label_every: Annotated[int, typer.Option(help="A mask for every so many frames.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores where not given.")] = None,
) -> None:
    """Make a data set: streets draws drives through small streets, in the folder: and SegNet layouts and as mp4."""
    from segsmith.cli.parse import size as parse_size

    if what != "streets":
        raise UserError(f"cannot make {what!r}", fix="segsmith data make streets OUT")
    shape = parse_size(size) or SIZE
    from segsmith.data.make import make_streets

    try:
        with _bar("drawing streets") as progress:
            made = make_streets(
                out,
                clips=clips,
                frames=frames,
                size=shape,
                seed=seed,
                frame_every=frame_every,
                label_every=label_every,
                progress=progress,
                workers=workers,
            )
    except KeyboardInterrupt:
        say(f"stopped; the same command goes on from here, in {out}")
        raise
    splits = ", ".join(f"{count} {split}" for split, count in made.clips.items())
    typer.echo(f"{out}: {made.frames} frames, {made.labelled} labelled, in clips: {splits}")
    for stride, ceiling in made.ceilings.items():
        typer.echo(f"  the most that an output at 1/{stride} can score: {100 * ceiling:.1f} % mIoU")
    typer.echo(f"next: segsmith data check folder:{shlex.quote(str(out))}")
