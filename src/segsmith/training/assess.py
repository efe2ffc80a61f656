"""A trained network on a split, beside what it has to beat, with tables and pictures."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from segsmith.data.base import Dataset, Image
from segsmith.data.open import open_dataset
from segsmith.data.pictures import captioned, confusion_picture, errors, legend, overlay, sheet
from segsmith.data.pictures_io import write_png
from segsmith.networks.loading import Loaded, load
from segsmith.training.answerers import Answerer, CopyKey, EveryFrame, TorchAnswerer, WarpKey
from segsmith.training.ceiling import split_ceiling
from segsmith.training.evaluation import Result, evaluate, walk
from segsmith.training.match import require_same_classes

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
        from segsmith.training.tables import drift_table, score_table

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
    loaded = load(model)
    dataset = open_dataset(data)
    require_same_classes(loaded.meta, dataset)
    say(f"{dataset.name}: {dataset.protocol}; split {split}")
    where = torch.device(device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu")
    network = loaded.network.to(where).eval()
    answerer = TorchAnswerer(network, loaded.meta.mean, loaded.meta.std, where)
    key_every = key_every if loaded.video else 1
    result = evaluate(answerer, dataset, split, key_every=key_every)
    ceiling = split_ceiling(dataset, split, loaded.stride)
    done = Assessment(str(model), dataset, split, result, ceiling)
    if controls and loaded.video and key_every > 1:
        for name, control in CONTROLS.items():
            say(f"control: {name}")
            done.controls[name] = evaluate(control(answerer), dataset, split, key_every=key_every)
    folder = pictures or (model / "evaluation" / split if model.is_dir() else None)
    if folder is not None:
        done.files = draw(done, loaded, answerer, folder)
    return done
