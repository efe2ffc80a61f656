"""``segsmith demo``: the whole way on the built-in street simulator."""

import time
from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.output import say
from segsmith.errors import UserError

DATA, LATENCY, KEY_EVERY = "toy", "75%", 5
STATIC = "arch2"
BUDGET = "4m10s"
SHEET = "frames.png"


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="A new folder, or that of a demo that was stopped.")] = Path(
        "demo"
    ),
    budget: Annotated[str, typer.Option(help="Time for the forge, which is all but the film.")] = BUDGET,
) -> None:
    """Forge a network for simulated streets and film it: minutes on a laptop, and nothing is downloaded."""
    if out.exists() and not (out / "forge.json").exists() and any(path.name != SHEET for path in out.iterdir()):
        raise UserError("is there already", fix=f"remove it, or: segsmith demo -o {out}-2", path=out)
    began = time.perf_counter()
    say(f"1  simulate streets and check them                    -> {out}/{SHEET}")
    say(f"2  train {STATIC}, an image network                    -> {out}/static")
    say(f"3  search a cell that carries it from frame to frame  -> {out}/search, {out}/cell.svg")
    say(f"4  train the best, export it, prove it equal, time it -> {out}/export")
    say(f"5  judge it on streets it never saw, tell of it       -> {out}/report.html")
    say(f"6  film it                                            -> {out}/street.mp4")
    asked = f"--latency {LATENCY} --budget {budget} --static {STATIC} --key-every {KEY_EVERY}"
    say(f"This is `segsmith forge {DATA} {asked} -o {out}`, and a film.\n")
    _sheet(out)
    _forge(out, budget)
    _film(out)
    say(f"\nDone in {(time.perf_counter() - began) / 60:.1f} minutes. Look at")
    for name in ("street.mp4", "report.html", "cell.svg", SHEET):
        say(f"  {out / name}")
    say("and go on with")
    say("  segsmith data check folder:PATH                              # is your own data fit to train on?")
    say("  segsmith forge folder:PATH --latency 40ms --budget 2h -o runs/mine")
    say(f"  segsmith evaluate {out} --data {DATA} --split test --key-every {KEY_EVERY}")


def _sheet(out: Path) -> None:
    from segsmith.data.open import open_dataset
    from segsmith.data.sheet import write_sheet

    out.mkdir(parents=True, exist_ok=True)
    write_sheet(open_dataset(DATA), out / SHEET)


def _forge(out: Path, budget: str) -> None:
    from dataclasses import replace

    from segsmith.cli.forge import show_plan
    from segsmith.forge.budget import TooShort
    from segsmith.forge.drive import run_forge
    from segsmith.forge.options import ForgeOptions, parse_duration
    from segsmith.training.runfolder import RunFolder

    run = RunFolder(out)
    seconds = float(run.record()["configuration"]["budget"]) if run.exists() else parse_duration(budget)
    options = ForgeOptions(DATA, str(out), LATENCY, seconds, static=STATIC, key_every=KEY_EVERY)
    try:
        run_forge(options, say, show_plan)
    except TooShort as error:
        say(f"{error}: this machine gets it\n")
        run_forge(replace(options, budget=error.needed), say, show_plan)


def _film(out: Path) -> None:
    from segsmith.data.open import open_dataset
    from segsmith.genotype.draw import write_drawing
    from segsmith.networks.loading import load
    from segsmith.training.answerers import TorchAnswerer
    from segsmith.training.showing import film

    say("\nfilm")
    network = load(out)
    assert network.meta is not None
    write_drawing(network.meta.genotype, out / "cell.svg")
    film(TorchAnswerer(network, network.meta), open_dataset(DATA), "test", out / "street.mp4", KEY_EVERY)
