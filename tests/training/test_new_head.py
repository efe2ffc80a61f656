"""A trained network that learns other classes: what it keeps, and what learns from the beginning."""

from pathlib import Path

import pytest
import torch
from tiny import loop, video_network

from segsmith.data.base import Classes
from segsmith.errors import UserError
from segsmith.genotype.presets import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.meta import Meta
from segsmith.training.parts import part_of
from segsmith.training.recipes import RECIPES, VIDEO, Phase, Rate, Recipe, learning_the_head
from segsmith.training.start import start

GREY = tuple((n, n, n) for n in range(4))


@pytest.fixture
def room(tmp_path: Path) -> Path:
    genotype = preset("template-arch1")
    names = ("wall", "floor", "door")
    path = tmp_path / "room.safetensors"
    save_checkpoint(path, build(genotype, len(names)), Meta(genotype, names, GREY[:3]))
    return path


def test_classes_of_the_same_name_keep_their_rows(room: Path) -> None:
    old = start(str(room), Classes(("wall", "floor", "door"), GREY[:3]))
    new = start(str(room), Classes(("floor", "dog", "wall", "cat"), GREY))
    assert not old.new_head
    assert new.new_head
    assert new.said[0].endswith("with a new head for 4 classes (it had 3, 2 of them by the same name)")
    before, after = (dict(one.network.named_parameters()) for one in (old, new))
    for kind in ("weight", "bias"):
        was, now = before[f"static.classifier.{kind}"], after[f"static.classifier.{kind}"]
        assert torch.equal(now[[0, 2]], was[[1, 0]])
    assert not torch.equal(after["static.classifier.weight"][1], before["static.classifier.weight"][2])
    same = [name for name in before if "classifier" not in name]
    assert all(torch.equal(before[name], after[name]) for name in same)


def test_weights_of_another_library_do_not_go_onto_a_trained_network(room: Path) -> None:
    with pytest.raises(UserError, match=r"trained already .*--encoder-weights"):
        start(str(room), Classes(("a",), GREY[:1]), encoder_weights="mobilenet.pth")


def test_the_classifier_of_key_frames_learns_beside_the_cell() -> None:
    assert part_of("static.classifier.weight") >= {"static", "decoder", "head"}
    assert "head" not in part_of("cell.classifier.weight")
    named = [[rate.part for rate in phase.rates] for phase in learning_the_head(VIDEO).phases]
    assert named == [["cell", "head"], ["cell", "head"], ["cell", "static"]]
    for name in ("scratch", "static", "lgc", "template"):
        assert learning_the_head(RECIPES[name]) == RECIPES[name]


def test_it_learns_while_the_rest_of_the_static_network_stands_still(tmp_path: Path) -> None:
    network = video_network()
    before = {name: value.clone() for name, value in network.named_parameters()}
    alone = Recipe("tiny", (Phase(1.0, (Rate("cell", "adam", 1e-2),), length=3),), epochs=1, batch=2, key_loss=0.5)
    loop(tmp_path, network, learning_the_head(alone)).train()
    moved = {name for name, value in network.named_parameters() if not torch.equal(value, before[name])}
    assert {name.rpartition(".")[0] for name in moved} == {"static.classifier", "cell"}
