"""``segsmith target``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segsmith.cli import parse
from segsmith.cli.output import emit_json, say

if TYPE_CHECKING:
    from segsmith.latency.target import Target

Opt = typer.Option


def target(
    file: Annotated[str, typer.Argument(help="A target's file to show, or to start from; nothing: this machine.")] = "",
    out: Annotated[str, Opt("-o", "--out", help="Write the target to this file.")] = "",
    name: Annotated[str | None, Opt(help="What to call it.")] = None,
    device: Annotated[str | None, Opt(help="The processor or graphics card; say it for another machine.")] = None,
    backend: Annotated[str | None, Opt(help="onnxruntime, openvino, torch or cuda.")] = None,
    threads: Annotated[int | None, Opt(help="Threads of the runtime.")] = None,
    precision: Annotated[str | None, Opt(help="fp32, or fp16 with cuda.")] = None,
    size: Annotated[str | None, Opt(help="HEIGHTxWIDTH of a frame.")] = None,
    key_every: Annotated[int | None, Opt(help="One frame in so many is a key frame.")] = None,
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show the device that networks are meant for, or write it down: this machine's, or another's."""
    asked = {
        "name": name,
        "device": device,
        "backend": backend,
        "threads": threads,
        "precision": precision,
        "size": parse.size(size),
        "key_every": key_every,
    }
    made = resolved(file, {key: value for key, value in asked.items() if value is not None})
    if out:
        from segsmith.latency.target import save_target
        from segsmith.training.runfolder import check_folder

        check_folder(Path(out).parent)
        save_target(made, out)
        say(f"{out}: {made.words()}")
    if json:
        emit_json(made.record())
    elif not out:
        typer.echo(made.words())


def resolved(file: str, changes: dict[str, Any]) -> "Target":
    """The target of a file or of this machine, with what was asked for put in."""
    from dataclasses import replace

    from segsmith.latency.target import Target, load_target, this_machine

    if file:
        return replace(load_target(file), **changes)
    if "device" in changes:
        return Target(**{"name": changes["device"].lower().replace(" ", "-")} | changes)
    return replace(this_machine(changes.get("backend", "onnxruntime")), **changes)
