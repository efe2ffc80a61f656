"""``segsmith study``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segsmith.cli.output import console, emit_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from segsmith.study.results import Results
    from segsmith.study.trial import Record

BEST = 10


def study(
    run: Annotated[Path, typer.Argument(help="The folder of a search, running or not.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Say what came of a search: the best networks, counts, and the Pareto front."""
    from segsmith.study.results import load_results

    found = load_results(run)
    if json:
        emit_json(found.data())
    else:
        show(found)


def show(found: "Results") -> None:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(found.counts.items()))
    say(f"{found.run} ({found.state}): {counts or 'no trial yet'}; {found.share_of_repeats:.0%} of scores repeated")
    best = found.best
    if best is None:
        return
    names = " against ".join(found.objectives)
    console().print(table("best", found.ranked()[:BEST]))
    if best.missed:
        say("no network met all demands")
    console().print(table(f"Pareto front, {names}", found.pareto))
    say(f"best: trial {best.number}, {found.run / 'genotype.json'}")


def table(title: str, records: "Sequence[Record]") -> "Table":
    """Percent, and millions of parameters and FLOPs."""
    from rich.table import Table

    grid = Table(title=title, title_justify="left")
    for name in ("trial", "state", "reward %", "mIoU %", "M parameters", "MFLOPs a frame", "ms", "seconds", "missed"):
        grid.add_column(name, justify="left" if name in ("state", "missed") else "right")
    for record in records:
        grid.add_row(
            str(record.number),
            record.state,
            f"{100 * (record.reward or 0):.2f}",
            f"{100 * record.stages[-1]['miou']:.2f}",
            millions(record.parameters),
            millions(record.flops),
            "-" if record.latency_ms is None else f"{record.latency_ms:.1f}",
            f"{record.seconds:.1f}",
            ", ".join(record.missed),
        )
    return grid


def millions(amount: float | None) -> str:
    return "-" if amount is None else f"{amount / 1e6:,.2f}"
