"""Scores as tables for the terminal."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.table import Table

from segsmith.training.evaluation import Result

if TYPE_CHECKING:
    from segsmith.training.assess import Assessment


def percent(value: float | None) -> str:
    return "–" if value is None or value != value else f"{100 * value:.1f}"


def score_table(done: "Assessment") -> Table:
    """One column for the network and one for each control."""
    columns = {done.model: done.result, **done.controls}
    table = Table(
        title=f"{done.dataset.name}, {done.split}: {done.result.frames} frames, key frame every {done.result.key_every}"
    )
    table.add_column("IoU in %")
    for name in columns:
        table.add_column(name, justify="right")
    absent = done.result.scores.absent
    for number, name in enumerate(done.dataset.classes.names):
        row = [percent(result.scores.iou[number]) for result in columns.values()]
        table.add_row(f"{name} (does not occur)" if number in absent else name, *row)
    table.add_section()
    for label, pick in SUMMARY.items():
        table.add_row(label, *(percent(pick(result)) for result in columns.values()))
    table.add_row("ceiling of the output stride", percent(done.ceiling))
    return table


def drift_table(done: "Assessment") -> Table:
    """How mIoU falls with the distance from the key frame, beside the controls."""
    columns = {done.model: done.result, **done.controls}
    table = Table(title="mIoU (flicker) in % by distance from the key frame")
    table.add_column("distance", justify="right")
    for name in columns:
        table.add_column(name, justify="right")
    for place, point in enumerate(done.result.drift):
        row = [result.drift[place] for result in columns.values()]
        table.add_row(str(point.distance), *(f"{percent(p.scores.miou)} ({percent(p.flicker)})" for p in row))
    return table


SUMMARY: dict[str, Callable[[Result], float]] = {
    "mIoU": lambda r: r.scores.miou,
    "frequency-weighted IoU": lambda r: r.scores.fwiou,
    "mean accuracy": lambda r: r.scores.mean_accuracy,
    "boundary IoU": lambda r: r.boundary.mean,
    "VC8, strict": lambda r: r.temporal.strict[8],
    "VC16, strict": lambda r: r.temporal.strict[16],
    "VC8, official": lambda r: r.temporal.official[8],
    "VC16, official": lambda r: r.temporal.official[16],
    "flicker": lambda r: r.temporal.flicker,
}
