"""A trained network on a split, beside what it has to beat, with tables and pictures."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from segsmith.data.base import Dataset
from segsmith.data.cache import cached
from segsmith.data.ceiling import ceiling_of
from segsmith.data.open import open_dataset
from segsmith.networks.build import build
from segsmith.networks.loading import load
from segsmith.networks.meta import Meta
from segsmith.runtimes.answerer import RunnerAnswerer
from segsmith.runtimes.opening import SUFFIXES, open_runner
from segsmith.training.answerers import CopyKey, EveryFrame, TorchAnswerer, WarpKey
from segsmith.training.drawing import draw
from segsmith.training.evaluation import Answerer, Result, evaluate
from segsmith.training.match import require_same_classes
from segsmith.training.run import device_of
from segsmith.training.runfolder import write_json
from segsmith.training.tables import drift_table, score_table

if TYPE_CHECKING:
    from rich.table import Table

CONTROLS: dict[str, Callable[[TorchAnswerer], Answerer]] = {
    "static on every frame": EveryFrame,
    "copy the key frame": CopyKey,
    "warp by optical flow": WarpKey,
}


@dataclass
class Assessment:
    """``result`` is the network's; ``controls`` those of what it has to beat; ``ceiling`` what its stride allows."""

    model: str
    dataset: Dataset
    split: str
    result: Result
    ceiling: float
    controls: dict[str, Result] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        names = self.dataset.classes.names
        return {
            "model": self.model,
            "data": self.dataset.name,
            "protocol": self.dataset.protocol,
            "split": self.split,
            **self.result.record(names),
            "ceiling": self.ceiling,
            "controls": {name: result.record(names) for name, result in self.controls.items()},
        }

    def tables(self) -> list["Table"]:
        found = [score_table(self)]
        return [*found, drift_table(self)] if self.result.key_every > 1 else found


def assess(
    model: Path,
    data: str,
    split: str,
    *,
    key_every: int,
    controls: bool,
    device: str,
    pictures: Path | None,
    say: Callable[[str], None],
) -> Assessment:
    answerer, meta, stride = open_answerer(model, device)
    dataset = open_dataset(data)
    require_same_classes(meta, dataset)
    say(f"{dataset.name}: {dataset.protocol}; split {split}")
    video = meta.genotype.kind == "dynamic"
    key_every = key_every if video else 1
    if any(frame.labelled for frame in dataset.frames(split)):
        dataset = cached(dataset, split)
    result = evaluate(answerer, dataset, split, key_every=key_every)
    ceiling = ceiling_of(dataset, split, stride)
    done = Assessment(str(model), dataset, split, result, ceiling)
    if controls and key_every > 1 and isinstance(answerer, TorchAnswerer):
        for name, control in CONTROLS.items():
            say(f"control: {name}")
            done.controls[name] = evaluate(control(answerer), dataset, split, key_every=key_every)
    folder = pictures or (model / "evaluation" / split if model.is_dir() else None)
    if folder is not None:
        done.files = draw(done, answerer, folder)
        write_json(folder / "metrics.json", done.record())
    return done


def open_answerer(model: Path, device: str) -> tuple[Answerer, Meta, int]:
    """A run, a checkpoint or an exported file; what it tells about itself, and the stride of its answers."""
    if model.is_dir() or model.suffix not in SUFFIXES:
        network = load(model)
        assert network.meta is not None
        where = torch.device(device_of(device))
        return TorchAnswerer(network.to(where), network.meta, where), network.meta, network.static.dec.stride
    runner = open_runner(model)
    with torch.device("meta"):
        stride = build(runner.meta.genotype, len(runner.meta.classes), runner.meta.in_channels).static.dec.stride
    return RunnerAnswerer(runner), runner.meta, stride
