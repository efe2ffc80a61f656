"""``segsmith ablate``: tables of gradient searches, and random networks beside them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from segsmith.cli.parse import size as parse_size

if TYPE_CHECKING:
    from rich.table import Table

Opt = typer.Option


def ablate(
    tables: Annotated[
        list[str],
        typer.Argument(help="table6 ... table11; figure7: five betas; controls: random networks."),
    ],
    data: Annotated[str, Opt(help="KIND:PATH, or toy.")],
    out: Annotated[str, Opt("-o", "--out", help="A folder; asked again, it goes on.")],
    option: Annotated[list[str] | None, Opt("--space", help="KEY=VALUE of the space; may be repeated.")] = None,
    settings: Annotated[str, Opt(help="quick, hour or paper, of the searches.")] = "quick",
    table: Annotated[str, Opt(help="What operations cost on the target; where not given, FLOPs stand in.")] = "",
    beta: Annotated[float, Opt(help="The weight of log(latency), in rows that do not change it.")] = 0.005,
    epochs: Annotated[float | None, Opt(help="Of every search.")] = None,
    minutes: Annotated[float | None, Opt(help="Of every search, instead of epochs.")] = None,
    train_epochs: Annotated[float | None, Opt(help="Of every training of a network.")] = None,
    train_minutes: Annotated[float | None, Opt(help="Of every training, instead of epochs.")] = None,
    recipe: Annotated[str, Opt(help="Of the trainings.")] = "",
    size: Annotated[str | None, Opt(help="Search and train at this size, HEIGHTxWIDTH.")] = None,
    seeds: Annotated[int, Opt(help="Searches for every row, each with a seed of its own.")] = 2,
    networks: Annotated[int, Opt(help="Random networks for every row of such.")] = 10,
    judge: Annotated[str, Opt(help="The split that networks are judged by.")] = "val",
    measure: Annotated[bool, Opt(help="Time every network here.")] = True,
    device: Annotated[str, Opt(help="cpu, cuda or auto.")] = "auto",
    quiet: Annotated[bool, Opt("--quiet", help="No progress.")] = False,
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Search the rows of the LGC paper's tables, train what comes out, and say how good and how fast it is."""
    from segsmith.cli.output import console, emit_json
    from segsmith.spaces.make import read_options
    from segsmith.study.gradient.ablation import AblationOptions
    from segsmith.study.gradient.ablation import ablate as run
    from segsmith.study.gradient.settings import GradientOptions
    from segsmith.training.options import TrainOptions

    seen = parse_size(size)
    words = tuple(sorted(read_options(option or []).items()))
    search = GradientOptions(
        "lgc", data, "", settings=settings, space_options=words, table=table, beta=beta, epochs=epochs,
        minutes=minutes, size=seen, measure=measure, device=device, quiet=quiet,
    )  # fmt: skip
    train = TrainOptions(
        "", data, "", recipe=recipe, epochs=train_epochs, minutes=train_minutes, size=seen, device=device,
        evaluations=0, quiet=quiet,
    )  # fmt: skip
    found = run(AblationOptions(tuple(tables), out, search, train, seeds, networks, judge))
    if json:
        emit_json(found)
    elif not quiet:
        for name, rows in found.items():
            console().print(shown(name, rows))


def shown(name: str, rows: list[dict[str, Any]]) -> "Table":
    """Means over seeds or networks, with their spread."""
    from rich.table import Table

    unit = rows[0]["runs"][0]["unit"]
    columns = {
        "mIoU %": ("miou", 100, 2),
        "M parameters": ("parameters", 1e-6, 2),
        f"predicted {unit}": ("predicted", 1, 1),
        "measured ms": ("measured_ms", 1, 2),
        "light operations": ("light", 1, 1),
        "large fields": ("large", 1, 1),
    }
    grid = Table("row", "runs", *columns, title=name, title_justify="left")
    for row in rows:
        cells = [
            f"{factor * row[key]['mean']:.{digits}f} ± {factor * row[key]['sd']:.{digits}f}" if key in row else "-"
            for key, factor, digits in columns.values()
        ]
        grid.add_row(row["row"], str(len(row["runs"])), *cells)
    return grid
