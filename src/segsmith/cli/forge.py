"""``segsmith forge``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segsmith.cli.output import console, emit_json, say

if TYPE_CHECKING:
    from rich.table import Table

    from segsmith.forge.budget import Share
    from segsmith.forge.facts import Facts
    from segsmith.forge.options import ForgeOptions

Opt = typer.Option
DOES = {
    "look": "look at the data, time the target and this machine",
    "table": "measure what operations cost on the target",
    "static": "train {static}, the image network that all else stands on",
    "search": "search the {space} space within {held_ms:.1f} ms: {how}",
    "train": "train the best {finalists} to the end",
    "pick": "export, prove, time, and keep the best within {limit_ms:.1f} ms",
    "judge": "judge it on {split}",
    "report": "write the report",
}


def forge(
    data: Annotated[str, typer.Argument(help="KIND:PATH, or toy.")],
    latency: Annotated[
        str, Opt(help="For the mean frame on the target: 40ms, or 60% of what the image network takes on every frame.")
    ],
    budget: Annotated[str, Opt(help="Time for all of it, such as 2h, 90m or 1h30m; interruptions not counted.")],
    out: Annotated[str, Opt("-o", "--out", help="The run's folder; asked again, the forge goes on.")],
    target: Annotated[str, Opt(help="A target's file; nothing: this machine, frames as the data has them.")] = "",
    table: Annotated[str, Opt(help="What networks cost on the target, from segsmith latency.")] = "",
    space: Annotated[
        str, Opt(help="dynamic, template, lgc, or auto: cells for clips, image networks for frames.")
    ] = "auto",
    static: Annotated[
        str, Opt(help="The image network that cells stand on: arch2, …; nothing: the best that fits.")
    ] = "",
    key_every: Annotated[int, Opt(help="One key frame in so many; nothing: as the target says.")] = 0,
    floor: Annotated[list[str] | None, Opt(help="CLASS=IOU that the network should reach; may be repeated.")] = None,
    plan: Annotated[bool, Opt("--plan", help="Show the plan and stop.")] = False,
    device: Annotated[str, Opt(help="To train on: cpu, cuda or auto.")] = "auto",
    seed: Annotated[int, Opt(help="Everything random follows from it.")] = 0,
    quiet: Annotated[bool, Opt("--quiet", help="No progress of trainings and searches.")] = False,
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """From labelled frames to a network that keeps to a latency: searched, trained, exported, proven, reported."""
    from segsmith.forge.drive import run_forge
    from segsmith.forge.options import ForgeOptions, parse_duration

    options = ForgeOptions(
        data=data,
        out=out,
        latency=latency,
        budget=parse_duration(budget),
        target=target,
        table=table,
        space=space,
        floors=tuple(floor or ()),
        static=static,
        key_every=key_every,
        device=device,
        seed=seed,
        quiet=quiet,
    )
    found = run_forge(options, say, show_plan, plan)
    if json:
        emit_json(found)
    if not plan:
        for line in outcome(options, found):
            say(line)


def show_plan(options: "ForgeOptions", facts: "Facts", spent: float, shares: "list[Share]") -> None:
    console().print(plan_table(options, facts, spent, shares))


def plan_table(options: "ForgeOptions", facts: "Facts", spent: float, shares: "list[Share]") -> "Table":
    """What is done already is one row; of a forge that goes on and is late, what is left for learning is nothing."""
    from rich.table import Table

    from segsmith.forge.budget import LOOK, SEARCH, STATIC, finalists
    from segsmith.forge.options import LGC
    from segsmith.report.words import duration

    searching = sum(share.learning for share in shares if share.stage == SEARCH)
    candidates = max(1, round(searching / facts.speeds.candidate_s))
    how = "a supernet" if facts.space == LGC else f"about {candidates} candidate{'s' * (candidates > 1)}"
    words = dict(vars(facts)) | {"how": how, "finalists": finalists(options.budget)}
    title = (
        f"{options.data}: a network of at most {facts.limit_ms:.1f} ms a frame on {facts.target.words()}, "
        f"in {duration(options.budget)}"
    )
    made = Table(title=title, title_justify="left")
    made.add_column("stage")
    made.add_column("what")
    made.add_column("time", justify="right")
    first = SEARCH if facts.space == LGC else STATIC
    fresh = any(share.stage == first for share in shares)
    made.add_row(*((LOOK, "done: " + DOES[LOOK]) if fresh else ("", "done so far")), duration(spent))
    for share in shares:
        made.add_row(share.stage, DOES[share.stage].format_map(words), duration(max(0.0, share.seconds)))
    reserve = options.budget - spent - sum(share.seconds for share in shares)
    made.add_row("", "in reserve", duration(max(0.0, reserve)))
    return made


def outcome(options: "ForgeOptions", found: dict[str, Any]) -> list[str]:
    from segsmith.report.words import duration, winner

    how = "measured" if found["measured"] else "as the table foretells"
    out = Path(options.out)
    judged = "" if found["miou"] is None else f", val mIoU {100 * found['miou']:.1f} %"
    judged += f"; it misses {', '.join(found['missed'])}" if found["missed"] else ""
    return [
        f"\nDone in {duration(found['seconds'])} of {duration(options.budget)}: {winner(found['trial'])}, "
        f"{found['latency_ms']:.1f} ms a frame ({how}, {found['limit_ms']:.1f} were allowed){judged}",
        *(f"  {path}" for path in found["files"]),
        f"  {out / 'report.html'}",
        "and go on with",
        f"  segsmith run {out} VIDEO -o overlay.mp4",
        f"  segsmith benchmark {out}",
    ]
