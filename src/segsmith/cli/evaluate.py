"""``segsmith evaluate``."""

from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.output import console, emit_json, say
from segsmith.errors import UserError

Opt = typer.Option
PROTOCOLS = {"clip3": 3, "stream": 0, "image": 1}


def evaluate(
    model: Annotated[str, typer.Argument(help="A run, a checkpoint or a network that ships.")],
    data: Annotated[str, Opt(help="KIND:PATH, or toy.")],
    split: Annotated[str, Opt(help="Which frames.")] = "val",
    protocol: Annotated[
        str, Opt(help="clip3 (a key frame, two steps; paper 1), stream, or image (every frame a key frame).")
    ] = "stream",
    key_every: Annotated[int, Opt(help="In a stream, how often a key frame comes.")] = 10,
    controls: Annotated[
        bool, Opt(help="Beside a video network: its static network, copying and warping the last key frame.")
    ] = True,
    device: Annotated[str, Opt(help="cpu, cuda or auto.")] = "auto",
    out: Annotated[str, Opt("-o", "--out", help="Folder for pictures; RUN/evaluation/SPLIT for a run.")] = "",
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Say how good and how steady a network is on labelled frames, at full resolution."""
    from segsmith.training.assess import Assessment, assess
    from segsmith.training.runfolder import check_folder

    if protocol not in PROTOCOLS:
        raise UserError(f"there is no protocol {protocol!r}", fix=f"take one of {', '.join(PROTOCOLS)}")
    if key_every < 1:
        raise UserError(f"--key-every {key_every} is below one")
    if out:
        check_folder(Path(out))
    done: Assessment = assess(
        Path(model),
        data,
        split,
        key_every=PROTOCOLS[protocol] or key_every,
        controls=controls,
        device=device,
        pictures=Path(out) if out else None,
        say=say,
    )
    if json:
        emit_json(done.record())
        return
    for table in done.tables():
        console().print(table)
    for path in done.files:
        say(f"wrote {path}")
