"""How far what is done here is from what a paper did: every difference by name."""

from collections.abc import Sequence
from typing import Any

from segsmith.data.open import open_dataset, parse_name
from segsmith.reproduce.scales import Training
from segsmith.reproduce.stage import Context, Place
from segsmith.training.recipes import Recipe

CAMVID_SPLIT = "CamVid, 480x360, 11 classes: 367 frames to train, 101 val, 233 test"
Difference = dict[str, str]


def difference(what: str, paper: str, here: str) -> Difference:
    return {"what": what, "paper": paper, "here": here}


def data_difference(place: Place, paper: str = CAMVID_SPLIT) -> Difference:
    dataset = open_dataset(place.data)
    counts = ", ".join(f"{name} {len(dataset.frames(name))}" for name in dataset.splits)
    name = parse_name(place.data)[0]  # without the path: it says nothing to others
    return difference("data", paper, f"{name}: {dataset.protocol}; {counts} frames; judged on {place.split}")


def cityscapes_difference(context: Context, paper: str) -> Difference:
    here = (
        "val, fine labels only: the test server is not asked" if context.options.city else "not at hand: no row of it"
    )
    return difference("Cityscapes", paper, here)


def weights_difference(context: Context, paper: str, otherwise: str) -> Difference:
    given = context.options.encoder_weights
    return difference("pre-training", paper, "encoder weights from a file" if given else otherwise)


def training_difference(what: str, recipe: Recipe, training: Training) -> list[Difference]:
    """Nothing where the recipe stands as it is."""
    pairs = [
        (f"{recipe.epochs:g} epochs", budget_words(training)),
        (f"batches of {recipe.batch}", f"batches of {training.batch}" if training.batch else ""),
        (f"crops of {shown(recipe.crop)}", f"crops of {shown(training.crop)}" if training.crop else ""),
    ]
    changed = [(paper, here) for paper, here in pairs if here and here != paper]
    if not changed:
        return []
    return [difference(what, ", ".join(paper for paper, _ in changed), ", ".join(here for _, here in changed))]


def budget_words(training: Training) -> str:
    if training.minutes is not None:
        return f"{training.minutes:g} minute{'' if training.minutes == 1 else 's'}"
    return f"{training.epochs:g} epochs" if training.epochs is not None else ""


def shown(size: Sequence[int]) -> str:
    return "x".join(map(str, size)) if any(size) else "whole frames"


def size_difference(context: Context) -> list[Difference]:
    size = context.scale.size
    return [difference("size of frames", "as they are", shown(size))] if size else []


def latency_difference(context: Context, paper: str, stage: str) -> Difference:
    found: dict[str, Any] = context.found[stage]
    return difference("latency", paper, str(found["on"]))
