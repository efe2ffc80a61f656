"""``segsmith demo``: the whole way on the built-in street simulator."""

import time
from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.output import say
from segsmith.errors import UserError

KEY_EVERY = 5
STATIC, CELL = "template-arch1", "light"


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="A new folder.")] = Path("demo"),
    static_minutes: Annotated[float, typer.Option(help="How long the image network trains.")] = 1.25,
    cell_minutes: Annotated[float, typer.Option(help="How long the cell between key frames trains.")] = 0.75,
) -> None:
    """Simulate streets, check them, train an image network and a video network, film them: minutes on a laptop."""
    if out.exists() and any(out.iterdir()):
        raise UserError("is there already", fix=f"remove it, or: segsmith demo -o {out}-2", path=out)
    began = time.perf_counter()
    say(f"1  simulate streets and check them       -> {out}/frames.png")
    say(f"2  train {STATIC} on them, {static_minutes:g} min  -> {out}/static")
    say(f"3  train a cell that follows the video, {cell_minutes:g} min  -> {out}/video, {out}/cell.svg")
    say(f"4  judge them on streets they never saw  -> {out}/video/evaluation")
    say(f"5  film it, and tell of it on one page   -> {out}/street.mp4, {out}/report.html\n")
    _check(out)
    _train(out / "static", STATIC, static_minutes)
    _train(out / "video", CELL, cell_minutes, static=str(out / "static"))
    _judge(out)
    _report(out)
    say(f"\nDone in {(time.perf_counter() - began) / 60:.1f} minutes. Look at")
    for name in ("street.mp4", "report.html", "frames.png", "cell.svg"):
        say(f"  {out / name}")
    say("and go on with")
    say("  segsmith data check folder:PATH                              # is your own data fit to train on?")
    say("  segsmith forge folder:PATH --latency 40ms --budget 2h -o runs/mine")
    say(f"  segsmith evaluate {out}/video --data toy --split test --key-every 10")


def _check(out: Path) -> None:
    from segsmith.data.check import check
    from segsmith.data.open import open_dataset
    from segsmith.data.sheet import write_sheet

    out.mkdir(parents=True, exist_ok=True)
    say("1  the streets")
    dataset = open_dataset("toy")
    report = check(dataset)
    for name, split in report.splits.items():
        say(f"   {name}: {split.clips} clips, {split.frames} frames")
    write_sheet(dataset, out / "frames.png")


def _train(run: Path, what: str, minutes: float, static: str = "") -> None:
    from segsmith.training.options import TrainOptions
    from segsmith.training.run import train_run

    say(f"\n{what}")
    options = TrainOptions(
        what, "toy", str(run), minutes=minutes, static=static, evaluations=4, key_every=KEY_EVERY, devices=0
    )
    train_run(options)


def _judge(out: Path) -> None:
    from segsmith.genotype.draw import write_drawing
    from segsmith.networks.loading import load
    from segsmith.training.answerers import TorchAnswerer
    from segsmith.training.assess import assess
    from segsmith.training.showing import film

    say("\non streets that it never saw")
    done = assess(
        out / "video",
        "toy",
        "test",
        key_every=KEY_EVERY,
        controls=False,
        device="cpu",
        pictures=None,
        say=lambda line: say(f"   {line}"),
    )
    from segsmith.cli.output import console

    for table in done.tables():
        console().print(table)
    network = load(out / "video")
    assert network.meta is not None
    write_drawing(network.meta.genotype, out / "cell.svg")
    film(TorchAnswerer(network, network.meta), done.dataset, "test", out / "street.mp4", KEY_EVERY)


def _report(out: Path) -> None:
    from segsmith.report.page import Reporter

    Reporter(lambda line: say(f"   {line}")).write([out / "video"], out / "report.html")
