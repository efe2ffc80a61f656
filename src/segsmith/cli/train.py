"""``segsmith train``."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.parse import count
from segsmith.cli.parse import size as parse_size
from segsmith.errors import UserError

Opt = typer.Option


def train(
    what: Annotated[str, typer.Argument(help="A genotype's file, a preset, a run or a checkpoint.")] = "",
    data: Annotated[str, Opt(help="KIND:PATH, or toy.")] = "",
    out: Annotated[str, Opt("-o", "--out", help="The run's folder.")] = "",
    recipe: Annotated[str, Opt(help="static, dynamic, template, lgc, scratch or video.")] = "",
    epochs: Annotated[float | None, Opt(help="The budget in epochs: such a run repeats bit for bit on a CPU.")] = None,
    minutes: Annotated[float | None, Opt(help="The budget in minutes; the schedule anneals fully.")] = None,
    size: Annotated[str | None, Opt(help="Work at this size, HEIGHTxWIDTH.")] = None,
    crop: Annotated[str | None, Opt(help="Train on crops of HEIGHTxWIDTH.")] = None,
    batch: Annotated[int | None, Opt(help="Clips in a batch.")] = None,
    lr: Annotated[
        float | None, Opt(help="The recipe's highest learning rate; the others follow in proportion.")
    ] = None,
    schedule: Annotated[str | None, Opt(help="How learning rates fall: poly, cosine or constant.")] = None,
    ema: Annotated[float | None, Opt(help="Decay of the averaged weights, such as 0.998; 0 for none.")] = None,
    split: Annotated[str, Opt(help="Train on this split; a+b for both.")] = "train",
    static: Annotated[
        str, Opt(help="A trained network: what a cell, new or trained, stands on, or whose encoder others begin with.")
    ] = "",
    teacher: Annotated[str, Opt(help="Learn from this network, too (run or checkpoint).")] = "",
    encoder_weights: Annotated[str, Opt(help="MobileNet-v2 weights of torchvision or timm.")] = "",
    consistency: Annotated[float | None, Opt(help="Weight of steadiness between the frames of a clip.")] = None,
    synthetic: Annotated[float | None, Opt(help="Share of clips made from one image by synthetic motion.")] = None,
    pseudo_labels: Annotated[bool, Opt(help="Label bare frames by the static network where it is sure.")] = False,
    accumulate: Annotated[int, Opt(min=1, help="Cut each batch into this many pieces.")] = 1,
    device: Annotated[str, Opt(help="cpu, cuda or auto.")] = "auto",
    precision: Annotated[str, Opt(help="32 or bf16.")] = "32",
    devices: Annotated[str, Opt(help="How many GPUs, or processes on a CPU: a number, or auto.")] = "auto",
    workers: Annotated[int, Opt(help="Threads that prepare batches.")] = 2,
    compiled: Annotated[bool, Opt("--compile", help="torch.compile: pays on long runs alone.")] = False,
    seed: Annotated[int, Opt(help="Everything random follows from it.")] = 0,
    top: Annotated[
        int, Opt(help="Of a search's run: train so many of its best networks, each in a folder of OUT.")
    ] = 0,
    seeds: Annotated[int, Opt(help="Train this many times, seeds counted up, for mean and spread.")] = 1,
    key_every: Annotated[int, Opt(min=1, help="How often a key frame comes when the network is judged on video.")] = 5,
    on_nan: Annotated[str, Opt(help="What a loss that is no number does: stop, or rewind.")] = "stop",
    resume: Annotated[str, Opt(help="Go on with this run.")] = "",
    quiet: Annotated[bool, Opt(help="No progress.")] = False,
) -> None:
    """Train a network on labelled frames."""
    from segsmith.training.options import TrainOptions
    from segsmith.training.run import resume_run, train_once, train_run, train_seeds

    if on_nan not in ("stop", "rewind"):
        raise UserError(f"--on-nan {on_nan!r} is neither stop nor rewind")
    if resume:
        resume_run(Path(resume), rewind=on_nan == "rewind", quiet=quiet)
        return
    if top < 0 or seeds < 1:
        raise UserError(f"--top {top}" if top < 0 else f"--seeds {seeds}", fix="ask for at least one")
    if top and not is_search(what):
        raise UserError(
            f"--top goes with the run of a search, and {what or 'nothing'!r} is none", fix="segsmith search"
        )
    if is_search(what):
        from segsmith.study.results import asked_of

        asked = asked_of(Path(what))
        data, static = data or asked.data, static or asked.static
        encoder_weights = encoder_weights or ("" if static else asked.encoder_weights)
    for value, words in (
        (what, "what to train: a preset, a genotype's file, a run"),
        (data, "--data"),
        (out, "-o RUN"),
    ):
        if not value:
            raise UserError(
                f"{words} is missing", fix="segsmith train template-arch0 --data toy --minutes 4 -o runs/first"
            )
    options = TrainOptions(
        what=what,
        data=data,
        out=out,
        recipe=recipe,
        epochs=epochs,
        minutes=minutes,
        size=parse_size(size),
        crop=parse_size(crop),
        batch=batch,
        lr=lr,
        schedule=schedule,
        ema=ema,
        split=split,
        device=device,
        precision=precision,
        devices=count(devices),
        seed=seed,
        workers=workers,
        accumulate=accumulate,
        static=static,
        teacher=teacher,
        encoder_weights=encoder_weights,
        consistency=consistency,
        pseudo_labels=pseudo_labels,
        synthetic=synthetic,
        compiled=compiled,
        rewind=on_nan == "rewind",
        key_every=key_every,
        quiet=quiet,
    )
    if top:
        from segsmith.study.results import best_of

        for path in best_of(Path(what), top):
            one = replace(options, what=str(path), out=str(Path(out) / path.stem))
            if seeds > 1:
                train_seeds(one, seeds)
            else:
                train_once(one)
    elif seeds > 1:
        train_seeds(options, seeds)
    else:
        train_run(options)


def is_search(what: str) -> bool:
    from segsmith.training.runfolder import RunFolder

    run = RunFolder(Path(what or "-"))
    return run.exists() and run.record().get("command") == "search"
