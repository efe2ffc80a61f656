"""A trained cell on another image network than the one that it was trained on."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from segsmith.data.base import Classes
from segsmith.errors import UserError
from segsmith.genotype.core import Genotype
from segsmith.genotype.presets import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.meta import Meta
from segsmith.networks.tensors import weights_of
from segsmith.training.start import start

CLASSES = Classes(("wall", "floor", "door"), ((0, 0, 0), (1, 1, 1), (2, 2, 2)))
IMAGE = preset("template-arch1")
VIDEO = replace(preset("light"), static=IMAGE)


def saved(path: Path, genotype: Genotype, seed: int) -> str:
    torch.manual_seed(seed)
    save_checkpoint(path, build(genotype, len(CLASSES)), Meta(genotype, CLASSES.names, CLASSES.colours))
    return str(path)


@pytest.fixture
def video(tmp_path: Path) -> str:
    return saved(tmp_path / "video.safetensors", VIDEO, 1)


def part(weights: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key: value for key, value in weights.items() if key.startswith(f"{name}.")}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("genotype", [IMAGE, VIDEO])
def test_the_cell_keeps_its_weights_and_stands_on_others(genotype: Genotype, video: str, tmp_path: Path) -> None:
    other = saved(tmp_path / "other.safetensors", genotype, 2)
    begun = start(video, CLASSES, static=other)
    now, cell, below = (weights_of(one.network) for one in (begun, start(video, CLASSES), start(other, CLASSES)))
    assert begun.genotype == VIDEO
    assert same(part(now, "cell"), part(cell, "cell"))
    assert same(part(now, "static"), part(below, "static"))
    assert not same(part(now, "static"), part(cell, "static"))
    assert begun.said == (f"static network from {other}", f"cell from {video}")


def test_an_image_network_of_another_structure_is_refused(video: str, tmp_path: Path) -> None:
    other = saved(tmp_path / "other.safetensors", preset("template-arch0"), 2)
    with pytest.raises(UserError, match=r"another structure than .*other\.safetensors .*GENOTYPE\.json"):
        start(video, CLASSES, static=other)


def test_a_trained_image_network_stands_on_nothing(video: str, tmp_path: Path) -> None:
    image = saved(tmp_path / "image.safetensors", IMAGE, 2)
    with pytest.raises(UserError, match=r"image\.safetensors is trained already .*a video network"):
        start(image, CLASSES, static=video)
