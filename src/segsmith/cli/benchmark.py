"""``segsmith benchmark``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segsmith.cli.output import emit_json, say
from segsmith.cli.parse import size as parse_size

if TYPE_CHECKING:
    from rich.table import Table

    from segsmith.deploy.benchmark.run import Report

Opt = typer.Option
SHOWN = 12
"""Nodes of a part that a table names; JSON names all."""


def benchmark(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Runs, checkpoints, exported files, any ONNX file, presets, genotypes' files, or module:function.",
        ),
    ],
    size: Annotated[list[str] | None, Opt(help="HEIGHTxWIDTH of frames; may be given again. Else the model's.")] = None,
    backend: Annotated[
        list[str] | None,
        Opt(help="onnxruntime, openvino, torch, eager (plain torch) or torch-export; may be given again."),
    ] = None,
    threads: Annotated[int, Opt(min=0, help="Threads of the runtime; 0 leaves it to it.")] = 0,
    key_every: Annotated[int, Opt(min=1, help="The mix has a key frame every so many frames.")] = 10,
    classes: Annotated[int, Opt(min=1, help="How many, where a genotype has no weights that say it.")] = 11,
    device: Annotated[str, Opt(help="Torch's or OpenVINO's device.")] = "cpu",
    minutes: Annotated[float, Opt(min=0, help="When to stop, stable or not.")] = 5.0,
    tolerance: Annotated[float, Opt(min=0.001, help="Measure until medians are known so well, as a share.")] = 0.02,
    profile: Annotated[bool, Opt("--profile", help="List the costliest nodes, too.")] = False,
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Time networks side by side: key frame, step and the mix; the graph alone and the whole frame."""
    from rich.console import Console

    from segsmith.deploy.benchmark.run import Asked
    from segsmith.deploy.benchmark.run import benchmark as measure

    sizes = [found for text in size or () if (found := parse_size(text))]
    asked = Asked(models, sizes, backend or (), threads, device, key_every, classes, minutes, tolerance, profile)
    report = measure(asked, say)
    if json:
        emit_json(report.record())
    else:
        for table in tables(report):
            Console().print(table)
    for result in report.unstable:
        name, spread = result.job.name, result.timing.spread
        say(f"not stable: {name}, {result.part} ({result.scope}): its median is known within {spread:.1%} only")


def tables(report: "Report") -> "list[Table]":
    record = report.record()
    made = [timings(record["results"], record["machine"]), openings(record["models"])]
    return made + [costs(row) for row in record.get("profile", [])]


def timings(rows: list[dict[str, Any]], machine: Mapping[str, Any]) -> "Table":
    title = f"{machine['processor']}, {machine['usable_cores']} cores, load {machine['load']} before"
    left = ("model", "backend", "size", "part", "scope")
    table = grid(title, left, ("p50 ms", "p95 ms", "p99 ms", "frames/s", "±"))
    for row in rows:
        figures = [f"{row[key]:.2f}" for key in ("p50_ms", "p95_ms", "p99_ms")]
        spread = f"{row['spread']:.1%}" + ("" if row["stable"] else " !")
        table.add_row(*(row[name] for name in left), *figures, f"{row['fps']:.1f}", spread)
    return table


def openings(rows: list[dict[str, Any]]) -> "Table":
    left = ("model", "backend", "size")
    table = grid("before the first answer", left, ("opened s", "first key ms", "first step ms", "memory MB"))
    for row in rows:
        first = next(iter(row["first_ms"].values()))
        calls = [f"{first[part]:.1f}" if part in first else "-" for part in ("key", "step")]
        table.add_row(*(row[name] for name in left), f"{row['open_s']:.2f}", *calls, f"{row['memory_mb']:.0f}")
    return table


def costs(row: Mapping[str, Any]) -> "Table":
    table = grid(f"{row['model']} in {row['backend']}, {row['part']} ({row['scope']})", ("node", "op"), ("ms", "share"))
    for node in row["nodes"][:SHOWN]:
        table.add_row(node["node"], node["op"], f"{node['ms']:.2f}", f"{node['share']:.1%}")
    return table


def grid(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> "Table":
    from rich.table import Table

    table = Table(title=title)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right")
    return table
