"""What a search's cells have to beat: the image network below them on every frame, and copies of its last answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segsmith.genotype import from_json
from segsmith.report.latencies import forge_of, static_ms
from segsmith.report.read import Run, read_run
from segsmith.report.words import is_number
from segsmith.study.trial import Record
from segsmith.training.runfolder import RunFolder

STATIC, COPY = "static on every frame", "copy the key frame"


@dataclass(frozen=True)
class Baseline:
    """``cost`` as an attribute of a record; ``reward`` on a ``split``, None where it was not judged."""

    name: str
    cost: float
    reward: float | None
    split: str


def baselines(run: Run, best: Record, attribute: str) -> list[Baseline]:
    """Nothing for image networks, nor where it is not known what the one below the cells costs."""
    key = key_cost(run, best, attribute)
    if key is None:
        return []
    every = int(run.configuration.get("key_every", 1))
    split, rewards = judged_below(run)
    costs = {STATIC: key, COPY: key / every}
    return [Baseline(name, cost, rewards.get(name), split) for name, cost in costs.items()]


def key_cost(run: Run, best: Record, attribute: str) -> float | None:
    """Of a key frame, which is the same for all cells."""
    if best.step_flops is None or best.key_flops is None:
        return None
    if attribute == "flops":
        return float(best.key_flops)
    return static_ms(run, from_json(json.dumps(best.genotype)))


def judged_below(run: Run) -> tuple[str, Mapping[str, float]]:
    """Split, and rewards by name: as a forge judged both beside its network, else as the image network was judged
    when it had been trained."""
    forge = forge_of(run)
    judged = read_run(forge).headline if forge else None
    controls = judged.record.get("controls", {}) if judged else {}
    found = {name: record.get("reward") for name, record in controls.items()}
    if judged is not None and is_number(found.get(STATIC)):
        return judged.split, {name: reward for name, reward in found.items() if is_number(reward)}
    asked = run.configuration.get("static")
    for folder in [*([Path(asked)] if asked else []), *([forge / "static"] if forge else [])]:
        below = read_run(folder).headline if RunFolder(folder).exists() else None
        if below is not None and is_number(below.record.get("reward")):
            return below.split, {STATIC: float(below.record["reward"])}
    return "", {}
