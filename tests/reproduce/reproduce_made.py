"""What stages leave, made up: enough of it for tables, differences and figures of every paper."""

import json
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.genotype import fingerprint, preset, to_json
from segsmith.reproduce.options import ReproduceOptions
from segsmith.reproduce.scales import Scale, scale_named
from segsmith.reproduce.stage import Context, Place
from segsmith.spaces import Space
from segsmith.spaces.dynamic import DynamicSpace
from segsmith.study.gradient.rows import TABLES
from segsmith.study.trial import SCORED, STOPPED, Record

DATA = "streets:clips=3,frames=2,size=48x64"
CONTROLS = ("static on every frame", "copy the key frame", "warp by optical flow")
ON = "a processor, onnxruntime fp32, 2 threads, 256x512, a key frame every 10"


def context(paper: str, out: Path, scale: str = "minutes", city: bool = False, **found: Any) -> Context:
    options = ReproduceOptions(paper, DATA, str(out), scale, cityscapes="city" if city else "", quiet=True)
    places = [Place("data", DATA, "test"), *([Place("cityscapes", "cityscapes:city", "val")] if city else [])]
    known: Scale = scale_named(paper, scale)
    return Context(options, known, tuple(places), found=made(paper, known, places) | found)


def made(paper: str, scale: Scale, places: list[Place]) -> dict[str, Any]:
    return {"dynamic-cells": cells, "template-search": templates, "lgcnet": lgc}[paper](scale, places)


def judged(miou: float, video: bool = False, split: str = "test") -> dict[str, Any]:
    drift = [{"distance": place, "miou": miou - 0.01 * place} for place in range(3)]
    return {
        "miou": miou,
        "split": split,
        "drift": drift,
        "worst": [],
        "controls": {name: judged(miou - 0.1) for name in CONTROLS} if video else {},
    }


def cost(parameters: int) -> dict[str, Any]:
    return {"parameters": parameters, "stride": 4, "ms": parameters / 1e5}


def cells(scale: Scale, places: list[Place]) -> dict[str, Any]:
    found: dict[str, Any] = {"costs": {"on": ON, "networks": {"baseline": cost(2_850_000)}}}
    for place in places:
        found[f"{place.key}-static"] = judged(0.5)
        found[f"{place.key}-search"] = {"counts": {}, "best": ["a.json", "b.json"]}
        found[f"{place.key}-cells"] = {f"cell{i}": judged(0.51 + 0.01 * i, video=True) for i in range(2)}
        found["costs"]["networks"] |= {f"{place.key} cell{i}": cost(3_100_000 + i) for i in range(2)}
    return found


def templates(scale: Scale, places: list[Place]) -> dict[str, Any]:
    names = ("arch0", "arch1", "found0")
    found: dict[str, Any] = {
        f"{place.key}-networks": {
            name: judged(0.4 + 0.02 * i) | {"disk_mb": 1.2, "parameters": 260_000 + i} for i, name in enumerate(names)
        }
        for place in places
    }
    rewards = [0.3, 0.4, 0.35]
    setups = {"search": {"rewards": rewards}, "longer": {"rewards": rewards[::-1]}}
    found["rank"] = {name: {"networks": 3, "spearman": 0.5, **setups} for name in ("sampled", "random")}
    found["costs"] = {"on": ON, "networks": {name: cost(280_000 + i) for i, name in enumerate(names)}}
    return found


def lgc(scale: Scale, places: list[Place]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table in scale.ablations:
        found[table] = {"rows": [ablated(row.name, 0.3 + 0.01 * i) for i, row in enumerate(TABLES[table])]}
    found["networks"] = {place.key: judged(0.45) for place in places}
    found["costs"] = {"on": ON, **{key: cost(2_000_000) | {"on": ON} for key in ("data", "cityscapes")}}
    return found


def ablated(name: str, miou: float, runs: int = 2) -> dict[str, Any]:
    means = {"miou": miou, "parameters": 2e6, "predicted": 50.0, "measured_ms": 20.0, "light": 30, "large": 11}
    return {"row": name, "runs": [{}] * runs, **{key: {"mean": x, "sd": x / 10} for key, x in means.items()}}


def records(count: int = 30, space: Space | None = None) -> list[Record]:
    space = space or DynamicSpace(preset("arch2"))
    return [record(number, space, Random(number)) for number in range(count)]


def make_city(root: Path) -> Path:
    """Cityscapes with its sequences, in small: bands of sky, building and road, a car that moves."""
    for split, scenes in (("train", 6), ("val", 2)):
        for scene in range(scenes):
            for place in range(3):
                ids = np.repeat(np.array([23, 11, 7], np.uint8), 22)[:64, None].repeat(96, axis=1)
                ids[40:52, 8 * scene + 6 * place :][:, :20] = 26
                name = f"town_{scene:06}_{place:06}"
                if place == 2:
                    save(root / "gtFine" / split / "town" / f"{name}_gtFine_labelIds.png", ids)
                for folder in ("leftImg8bit_sequence", *(["leftImg8bit"] if place == 2 else [])):
                    picture = np.stack([ids * 9, ids * 5, 255 - ids * 7], axis=2)
                    save(root / folder / split / "town" / f"{name}_leftImg8bit.png", picture)
    return root


def save(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


def record(number: int, space: Space, chance: Random) -> Record:
    choices = space.random(chance)
    genotype = space.decode(choices)
    reward = 0.2 + 0.01 * number
    state = STOPPED if number % 7 == 3 else SCORED
    data = json.loads(to_json(genotype))
    return Record(number, state, "", reward, (reward,), data, fingerprint(genotype), tuple(choices))
