"""A finished run becomes figures: ``python results/judge.py RUN NAME`` writes results/NAME.json.

Accuracy and steadiness on val, and on the held-out street where the data set was asked for with one; what it takes
on this machine, exported, in turns: a key frame, a step, and one key frame in ten.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from origin import Link, asked, began, called, chain, commit, found_by, told, worth

from segsmith.data.open import open_dataset, without_path
from segsmith.deploy.export import ExportOptions, export
from segsmith.errors import UserError
from segsmith.machine import cores
from segsmith.models import header
from segsmith.networks.checkpoint import read_meta
from segsmith.networks.cost import describe
from segsmith.runtimes.graphs import STEP
from segsmith.runtimes.opening import Settings, open_runner
from segsmith.runtimes.runner import Runner
from segsmith.runtimes.timing import Timing, measure
from segsmith.training.assess import assess
from segsmith.training.journal import read_curve
from segsmith.training.runfolder import RunFolder, machine, read_json, versions, write_json

HERE = Path(__file__).parent
KEY_EVERY = 10
ALONE = 1
"""Frames to learn from are often a second apart: those of a street that was held out are judged each by itself."""
FIGURES = ("miou", "per_class", "fwiou", "macc", "boundary_iou", "flicker", "vc8_strict", "vc16_strict", "frames")
FEW = ("miou", "per_class", "fwiou", "flicker", "vc8_strict", "vc16_strict")
CURVE = ("progress", "images", "miou")


def judge(path: Path, name: str, data: str = "", seconds: float = 60.0, threads: int = 0) -> dict[str, Any]:
    """``data``: where its data set lies now. Few ``seconds`` give uncertain times; each says its spread."""
    run = RunFolder(path)
    record, meta = run.record(), read_meta(run.model)
    configuration = record["configuration"]
    data = data or configuration["data"]
    made = header(run.model)["made"]
    *below, mine = chain(made, record)[::-1]
    search = found_by(record)
    cost = [worth(search)] if search else []
    held = "holdout" if "holdout=" in data else ""
    here = f"python results/judge.py {called(path)} {name}"
    return {
        "name": name,
        "kind": meta.genotype.kind,
        "what": Path(configuration["what"]).name,
        "model": digest(run.model),
        "parameters": describe(meta.genotype, (360, 480), len(meta.classes), meta.in_channels).parameters,
        "weights": began(made, record),
        "trained": [*(trained(link, mine) for link in below), *cost, trained(mine, mine)],
        "teacher": told(mine.named("teacher")),
        "data": without_path(data),
        "protocol": made["protocol"],
        "split": made["split"],
        "holdout": data.partition("holdout=")[2].partition("&")[0],
        "budget": {key: made[key] for key in ("budget", "seed", "steps", "images", "seconds")},
        "commands": [
            *(link.command for link in below if link.command),
            *([asked(search)] if search else []),
            asked(record),
            here + (f" --data '{without_path(data)}'" if held else ""),
        ],
        "commit": commit(),
        "machine": machine(),
        "trained_on": record["machine"],
        "versions": versions(),
        "scores": {"val": scores(run.model, data, "val", KEY_EVERY)}
        | ({held: scores(run.model, data, held, ALONE)} if held else {}),
        "latency": latency(run.model, data, seconds, threads or cores()),
        "curve": curve(run.curve),
    }


def trained(link: Link, last: Link) -> str:
    """The data are named where they are others than those of the last training."""
    (kind, _, _), (kind_now, _, _) = (str(one.made["data"]).partition(":") for one in (link, last))
    return f"{link.made['budget']} ({link.made['images']:,} images{f' of {kind}' if kind != kind_now else ''})"


def scores(model: Path, data: str, split: str, key_every: int) -> dict[str, Any]:
    """Of a video network beside its controls, where the split is a video."""
    done = assess(model, data, split, key_every=key_every, controls=True, device="auto", pictures=None, say=_say)
    found = done.record()
    controls = {name: {key: one[key] for key in FEW} for name, one in found["controls"].items()}
    return {key: found[key] for key in (*FIGURES, "key_every")} | {"controls": controls}


def latency(model: Path, data: str, seconds: float, threads: int) -> dict[str, Any]:
    """In ONNX Runtime, class maps at the frame's size and all, on a frame of val."""
    frame = frame_of(data)
    with tempfile.TemporaryDirectory() as folder:
        timed = measure(calls(exported(model, data, threads, Path(folder)), frame), seconds=seconds)
    return latency_record(timed, threads, frame)


def frame_of(data: str) -> np.ndarray[Any, Any]:
    dataset = open_dataset(data)
    return dataset.reader.image(dataset.frames("val")[0])[None]


def exported(model: Path, data: str, threads: int, folder: Path) -> Runner:
    done = export(ExportOptions(model=model, data=data, out=folder), _say)
    return open_runner(next(iter(done.files.values())), settings=Settings(threads=threads))


def latency_record(timed: Mapping[str, Timing], threads: int, frame: np.ndarray[Any, Any]) -> dict[str, Any]:
    found = {part: timing.record() for part, timing in timed.items()}
    where = {"backend": "onnxruntime", "threads": threads, "size": list(frame.shape[1:3])}
    return {**where, **found, "mix_ms": mixed(timed)}


def calls(runner: Runner, frame: np.ndarray[Any, Any]) -> Mapping[str, Callable[[], object]]:
    state = runner.key(frame).state
    found: dict[str, Callable[[], object]] = {"key": lambda: runner.key(frame)}
    return found | ({STEP: lambda: runner.step(frame, state)} if STEP in runner.parts else {})


def mixed(timed: Mapping[str, Timing]) -> float:
    """Milliseconds for a frame at one key frame in ten."""
    key = timed["key"].median_ms
    return (key + (KEY_EVERY - 1) * timed[STEP].median_ms) / KEY_EVERY if STEP in timed else key


def digest(model: Path) -> str:
    with model.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_judged(path: Path, out: Path) -> bool:
    """Whether ``out`` is about this very network."""
    return out.is_file() and read_json(out).get("model") == digest(RunFolder(path).model)


def curve(path: Path) -> list[dict[str, float]]:
    """The rows at which val was looked at."""
    return [{key: float(row[key]) for key in CURVE} for row in read_curve(path) if row["miou"]]


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--data", default="", help="where its data set lies now; as in the run if not given")
    parser.add_argument("--seconds", type=float, default=60.0, help="for the times")
    parser.add_argument("--threads", type=int, default=0, help="of the runtime; all cores if not given")
    parser.add_argument("-o", "--out", type=Path, help="the file; results/NAME.json if not given")
    given = parser.parse_args()
    out = given.out or HERE / f"{given.name}.json"
    try:
        if is_judged(given.run, out):
            return _say(f"{out} is about this network already; delete it to judge anew")
        write_json(out, judge(given.run, given.name, given.data, given.seconds, given.threads))
    except UserError as error:
        sys.exit(f"judge: {error}")


if __name__ == "__main__":
    main()
