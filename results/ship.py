"""A finished run becomes a network that ships: ``python results/ship.py RUN NAME``.

Writes NAME.safetensors and its card NAME.md into the package. Weights of convolutions are stored in half the bits
where that changes val mIoU by less than a tenth of a point; the figures are those of the file that is written.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from card import card
from origin import asked, began, limits

from segsmith.data.base import labelled
from segsmith.data.open import open_dataset, without_path
from segsmith.data.select import HOLDOUT, joined_split
from segsmith.errors import UserError
from segsmith.genotype.presets import PRESETS
from segsmith.models import FOLDER, SUFFIX
from segsmith.networks.build import VideoNetwork
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.cost import describe
from segsmith.networks.loading import load
from segsmith.training.assess import assess
from segsmith.training.runfolder import RunFolder, machine, replacing

KEY_EVERY = 10
ALONE = 1  # as in judge.py
SAME = 0.001
FIGURES = ("miou", "per_class", "fwiou", "macc", "flicker", "vc8_strict", "vc16_strict", "frames", "key_every")


def ship(run: Path, name: str, data: str = "", way: str = "", most: float = 2.0, folder: Path = FOLDER) -> Path:
    """``data``: where its data set lies now; ``way``: the script that made the run; ``most``: megabytes."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or name in PRESETS:
        raise UserError(f"{name!r} cannot be a network's name", fix="small letters, and no preset's name")
    folder_of_run = RunFolder(run)
    record = folder_of_run.record()
    if record["state"] != "finished":
        raise UserError(f"is {record['state']}", fix=f"segsmith train --resume {run}", path=run)
    data = data or record["configuration"]["data"]
    network = load(run)
    assert network.meta is not None
    made = origin(network, record, way) | frames(data, network.meta.made["split"])
    whole = judged(folder_of_run.model, data, "val")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / f"{name}{SUFFIX}"
        weights = halved(load(run))
        save_checkpoint(file, weights, network.meta)
        found, bits = judged(file, data, "val"), 16
        if abs(found["miou"] - whole["miou"]) >= SAME:
            found, bits, weights = whole, 32, network
            save_checkpoint(file, weights, network.meta)
        meta = replace(network.meta, made={**made, "val": found, "bits": bits} | held_out(file, data))
        save_checkpoint(file, weights, meta)
        megabytes = file.stat().st_size / 1e6
        if megabytes > most:
            raise UserError(f"it is {megabytes:.2f} MB, and {most:g} are allowed", fix="--most MB, if it earns them")
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / file.name) as beside:
            beside.write_bytes(file.read_bytes())
    with replacing(folder / f"{name}.md") as beside:
        beside.write_text(card(name, meta, megabytes))
    return folder / file.name


def judged(model: Path, data: str, split: str, key_every: int = KEY_EVERY) -> dict[str, Any]:
    """No pictures are drawn: it is a file, not a run."""
    done = assess(model, data, split, key_every=key_every, controls=False, device="auto", pictures=None, say=_say)
    return {key: value for key, value in done.record().items() if key in FIGURES}


def held_out(model: Path, data: str) -> dict[str, Any]:
    return {HOLDOUT: judged(model, data, HOLDOUT, ALONE)} if f"{HOLDOUT}=" in data else {}


def frames(data: str, split: str) -> dict[str, list[int]]:
    """How many labelled frames it has learnt from, and how many that split has with those that were held out."""
    dataset = joined_split(open_dataset(data), split)
    learnt = len(labelled(dataset.frames(split)))
    out = len(labelled(dataset.frames(HOLDOUT))) if "train" in split.split("+") else 0
    return {"frames": [learnt, learnt + out]}


def halved(network: VideoNetwork) -> VideoNetwork:
    """Convolutions in half the bits; what normalises stays whole, for its range."""
    for parameter in network.parameters():
        if parameter.dim() > 1:
            parameter.data = parameter.data.half()
    return network


def origin(network: VideoNetwork, record: Mapping[str, Any], way: str) -> dict[str, Any]:
    """What the run tells of itself."""
    meta = network.meta
    assert meta is not None
    made = dict(meta.made)
    data = without_path(str(made["data"]))
    size = meta.size if any(meta.size) else (360, 480)
    return {
        **made,
        "data": data,
        "from": began(made, record),
        "command": asked(record),
        "way": way,
        "machine": record.get("machine", machine()),
        "parameters": describe(meta.genotype, size, len(meta.classes), meta.in_channels).parameters,
        "video": meta.genotype.kind == "dynamic",
        "limits": limits(made, record),
    }


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--data", default="", help="where its data set lies now; as in the run if not given")
    parser.add_argument("--way", default="", help="the script that made the run, such as results/template_arch1.sh")
    parser.add_argument("--most", type=float, default=2.0, help="megabytes that it may have")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    try:
        print(ship(given.run, given.name, given.data, given.way, given.most, given.folder))
    except UserError as error:
        sys.exit(f"ship: {error}")


if __name__ == "__main__":
    main()
