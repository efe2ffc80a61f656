"""The command ``segsmith``. Each command lives in a short file of its own and loads what it needs when it runs."""

import os
import sys
from typing import Any

# OpenMP's threads spin while they wait unless this is set before torch is loaded: with anything else on the cores
# such a step takes twenty times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Huge pages for torch's memory on Linux: a training step is a tenth faster. Torch reads it at its first allocation.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

import typer

import segsmith
from segsmith.cli import (
    ablate,
    benchmark,
    data,
    demo,
    describe,
    evaluate,
    export,
    forge,
    genotype,
    latency,
    models,
    report,
    reproduce,
    run,
    search,
    search_gradient,
    space,
    study,
    target,
    train,
)
from segsmith.errors import UserError

UsageError: Any = typer.BadParameter.__base__
"""Typer brings its own Click, and does not name it."""

app = typer.Typer(
    name="segsmith",
    help="Search, train, prove, export and run compact real-time segmentation networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(data.app, name="data")
app.command()(demo.demo)
app.command()(forge.forge)
app.command()(genotype.draw)
app.command()(describe.describe)
app.command()(space.space)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command(cls=search_gradient.SearchCommand, epilog=search_gradient.HINT)(search.search)
app.command()(ablate.ablate)
app.add_typer(study.app, name="study")
app.command()(target.target)
app.add_typer(latency.app, name="latency")
app.command()(models.models)
app.command()(export.export)
app.command()(run.run)
app.command()(benchmark.benchmark)
app.command()(report.report)
app.command()(reproduce.reproduce)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        typer.echo(segsmith.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line: a user's mistake is one line and exit code 2, never a traceback."""
    try:
        code = app(prog_name="segsmith", standalone_mode=False)
    except UserError as error:
        sys.stderr.write(f"segsmith: {error}\n")
        sys.exit(2)
    except UsageError as error:
        sys.stderr.write(usage(error))
        sys.exit(2)
    except typer.Abort:
        sys.stderr.write("Aborted.\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    sys.exit(code)  # that of typer.Exit; commands give none


def usage(error: Any) -> str:
    """One line, and whom to ask. Of a group that was named alone the help stands there already."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""
    asked = f"{error.ctx.command_path} --help" if error.ctx else "segsmith --help"
    return f"segsmith: {UserError(error.format_message().rstrip('.'), fix=asked)}\n"
