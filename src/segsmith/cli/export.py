"""``segsmith export``."""

from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.output import emit_json, say
from segsmith.cli.parse import size as parse_size

Opt = typer.Option


def export(
    model: Annotated[str, typer.Argument(help="A run, a checkpoint or a network that ships.")],
    to: Annotated[str, Opt(help="onnx, openvino or torch-export.")] = "onnx",
    size: Annotated[str, Opt(help="Size of the frames: HEIGHTxWIDTH, or dynamic for any.")] = "dynamic",
    precision: Annotated[str, Opt(help="fp32, fp16, or int8, which is calibrated on training frames.")] = "fp32",
    deform: Annotated[
        str, Opt(help="Deformable convolution by sampling (grid) or by the runtime's operator (native); or the best.")
    ] = "",
    data: Annotated[str, Opt(help="Prove it on KIND:PATH or toy; else on what the network was trained on.")] = "",
    out: Annotated[str, Opt("-o", "--out", help="Folder for the files; RUN/export.")] = "",
    logits: Annotated[bool, Opt("--logits", help="The files give logits, too.")] = False,
    confidence: Annotated[bool, Opt("--confidence", help="The files give the best class's probability, too.")] = False,
    clips: Annotated[int, Opt(help="Prove it on so many clips of 30 frames.")] = 2,
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Write a network for a runtime, proven equal to the trained one on whole clips."""
    from segsmith.deploy.export import ExportOptions
    from segsmith.deploy.export import export as write
    from segsmith.training.runfolder import check_folder

    if out:
        check_folder(Path(out))
    options = ExportOptions(
        model=Path(model),
        to=to,
        size=None if size == "dynamic" else parse_size(size),
        precision=precision,
        deform=deform,
        data=data,
        out=Path(out) if out else None,
        logits=logits,
        confidence=confidence,
        clips=clips,
    )
    done = write(options, say)
    say(done.parity.words())
    for part, path in done.files.items():
        say(f"wrote {path} ({part})")
    if json:
        emit_json(done.record())
