"""``segsmith demo``: the whole way on the built-in street simulator."""

import time
from math import ceil
from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.output import say
from segsmith.errors import UserError

DATA, LATENCY, KEY_EVERY = "toy", "70%", 10
STATIC = "arch2"
BUDGET = "4m10s"
SHEET = "frames.png"
TRIES, HEADROOM = 2, 1.1


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="A new folder, or that of a demo that was stopped.")] = Path(
        "demo"
    ),
    budget: Annotated[str, typer.Option(help="Time for the forge, which is all but the film.")] = BUDGET,
) -> None:
    """Forge a network for simulated streets and film it: minutes on a laptop, and nothing is downloaded."""
    seconds = _budget(out, budget)
    began = time.perf_counter()
    say(f"1  simulate streets and check them                    -> {out}/{SHEET}")
    say(f"2  train {STATIC}, an image network                    -> {out}/static")
    say(f"3  search a cell that carries it from frame to frame  -> {out}/search, {out}/cell.svg")
    say(f"4  train the best, export it, prove it equal, time it -> {out}/export")
    say(f"5  judge it on streets it never saw, tell of it       -> {out}/report.html")
    say(f"6  film it                                            -> {out}/street.mp4")
    _sheet(out)
    _forge(out, seconds)
    _film(out)
    say(f"\nDone in {(time.perf_counter() - began) / 60:.1f} minutes. Look at")
    for name in ("street.mp4", "report.html", "cell.svg", SHEET):
        say(f"  {out / name}")
    say("and go on with")
    say("  segsmith data check folder:PATH                              # is your own data fit to train on?")
    say("  segsmith forge folder:PATH --latency 40ms --budget 2h -o runs/mine")
    say(f"  segsmith evaluate {out} --data {DATA} --split test --key-every {KEY_EVERY}")


def _budget(out: Path, asked: str) -> float:
    """Seconds: as asked, or those that a demo which was stopped here was given."""
    from segsmith.forge.options import parse_duration
    from segsmith.training.runfolder import RunFolder, make_folder

    seconds = parse_duration(asked)
    make_folder(out)
    run = RunFolder(out)
    before = run.record().get("configuration", {}) if run.exists() else {}
    if (before.get("data"), before.get("static")) == (DATA, STATIC) and (out / SHEET).exists():
        return float(before["budget"])
    if any(path.name != SHEET for path in out.iterdir()):
        raise UserError("is there already", fix=f"remove it, or: segsmith demo -o {out}-2", path=out)
    return seconds


def _sheet(out: Path) -> None:
    from segsmith.data.open import open_dataset
    from segsmith.data.sheet import write_sheet

    if not (out / SHEET).exists():
        write_sheet(open_dataset(DATA), out / SHEET)


def _forge(out: Path, seconds: float) -> None:
    """On a slow machine with as much time as it takes."""
    from dataclasses import replace

    from segsmith.cli.forge import show_plan
    from segsmith.forge.budget import TooShort
    from segsmith.forge.drive import run_forge
    from segsmith.forge.options import ForgeOptions, duration_words

    options = ForgeOptions(DATA, str(out), LATENCY, seconds, static=STATIC, key_every=KEY_EVERY)
    for _ in range(TRIES):
        budget = duration_words(options.budget)
        asked = f"--latency {LATENCY} --budget {budget} --static {STATIC} --key-every {KEY_EVERY}"
        say(f"This is `segsmith forge {DATA} {asked} -o {out}`, and a film.\n")
        try:
            run_forge(options, say, show_plan)
            return
        except TooShort as error:
            say(f"{error}: this machine gets more\n")
            options = replace(options, budget=ceil(HEADROOM * error.needed))
    run_forge(options, say, show_plan)


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
