"""``segsmith demo``: a forge with fixed settings on the built-in street simulator."""

import time
from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.output import say
from segsmith.errors import UserError

STATIC, LATENCY, KEY_EVERY = "template-arch1", "70%", 5
FILMING_S = 20.0
"""What simulating, drawing and filming take beside the forge."""


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="A folder; asked again, the demo goes on.")] = Path("demo"),
    budget: Annotated[str, typer.Option(help="Time for all of it.")] = "4m30s",
) -> None:
    """Simulate streets and forge a video network for them, with a film and a report: minutes on a laptop."""
    from segsmith.cli.forge import outcome, show_plan
    from segsmith.forge.drive import run_forge
    from segsmith.forge.options import ForgeOptions, parse_duration

    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if there - {"frames.png"} and "run.json" not in there:
        raise UserError("is there already", fix=f"remove it, or: segsmith demo -o {out}-2", path=out)
    seconds = parse_duration(budget)
    if seconds <= FILMING_S:
        raise UserError(f"--budget {budget} is too short for a demo", fix="--budget 4m30s")
    began = time.perf_counter()
    say(f"1  simulate streets, look at them and time this machine      -> {out}/frames.png")
    say(f"2  train {STATIC}, an image network                   -> {out}/static")
    say(f"3  search cells that follow the video in less time           -> {out}/search")
    say(f"4  train the best, export it, prove and time the export      -> {out}, {out}/export, {out}/cell.svg")
    say(f"5  judge it on streets that it never saw, film it, report    -> {out}/street.mp4, {out}/report.html\n")
    _sheet(out)
    options = ForgeOptions(
        data="toy",
        out=str(out),
        latency=LATENCY,
        budget=seconds - FILMING_S,
        space="dynamic",
        static=STATIC,
        key_every=KEY_EVERY,
    )
    found = run_forge(options, say, show_plan)
    _film(out)
    say(outcome(options, found)[0])
    say(f"All in {(time.perf_counter() - began) / 60:.1f} minutes. Look at")
    for name in ("street.mp4", "report.html", "frames.png", "cell.svg"):
        say(f"  {out / name}")
    say("and go on with")
    say("  segsmith data check folder:PATH                              # is your own data fit to train on?")
    say("  segsmith forge folder:PATH --latency 40ms --budget 2h -o runs/mine")
    say(f"  segsmith evaluate {out} --data toy --split test --key-every 10")


def _sheet(out: Path) -> None:
    from segsmith.data.open import open_dataset
    from segsmith.data.sheet import write_sheet

    if not (out / "frames.png").exists():
        out.mkdir(parents=True, exist_ok=True)
        write_sheet(open_dataset("toy"), out / "frames.png")


def _film(out: Path) -> None:
    from segsmith.data.open import open_dataset
    from segsmith.genotype.draw import write_drawing
    from segsmith.networks.loading import load
    from segsmith.training.answerers import TorchAnswerer
    from segsmith.training.showing import film

    network = load(out)
    assert network.meta is not None
    write_drawing(network.meta.genotype, out / "cell.svg")
    film(TorchAnswerer(network, network.meta), open_dataset("toy"), "test", out / "street.mp4", KEY_EVERY)
