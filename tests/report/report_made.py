"""Run folders as commands leave them, without the work."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.trial import TrialState, create_trial

from segsmith.data.classes import CAMVID
from segsmith.genotype import Genotype, fingerprint, preset, to_json
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.meta import Meta
from segsmith.spaces.dynamic import DynamicSpace
from segsmith.study.options import SearchOptions
from segsmith.study.storage import open_storage
from segsmith.study.trial import ATTRIBUTE, SCORED, STOPPED, Record
from segsmith.training.options import TrainOptions
from segsmith.training.runfolder import RunFolder, machine, versions, write_json

DATA = "streets:clips=4,frames=6,size=64x96"
CONTROLS = ("static on every frame", "copy the key frame", "warp by optical flow")
COST = {"parameters": 300_000, "key_flops": 900_000_000}


def video_genotype() -> Genotype:
    return replace(preset("light"), static=preset("template-arch1"))


def record_of(command: str, configuration: Mapping[str, Any], state: str = "finished", **more: Any) -> dict[str, Any]:
    return {
        "command": command,
        "arguments": [command, "it", "--data", DATA],
        "configuration": dict(configuration),
        "seed": 7,
        "versions": versions(),
        "machine": machine(),
        "state": state,
        **more,
    }


def train_run(
    folder: Path,
    *,
    classes: Sequence[str] = CAMVID.names,
    state: str = "finished",
    model: bool = True,
    data: str = DATA,
    genotype: Genotype | None = None,
    curve: int = 12,
    **asked: Any,
) -> RunFolder:
    """A run of a video network; one that is not finished has no model and no scores."""
    run = RunFolder(folder)
    genotype = genotype or video_genotype()
    options = TrainOptions("light", data, str(folder), minutes=2.0, **asked)
    write_json(run.record_path, record_of("train", options.record(), state))
    run.genotype.write_text(to_json(genotype))
    rows = [f"{10 * i},{i / 12:.3f},{5.0 * i},{80 * i},{3 / (1 + i):.4f},0.001,{curve_miou(i)}" for i in range(curve)]
    run.curve.write_text("\n".join(["step,progress,seconds,images,loss,lr,miou", *rows]) + "\n")
    if state == "finished":
        run.update(seconds=60.0, steps=120)
        write_json(run.metrics, {"made": {"from": ["random weights"]}, "split": "val", **scores(classes)})
        if model:
            torch.manual_seed(0)
            colours = CAMVID.colours[: len(classes)]
            save_checkpoint(run.model, build(genotype, len(classes)), Meta(genotype, tuple(classes), colours))
    return run


def curve_miou(row: int) -> str:
    return f"{0.5 - 0.4 / (1 + row):.4f}" if row % 3 == 2 else ""


def scores(classes: Sequence[str], controls: bool = False) -> dict[str, Any]:
    """Made up, and all different."""
    shares = {name: round(0.9 - 0.07 * place, 3) for place, name in enumerate(classes)}
    found = {
        "miou": 0.4321,
        "per_class": shares,
        "fwiou": 0.61,
        "macc": 0.52,
        "pixel_accuracy": 0.75,
        "absent": [],
        "boundary_iou": 0.22,
        "per_class_boundary": {name: value / 2 for name, value in shares.items()},
        "vc8_strict": 0.55,
        "vc16_strict": None,
        "flicker": 0.0654,
        "frames": 24,
        "key_every": 3,
        "drift": [{"distance": d, "miou": 0.45 - 0.02 * d, "flicker": 0.2 - 0.04 * d} for d in range(3)],
        "worst": [{"frame": "val_000_00002", "miou": 0.1}],
    }
    beaten = {name: scores(classes) | {"miou": 0.3 + 0.05 * i} for i, name in enumerate(CONTROLS)} if controls else {}
    return found | {"controls": beaten}


def evaluated(run: RunFolder, classes: Sequence[str] = CAMVID.names) -> Path:
    folder = run.path / "evaluation" / "test"
    folder.mkdir(parents=True)
    write_json(folder / "metrics.json", {"split": "test", "data": DATA, **scores(classes, controls=True)})
    return folder


def search_run(folder: Path, trials: int = 60, *, state: str = "finished", **asked: Any) -> RunFolder:
    """A search whose samples get better; no candidate was trained."""
    run = RunFolder(folder)
    options = SearchOptions("dynamic", DATA, str(folder), static="runs/static", trials=max(1, trials), **asked)
    folder.mkdir(parents=True)
    configuration = json.loads(json.dumps(options.record()))
    write_json(run.record_path, record_of("search", configuration, state, study="made"))
    study = optuna.create_study(storage=open_storage(folder, ""), study_name="made", direction="maximize")
    space, rng = DynamicSpace(preset("template-arch1")), random.Random(0)
    records = [candidate(space, number, trials, rng) for number in range(trials)]
    for record in records:
        study.add_trial(
            create_trial(state=TrialState.COMPLETE, values=record.values, user_attrs={ATTRIBUTE: record.data()})
        )
    if records:
        best = max(records, key=lambda record: record.reward or 0.0)
        run.genotype.write_text(json.dumps(best.genotype))
    return run


def candidate(space: DynamicSpace, number: int, trials: int, rng: random.Random) -> Record:
    choices = tuple(rng.randrange(len(decision.options)) for decision in space.decisions)
    genotype = space.decode(choices)
    flops = rng.uniform(4e8, 8e8)
    reward = 0.25 + 0.1 * number / trials + 0.1 * flops / 8e8 + rng.uniform(-0.03, 0.03)
    stopped = number > trials // 3 and reward < 0.34
    stage = {"reward": reward, "miou": 0.8 * reward, "iou": [0.5] * 11, "flicker": 0.1, "seconds": 4.0}
    return Record(
        number,
        STOPPED if stopped else SCORED,
        "",
        reward,
        (reward,),
        json.loads(to_json(genotype)),
        fingerprint(genotype),
        choices,
        flops=flops,
        step_flops=int(flops * 0.9),
        stages=(stage,) if stopped else (stage, stage),
        seconds=8.0,
        elapsed=9.0 * (number + 1),
        **COST,
    )
