"""``segsmith run``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from segsmith.cli.output import console, emit_json, say
from segsmith.cli.parse import size as parse_size
from segsmith.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from segsmith.deploy.player import Tally

Opt = typer.Option


def run(
    model: Annotated[str, typer.Argument(help="A run, a checkpoint, an exported file or a network that ships.")],
    video: Annotated[
        str, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, a camera's number, or - for raw RGB.")
    ],
    out: Annotated[
        str, Opt("-o", "--out", help="A video (.mp4), a folder for PNGs, or - for class maps, a byte a pixel.")
    ] = "",
    key_every: Annotated[int, Opt(help="A key frame every so many frames.")] = 10,
    key_when: Annotated[
        float | None, Opt(help="Instead: when the scene has moved this far from the last one's; 0.4 is a start.")
    ] = None,
    max_age: Annotated[int | None, Opt(help="No key frame serves more frames than this.")] = None,
    kind: Annotated[str, Opt(help="What a folder gets: overlay, or index for class numbers.")] = "overlay",
    contour: Annotated[bool, Opt("--contour", help="Lines between classes instead of a tint.")] = False,
    side_by_side: Annotated[bool, Opt("--side-by-side", help="The frame beside its overlay.")] = False,
    no_legend: Annotated[bool, Opt("--no-legend", help="Without names of classes below.")] = False,
    live: Annotated[bool, Opt("--live", help="Leave out frames to keep up, as with a camera.")] = False,
    show: Annotated[bool, Opt("--show", help="In a window, too; q ends it.")] = False,
    size: Annotated[str | None, Opt(help="HEIGHTxWIDTH of raw frames.")] = None,
    backend: Annotated[str, Opt(help="torch, onnxruntime, openvino or torch-export; else that of the file.")] = "",
    threads: Annotated[int, Opt(help="Threads of the runtime; 0 leaves it to it.")] = 0,
    no_spin: Annotated[
        bool, Opt("--no-spin", help="ONNX Runtime's threads leave the cores to decoding and encoding between frames.")
    ] = False,
    device: Annotated[str, Opt(help="Torch's or OpenVINO's device.")] = "cpu",
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run a network on video."""
    from segsmith.data.base import Classes
    from segsmith.deploy.model import load_model
    from segsmith.deploy.player import Player
    from segsmith.deploy.sinks import FOLDERS, Painter, Sink, Window, open_sink
    from segsmith.deploy.sources import open_source

    if kind not in FOLDERS:
        raise UserError(f"--kind {kind!r} is neither overlay nor index")
    if not (out or show):
        raise UserError("nowhere to write to", fix="-o OUT.mp4, -o FOLDER, -o - or --show")
    if out == "-" and json:
        raise UserError("-o - and --json both want stdout", fix="leave one of them out")
    loaded = load_model(model, backend, threads=threads, spinning=not no_spin, device=device)
    source = open_source(video, parse_size(size))
    paint = Painter(Classes(loaded.classes, loaded.meta.palette), contour, side_by_side, not no_legend)
    sinks: list[Sink] = [Window(paint)] if show else []
    sinks += [open_sink(out, source.rate, paint, kind)] if out else []
    line = Line(source.count)
    try:
        tally = Player(source, loaded.stream(key_every, key_when, max_age), sinks, live, line).play()
    finally:
        line.end()
    for trouble in source.troubles:
        say(trouble)
    if tally.stopped:
        say(f"stopped after {tally.frames} frames" + (f"; they are in {out}" if out not in ("", "-") else ""))
    console().print(table(tally))
    if json:
        emit_json({"model": model, "input": video, **tally.record(), "troubles": source.troubles})
    if not tally.frames:
        raise UserError("gave no frame", path=video)


class Line:
    """One line of progress, twice a second at most, and only where a person sees it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._began = self._said = 0.0

    def __call__(self, tally: "Tally") -> None:
        import time

        now = time.perf_counter()
        self._began = self._began or now
        if not sys.stderr.isatty() or now - self._said < 0.5:
            return
        self._said = now
        of = f" of {self.count}" if self.count else ""
        rate = tally.frames / max(now - self._began, 1e-9)
        sys.stderr.write(f"\r{tally.frames}{of} frames  {rate:.1f} frames/s  {tally.dropped} dropped ")
        sys.stderr.flush()

    def end(self) -> None:
        if self._said:
            sys.stderr.write("\n")


def table(tally: "Tally") -> "Table":
    from rich.table import Table

    record = tally.record()
    share = 100 * tally.keys / max(1, tally.frames)
    title = (
        f"{tally.frames} frames in {tally.wall:.1f} s: {record['fps']:.1f} frames/s, "
        f"{share:.0f} % key frames, {tally.dropped} dropped"
    )
    made = Table(title=title)
    for name in ("stage", "p50 ms", "p95 ms", "p99 ms", "total s"):
        made.add_column(name, justify="left" if name == "stage" else "right")
    for stage, values in record["stages"].items():
        if values:
            cells = [f"{values[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms", "total_s")]
            made.add_row(stage, *cells)
    return made
