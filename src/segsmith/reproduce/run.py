"""``segsmith reproduce`` without its flags."""

import sys
from typing import Any

from segsmith.data.open import open_dataset
from segsmith.errors import UserError
from segsmith.reproduce.checks import check
from segsmith.reproduce.options import ReproduceOptions, judged_split
from segsmith.reproduce.page import write_page
from segsmith.reproduce.papers import PAPERS, Paper
from segsmith.reproduce.scales import Scale, scale_named
from segsmith.reproduce.stage import FIGURES, FOLDERS, Context, Place, Stage, run_stages
from segsmith.training.runfolder import RunFolder, alone, machine, versions, write_json

COMMAND = "reproduce"
RESULTS, PAGE = "reproduce.json", "results.html"
GO_ON = "go on:"
"""How the way out begins of what was stopped and can go on."""


def reproduce(options: ReproduceOptions, scale: Scale | None = None) -> dict[str, Any]:
    """What ``reproduce.json`` holds. Killed or stopped, it goes on when the same is asked again. ``scale`` takes the
    place of the named one."""
    named = scale_named(options.paper, options.scale)
    context = Context(options, scale or named, places(options), unsaid if options.quiet else said)
    run, paper = RunFolder(context.out), PAPERS[options.paper]
    check(context, paper)
    with alone(context.out, "reproduction"):
        begin(run, context)
        run.update(state="running")
        try:
            drawing = Stage(FIGURES, lambda one: {"figures": paper.figures(one)})
            times = run_stages(context, [*paper.stages(context), drawing])
        except BaseException as reason:  # whatever it was, the run is not at work any more
            run.update(state="stopped")
            if isinstance(reason, UserError) and reason.fix.startswith(GO_ON):  # its own command would do a part alone
                raise UserError(reason.what, fix=f"{GO_ON} give the same command again") from None
            raise
        found = outcome(context, paper, times)
        write_json(context.out / RESULTS, found)
        write_page(found, context.out / PAGE)
        run.update(state="finished")
    context.say(f"{context.out / PAGE}, {context.out / RESULTS}")
    return found


def outcome(context: Context, paper: Paper, times: list[dict[str, Any]]) -> dict[str, Any]:
    options = context.options
    return {
        "paper": options.paper,
        "title": paper.title,
        "scale": context.scale.name,
        "data": options.data,
        "cityscapes": bool(options.city),
        "differences": paper.differences(context),
        "tables": paper.tables(context),
        "figures": context.found[FIGURES]["figures"],
        "stages": times,
        "seed": options.seed,
        "versions": versions(),
        "machine": machine(),
    }


def places(options: ReproduceOptions) -> tuple[Place, ...]:
    """The user's data, and Cityscapes where it is at hand. Its test labels are nobody's, so it is judged on val."""
    found = [Place("data", options.data, judged_split(options.data))]
    if options.city:
        open_dataset(options.city)
        found.append(Place("cityscapes", options.city, "val"))
    return tuple(found)


def begin(run: RunFolder, context: Context) -> None:
    """A new one, or one to go on with. Where nothing has been made yet another question takes its place."""
    options = context.options
    made = [name for name in FOLDERS if (run.path / name).exists()]
    if run.exists():
        record = run.record()
        if record["command"] != COMMAND:
            raise UserError(f"holds a run of segsmith {record['command']}", fix="name a new folder", path=run.path)
        if made:
            options.check_goes_on(record["configuration"])
            return
        run.record_path.unlink()
    elif made:  # they would be taken for what stages have left
        raise UserError(f"holds {', '.join(made)} of something else", fix="name a new folder", path=run.path)
    run.create(COMMAND, options.record(), options.seed)


def unsaid(line: str) -> None:
    pass


def said(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
