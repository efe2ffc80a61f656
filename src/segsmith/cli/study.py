"""``segsmith study``: what came of a search."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from segsmith.cli.output import console, emit_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from segsmith.study.rank import Scores
    from segsmith.study.results import Results
    from segsmith.study.trial import Record

Opt = typer.Option
BEST = 10


class ShowByDefault(TyperGroup):
    """``segsmith study RUN`` is ``segsmith study show RUN``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=ShowByDefault, no_args_is_help=True, help="Say what came of a search: segsmith study RUN.")
Run = Annotated[Path, typer.Argument(help="The folder of a search, running or not.")]
Json = Annotated[bool, Opt("--json", help="One JSON object on stdout.")]


@app.command("show")
def show_run(run: Run, json: Json = False) -> None:
    """The best networks, counts, and the Pareto front; what segsmith study RUN does."""
    from segsmith.study.results import load_results

    found = load_results(run)
    if json:
        emit_json(found.data())
    else:
        show(found)


@app.command()
def table(
    run: Annotated[Path, typer.Argument(help="A search with --sampler random --no-early-stopping.")],
    out: Annotated[Path, Opt("-o", "--out", help="The table, as JSON lines.")],
    json: Json = False,
) -> None:
    """Write scored networks down as a table, on which samplers are compared in seconds."""
    from segsmith.study.table import WANTED, write_table

    about = write_table(run, out)
    if json:
        emit_json(about)
        return
    correlation = about["rank_correlation"]
    say(f"{out}: {about['networks']} networks; guesses of the others rank them with a correlation of {correlation:.2f}")
    if not correlation >= WANTED:
        say(f"that is below {WANTED:g}: go on with the search for more networks, or search a smaller space")


@app.command()
def rank(
    run: Run,
    sampled: Annotated[int, Opt(help="So many networks that the sampler would propose next.")] = 20,
    random: Annotated[int, Opt(help="So many by chance.")] = 20,
    longer: Annotated[str, Opt(help="How many times as long the other training is.")] = "2x",
    workers: Annotated[int | None, Opt(help="Processes that train.")] = None,
    device: Annotated[str, Opt(help="cpu, cuda or auto.")] = "auto",
    ray: Annotated[str, Opt(help="Train on a Ray cluster: its address, or auto for the one that runs here.")] = "",
    cpus: Annotated[float, Opt(help="On a cluster: CPUs of a candidate.")] = 1.0,
    gpus: Annotated[float, Opt(help="On a cluster: GPUs of a candidate, such as 0.25.")] = 0.0,
    json: Json = False,
) -> None:
    """Score new networks as the search did and in a longer training: does the sampler beat chance, and do the short
    training's ranks hold?"""
    from segsmith.errors import UserError
    from segsmith.study.progress import Progress
    from segsmith.study.rank import RankOptions
    from segsmith.study.rank import rank as rank_networks

    try:
        factor = float(longer.removesuffix("x"))
    except ValueError:
        raise UserError(f"--longer {longer!r} is no factor", fix="such as 2x") from None
    progress = Progress(quiet=json)
    asked = RankOptions(sampled, random, factor, workers, device, ray, cpus, gpus)
    scores = rank_networks(run, asked, progress.preparing)
    if json:
        emit_json({"longer": factor, "sets": [one.data() for one in scores]})
    else:
        console().print(rank_table(scores, factor))


def rank_table(scores: "Sequence[Scores]", factor: float) -> "Table":
    from rich.table import Table

    grid = Table(title="rewards in percent, and Spearman's rho, with 95 % intervals", title_justify="left")
    for name in ("networks", "as in the search", f"trained {factor:g} times as long", "rank correlation"):
        grid.add_column(name)
    for one in scores:
        data = one.data()
        short, long = (
            f"{_percent(data[setup]['mean'])} ({' to '.join(map(_percent, data[setup]['mean_interval']))})"
            for setup in ("search", "longer")
        )
        low, high = data["spearman_interval"]
        grid.add_row(f"{data['networks']} {one.name}", short, long, f"{data['spearman']:.2f} ({low:.2f} to {high:.2f})")
    return grid


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def show(found: "Results") -> None:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(found.counts.items()))
    say(f"{found.run} ({found.state}): {counts or 'no trial yet'}; {found.share_of_repeats:.0%} of scores repeated")
    best = found.best
    if best is None:
        return
    names = " against ".join(found.objectives)
    console().print(records_table("best", found.ranked()[:BEST]))
    if best.missed:
        say("no network met all demands")
    console().print(records_table(f"Pareto front, {names}", found.pareto))
    say(f"best: trial {best.number}, {found.run / 'genotype.json'}; train it with segsmith train {found.run}")


def records_table(title: str, records: "Sequence[Record]") -> "Table":
    """Percent, and millions of parameters and FLOPs. What no record has is left out."""
    from rich.table import Table

    columns = {
        "trial": [str(record.number) for record in records],
        "state": [record.state for record in records],
        "reward": [_percent(record.reward or 0) for record in records],
        "mIoU": [_percent(record.stages[-1]["miou"]) for record in records],
        "M par.": [_millions(record.parameters) for record in records],
        "MFLOPs": [_millions(record.flops) for record in records],
        "ms": ["" if record.latency_ms is None else f"{record.latency_ms:.1f}" for record in records],
        "s": [f"{record.seconds:.1f}" for record in records],
        "missed": [", ".join(record.missed) for record in records],
    }
    kept = {name: cells for name, cells in columns.items() if any(cells)}
    grid = Table(title=title, title_justify="left")
    for name in kept:
        grid.add_column(name, justify="left" if name in ("state", "missed") else "right", no_wrap=name != "missed")
    for row in zip(*kept.values(), strict=True):
        grid.add_row(*row)
    return grid


def _millions(amount: float | None) -> str:
    return "" if amount is None else f"{amount / 1e6:,.2f}"
