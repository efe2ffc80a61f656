"""``segsmith latency``: what operations and networks cost on a target."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segsmith.cli.output import emit_json, say

if TYPE_CHECKING:
    from segsmith.latency.table import Table
    from segsmith.latency.target import Target
    from segsmith.spaces import Space

Opt = typer.Option
app = typer.Typer(name="latency", help="Latency tables: measure, pack, import, check, range.", no_args_is_help=True)
Subject = Annotated[str, typer.Argument(help="A space, a genotype's file, a preset or a run.")]
Options = Annotated[list[str] | None, typer.Argument(help="KEY=VALUE ... of the space, such as cells=8.")]
TargetFile = Annotated[str, Opt(help="A target's file; nothing: this machine.")]
Static = Annotated[str, Opt(help="What a dynamic cell stands on: a preset, a genotype's file or a run.")]
Classes = Annotated[
    int | None, Opt(min=1, help="How many classes networks tell apart: 11, or as many as a trained network has.")
]
Json = Annotated[bool, Opt("--json", help="One JSON object on stdout.")]
Minutes = Annotated[float, Opt(min=0, help="Stop after so long, and go on when asked again; 0: as long as it takes.")]
Tolerance = Annotated[float, Opt(min=0.001, help="Measure until a median is known so well, as a share.")]
Fits = Annotated[int, Opt(min=0, help="Random networks to fit the table's model to.")]


@app.command()
def measure(
    subject: Subject,
    options: Options = None,
    out: Annotated[str, Opt("-o", "--out", help="The table; asked again, it goes on.")] = "table.json",
    target: TargetFile = "",
    static: Static = "arch2",
    classes: Classes = None,
    networks: Fits = 14,
    missing: Annotated[bool, Opt("--missing", help="Add to a table what this network or space needs.")] = False,
    tolerance: Tolerance = 0.02,
    minutes: Minutes = 0.0,
    json: Json = False,
) -> None:
    """Measure every operation of a space at every shape, as it will be deployed."""
    from segsmith.latency.job import begun, measure_table
    from segsmith.latency.rounds import Effort
    from segsmith.latency.target import check_here
    from segsmith.training.runfolder import check_folder

    check_folder(Path(out).parent)
    known = Path(out) if missing else None
    here = wanted_target(target, known)
    check_here(here)
    table, job = begun(
        Path(out), subject, options or [], here, static, wanted_classes(classes, subject, static, known), missing
    )
    done = measure_table(table, job, Path(out), networks, Effort(tolerance, minutes), say)
    state = "complete" if done else "not complete: ask again"
    say(f"{out}: {len(table.pieces)} pieces, {len(table.networks)} networks, {state}")
    if json:
        emit_json({"table": out, "pieces": len(table.pieces), "networks": len(table.networks), "complete": done})


@app.command()
def pack(
    subject: Subject,
    options: Options = None,
    out: Annotated[str, Opt("-o", "--out", help="The zip.")] = "pack.zip",
    target: TargetFile = "",
    static: Static = "arch2",
    classes: Classes = None,
    networks: Fits = 14,
) -> None:
    """Write the operations of a space for a machine that has only numpy and onnxruntime."""
    from segsmith.latency.job import pack_space
    from segsmith.training.runfolder import check_folder

    check_folder(Path(out).parent)
    many = wanted_classes(classes, subject, static)
    count = pack_space(Path(out), subject, options or [], wanted_target(target, None), static, many, networks, say)
    say(f"{out}: {count} models. There: python {Path(out).name}; back here: segsmith latency import times.json")


@app.command("import")
def bring_back(
    times: Annotated[str, typer.Argument(help="What the pack's script has written.")],
    out: Annotated[str, Opt("-o", "--out", help="The table.")] = "table.json",
    target: TargetFile = "",
    json: Json = False,
) -> None:
    """Make a table of what a pack has brought back."""
    from segsmith.latency.measuring import refit
    from segsmith.latency.pack import read_times
    from segsmith.latency.target import load_target
    from segsmith.training.runfolder import check_folder

    check_folder(Path(out).parent)
    table, machine = read_times(Path(times))
    if target:
        table.check_target(load_target(target))
    refit(table)
    table.save(out)
    say(f"{out}: {len(table.pieces)} pieces, {len(table.networks)} networks, measured on {machine.get('processor')}")
    if json:
        emit_json({"table": out, "pieces": len(table.pieces), "machine": dict(machine)})


@app.command()
def check(
    table: Annotated[str, typer.Argument(help="The table.")],
    networks: Annotated[int, Opt(min=3, help="How many random networks.")] = 30,
    tolerance: Tolerance = 0.02,
    minutes: Minutes = 0.0,
    json: Json = False,
) -> None:
    """Predict random whole networks, measure them, and write into the table how far the two are apart."""
    from segsmith.latency.check import check as run_check
    from segsmith.latency.rounds import Effort
    from segsmith.latency.table import Table
    from segsmith.latency.target import check_here

    found = Table.load(table)
    check_here(found.target)
    verdict = run_check(found, networks, Path(table), Effort(tolerance, minutes), say)
    if json:
        emit_json(verdict)
    else:
        typer.echo(check_line(verdict))


@app.command("range")
def reach(
    subject: Subject,
    options: Options = None,
    table: Annotated[str, Opt(help="The table.")] = "table.json",
    static: Annotated[str, Opt(help="What a dynamic cell stands on, if not what it does in the table.")] = "",
    json: Json = False,
) -> None:
    """Say the fastest and the slowest network that a space can give."""
    from segsmith.genotype import fingerprint, to_json
    from segsmith.latency.reach import reach as find
    from segsmith.latency.table import Table

    known = Table.load(table)
    found = find(
        wanted_space(known, subject, options or [], static),
        lambda genotype: known.predict(genotype).mix(known.target.key_every),
        told=say,
    )
    how = "exact" if found.exact else f"the best of {found.tried} networks, by descent"
    ends = {"fastest": found.fastest, "slowest": found.slowest}
    if json:
        emit_json(
            {name: {"ms": end.ms, "genotype": to_json(end.genotype)} for name, end in ends.items()}
            | {"exact": found.exact, "tried": found.tried}
        )
        return
    for name, end in ends.items():
        typer.echo(f"{name} {end.ms:.2f} ms ({fingerprint(end.genotype)})")
    typer.echo(how)


def wanted_target(file: str, table: Path | None) -> "Target":
    """That of a file, of the table that is added to, or this machine."""
    from segsmith.latency.table import Table
    from segsmith.latency.target import load_target, this_machine

    if file:
        return load_target(file)
    return Table.load(table).target if table is not None and table.exists() else this_machine()


def wanted_classes(asked: int | None, subject: str, static: str, table: Path | None = None) -> int:
    """As many as were asked for, as the table has that is added to, or as a trained network tells apart."""
    if asked is not None:
        return asked
    from segsmith.cli.describe import read
    from segsmith.latency.table import Table
    from segsmith.spaces.make import SPACES

    if table is not None and table.exists():
        return Table.load(table).subject.classes
    network = subject if subject not in SPACES else static if subject == "dynamic" else ""
    known = read(network)[1] if network else None
    return known or 11


def wanted_space(table: "Table", name: str, options: list[str], static: str) -> "Space":
    """The space that the table is of, unless another is described."""
    from segsmith.genotype import load_genotype, preset
    from segsmith.spaces.make import make_space, read_options

    own = table.subject
    if name == own.space and not options and not static:
        return own.open()
    below = load_genotype(static) if static else own.static or preset("arch2")
    return make_space(name, read_options(options), below)


def check_line(verdict: dict[str, Any]) -> str:
    if not verdict:
        return "no network is measured yet"
    return (
        f"{verdict['networks']} networks: median error {verdict['median_error']:.1%}, "
        f"worst {verdict['worst_error']:.1%}, rank correlation {verdict['rank_correlation']:.3f}"
    )
