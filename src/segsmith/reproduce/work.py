"""What stages of every paper do: train, search, judge, count and time. All of it goes on where it was killed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from segsmith.genotype import Genotype
from segsmith.latency.target import this_machine
from segsmith.networks.build import build
from segsmith.networks.checkpoint import read_meta
from segsmith.networks.cost import describe
from segsmith.reproduce.scales import Size, Training
from segsmith.reproduce.stage import Context, Found, Place
from segsmith.study.clock import Clock
from segsmith.study.options import SearchOptions
from segsmith.study.results import Results, best_of
from segsmith.study.search import run_search
from segsmith.training.assess import assess
from segsmith.training.options import TrainOptions
from segsmith.training.run import resume_run, train_run
from segsmith.training.runfolder import RunFolder

KEY_EVERY = 10
"""For the mean time of a frame; the papers give no share of key frames."""

CLASSES = 19
"""For costs, as the papers count them."""
SMALL = (64, 64)
"""Parameters are the same at any size."""


def trained(context: Context, folder: str, what: str, place: Place, training: Training, **asked: Any) -> Path:
    """The run of a network that was trained as asked."""
    run = RunFolder(context.out / folder)
    if run.exists():
        if run.record()["state"] != "finished":
            resume_run(run.path, quiet=context.options.quiet)
        return run.path
    options = TrainOptions(
        what=what,
        data=place.data,
        out=str(run.path),
        epochs=training.epochs,
        minutes=training.minutes,
        batch=training.batch,
        crop=training.crop,
        size=context.scale.size,
        device=context.options.device,
        seed=context.options.seed,
        quiet=context.options.quiet,
        **asked,
    )
    train_run(options)
    return run.path


def searched(context: Context, folder: str, space: str, place: Place, proxy: str, **asked: Any) -> Results:
    scale = context.scale
    options = SearchOptions(
        space=space,
        data=place.data,
        out=str(context.out / folder),
        proxy=proxy,
        sampler_settings=scale.sampler,
        trials=scale.trials,
        size=scale.size,
        seed=context.options.seed,
        device=context.options.device,
        quiet=context.options.quiet,
        **asked,
    )
    return run_search(options)


def best(context: Context, found: Results) -> Found:
    """As many of a search's networks as are to be trained, or all that it scored."""
    paths = best_of(found.run, min(context.scale.networks, len(found.ranked())))
    return {"counts": found.counts, "best": [str(path.relative_to(context.out)) for path in paths]}


def judged(context: Context, run: Path, place: Place, key_every: int = 1) -> Found:
    """As ``evaluate --json`` prints it, controls beside it; pictures lie in the run's folder."""
    done = assess(
        run,
        place.data,
        place.split,
        key_every=key_every,
        controls=key_every > 1,
        device=context.options.device,
        pictures=None,
        say=context.say,
    )
    return done.record()


def costs(context: Context, networks: Mapping[str, Genotype], size: Size, classes: int = CLASSES) -> Found:
    """Parameters, stride of the answers, and milliseconds of the mean frame of that size, on this machine. Key frames
    that are alike are timed once."""
    target = replace(this_machine(), size=size, key_every=KEY_EVERY)
    clock, found = Clock(target, classes), Found()
    for name, genotype in networks.items():
        context.say(f"timing {name} at {size[0]}x{size[1]}")
        with torch.device("meta"):
            stride = build(genotype, classes).static.dec.stride
        parameters = describe(genotype, size, classes).parameters
        found[name] = {"parameters": parameters, "stride": stride, "ms": clock(genotype)}
    return {"on": target.words(), "networks": found}


def parameters_of(run: Path) -> int:
    """With the classes of its data."""
    meta = read_meta(run / "model.safetensors")
    return describe(meta.genotype, SMALL, len(meta.classes)).parameters


def genotype_of(run: Path) -> Genotype:
    return read_meta(run / "model.safetensors").genotype
