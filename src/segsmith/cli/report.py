"""``segsmith report``."""

from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.output import say
from segsmith.errors import UserError

Opt = typer.Option
SUFFIXES = (".html", ".htm")


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of runs, or one that holds several.")],
    out: Annotated[
        Path | None, Opt("-o", "--out", help="The page; RUN/report.html of the first run where not given.")
    ] = None,
    watch: Annotated[bool, Opt("--watch", help="Write the page again and again while a run is going.")] = False,
) -> None:
    """Tell on one page what runs were asked and what came out, with pictures."""
    from segsmith.report.page import Reporter
    from segsmith.training.runfolder import check_folder

    page = out or runs[0] / "report.html"
    if page.suffix.lower() not in SUFFIXES:
        raise UserError(f"a page is no {page.suffix or 'file without a suffix'}", fix="-o report.html", path=page)
    if out is not None:
        check_folder(out.parent)
    reporter = Reporter(say)
    if watch:
        say(f"keeping {page} fresh while a run is going; Ctrl-C ends it")
        reporter.watch(runs, page)
    else:
        reporter.write(runs, page)
    say(f"wrote {page}")
