"""Training runs: new ones, resumed ones, several seeds."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, cast

import torch
from lightning_fabric import Fabric

from segsmith.errors import UserError
from segsmith.machine import cores
from segsmith.training.feed import ClipFeed
from segsmith.training.journal import Journal
from segsmith.training.options import TrainOptions, check_seed
from segsmith.training.runfolder import RunFolder, write_json
from segsmith.training.together import Together
from segsmith.training.work import begin, prepared, work

IMAGES_IN_PROCESS = 4
FREE = frozenset(("out", "quiet", "rewind", "device", "devices", "workers"))
"""What may be another when a run is asked for again."""

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}


def train_run(options: TrainOptions, resume: bool = False) -> dict[str, Any]:
    """Train; the run's final scores (those of metrics.json)."""
    if options.devices != 1:
        options = replace(options, devices=rehearse(options, resume))
    fabric = make_fabric(options)
    if options.devices == 1:
        return work(fabric, options, resume)
    with deaf():
        mistake = fabric.launch(cast(Any, work_in_group), options.record(), resume)
    if mistake:
        raise UserError(**mistake)
    return RunFolder(Path(options.out)).scores()


def rehearse(options: TrainOptions, resume: bool) -> int:
    """Make ready once before processes start, so that a mistake is found early; how many of them there should be.

    On a CPU two processes of one thread each learn faster than one of two threads, which wait for each other in
    every operation; but batch norm wants a few images in each.
    """
    one = begin(make_fabric(replace(options, devices=1)), options)
    if not resume:
        one.run.refuse_existing()
    loop = prepared(one, Journal(one.run, quiet=True))
    if options.devices:
        return options.devices
    if one.fabric.device.type != "cpu":
        return 1
    return processes_for(min(cast(ClipFeed, one).made.batch for one in loop.feeds), cores())


def processes_for(batch: int, most: int) -> int:
    """Each takes as many images of a batch as the others."""
    fitting = (count for count in range(min(most, batch // IMAGES_IN_PROCESS), 1, -1) if batch % count == 0)
    return next(fitting, 1)


@contextmanager
def deaf() -> Iterator[None]:
    """Ctrl-C reaches every process of a run: those that train save and end, and this one waits for them."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def work_in_group(fabric: Fabric, record: dict[str, Any], resume: bool) -> dict[str, Any]:
    """One of several processes. Options come and a user's mistake goes as plain data; the cores are shared out.

    Processes end together: one that exits with its group still open now and then aborts in gloo's threads.
    """
    if fabric.device.type == "cpu":
        torch.set_num_threads(max(1, cores() // fabric.world_size))
    try:
        work(fabric, TrainOptions.of_record(record), resume)
        fabric.barrier()
    except UserError as error:
        return {"what": error.what, "fix": error.fix, "path": error.path}
    finally:
        torch.distributed.destroy_process_group()
    return {}


def resume_run(path: Path, *, rewind: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Go on with a run as it was asked for, wherever it was stopped."""
    run = RunFolder(path)
    if not run.exists():
        raise UserError("holds no run", fix="start one with segsmith train … -o", path=path)
    record = run.record()
    if record["command"] != "train":
        raise UserError(f"is a run of segsmith {record['command']}", fix="resume it with that command", path=path)
    options = TrainOptions.of_record(record["configuration"])
    options = replace(options, out=str(path), rewind=rewind or options.rewind, quiet=quiet or options.quiet)
    return train_run(options, resume=True)


def train_once(options: TrainOptions) -> dict[str, Any]:
    """One of several runs that a command asks for: given again, it goes on with what is unfinished."""
    run = RunFolder(Path(options.out))
    if not run.exists():
        return train_run(options)
    record = run.record()
    before = record["configuration"]
    for name, now in json.loads(json.dumps(options.record())).items():
        if name not in FREE and before.get(name, now) != now:
            words = f"holds a run with {name.replace('_', '-')} {before[name]}, not {now}"
            raise UserError(words, fix="ask the same, or name a new folder", path=run.path)
    return run.scores() if record["state"] == "finished" else resume_run(run.path, quiet=options.quiet)


def train_seeds(options: TrainOptions, seeds: int) -> dict[str, Any]:
    """The same run with several seeds, each in a folder below; mean and spread of their scores."""
    check_seed(options.seed + seeds - 1)
    out = Path(options.out)
    scores = []
    for seed in range(options.seed, options.seed + seeds):
        scores.append(train_once(replace(options, seed=seed, out=str(out / f"seed-{seed}"))))
    spreads = {
        key: _spread([float(score[key]) for score in scores])
        for key in ("miou", "fwiou", "macc", "flicker")
        if all(score.get(key) is not None for score in scores)
    }
    write_json(out / "metrics.json", {"seeds": seeds, **spreads})
    if not options.quiet and "miou" in spreads:
        middle, around = spreads["miou"]["mean"], spreads["miou"]["sd"]
        sys.stderr.write(f"val mIoU {100 * middle:.2f} % ± {100 * around:.2f} over {seeds} seeds\n")
    return {"seeds": seeds, **spreads}


def make_fabric(options: TrainOptions) -> Fabric:
    device = device_of(options.device)
    if options.precision not in PRECISIONS:
        raise UserError(f"there is no precision {options.precision!r}", fix=f"take {' or '.join(PRECISIONS)}")
    if options.devices < 0:
        raise UserError(f"--devices {options.devices} is below one")
    strategy: Any = "auto"
    if options.devices > 1:
        strategy = Together(device)
    return Fabric(
        accelerator=device,
        devices=options.devices,
        precision=cast(Any, PRECISIONS[options.precision]),
        strategy=strategy,
    )


def device_of(name: str) -> str:
    if name not in ("auto", "cpu", "cuda"):
        raise UserError(f"there is no device {name!r}", fix="take cpu, cuda or auto")
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: torch sees no CUDA device here", fix="--device cpu, or a CUDA build of torch")
    return name if name != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


def _spread(values: list[float]) -> dict[str, float]:
    return {"mean": mean(values), "sd": stdev(values) if len(values) > 1 else 0.0}
