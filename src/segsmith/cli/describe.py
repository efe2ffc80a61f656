"""``segsmith describe``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segsmith.cli import parse
from segsmith.cli.output import emit_json

if TYPE_CHECKING:
    from rich.table import Table

    from segsmith.genotype import Genotype
    from segsmith.networks.cost import Description

SUFFIX = ".safetensors"


def describe(
    genotype: Annotated[str, typer.Argument(help="A preset, a genotype's file, a checkpoint or a run.")],
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH of a frame.")] = "360x480",
    classes: Annotated[int | None, typer.Option(min=1, help="How many: 11, or what a trained network has.")] = None,
    channels: Annotated[int, typer.Option(min=1, help="Channels of a frame.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Say what a network costs: parameters and FLOPs of every part and in total, without building it."""
    from rich.console import Console

    from segsmith.networks import cost

    structure, known = read(genotype)
    found = cost.describe(structure, parse.size(size) or (0, 0), classes or known or 11, channels)
    if json:
        emit_json(record(found))
    else:
        Console().print(table(found, f"{genotype}, {size}"))


def read(spec: str) -> "tuple[Genotype, int | None]":
    """The genotype and, of a trained network, how many classes it has."""
    from segsmith.genotype import load_genotype
    from segsmith.genotype.presets import PRESETS
    from segsmith.models import locate

    model = Path(spec) if spec in PRESETS else locate(spec)
    model = model if model.suffix == SUFFIX else model / f"model{SUFFIX}"
    if model.is_file():
        from segsmith.networks.checkpoint import read_meta

        meta = read_meta(model)
        return meta.genotype, len(meta.classes)
    return load_genotype(spec), None


def record(found: "Description") -> dict[str, Any]:
    """``flops`` are those of a key frame."""
    video = found.step_flops is not None
    nodes = [
        {"name": item.name, "op": item.op, "parameters": item.parameters, "flops": item.key_flops}
        | ({"step_flops": item.step_flops} if video else {})
        for item in found.items
    ]
    parts = {"key": {"flops": found.key_flops}, "step": {"flops": found.step_flops}} if video else {}
    return {"parameters": found.parameters, "flops": found.key_flops, **parts, "nodes": nodes}


def table(found: "Description", title: str) -> "Table":
    from rich.table import Table

    video = found.step_flops is not None
    columns = ["key MFLOPs", "step MFLOPs"] if video else ["MFLOPs"]
    grid = Table(title=title, show_footer=True)
    grid.add_column("part", "total", no_wrap=True)
    grid.add_column("operation")
    grid.add_column("parameters", f"{found.parameters:,}", justify="right")
    for name, total in zip(columns, (found.key_flops, found.step_flops), strict=False):
        grid.add_column(name, shown(total or 0), justify="right")
    for item in found.items:
        flops = [item.key_flops, item.step_flops][: len(columns)]
        grid.add_row(item.name, item.op, f"{item.parameters:,}", *map(shown, flops))
    return grid


def shown(flops: int) -> str:
    return f"{flops / 1e6:,.1f}" if flops else "-"
