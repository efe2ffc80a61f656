"""A checkpoint alone rebuilds its network, and says what is wrong with it."""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from network_help import dynamic, frame_by_frame, pictures, settle, small
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from segsmith.errors import UserError
from segsmith.genotype import preset
from segsmith.networks.build import build
from segsmith.networks.checkpoint import load_checkpoint, read_meta, save_checkpoint
from segsmith.networks.loading import load
from segsmith.networks.meta import Meta
from segsmith.networks.tensors import load_weights, weights_of

GENOTYPE = dynamic(("concat", "skip", "prev:dec", "sep3", "layer2"))
META = Meta(
    genotype=GENOTYPE,
    classes=("road", "sky"),
    palette=((128, 64, 128), (70, 130, 180)),
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.1),
    size=(64, 96),
    recipe={"name": "dynamic", "rates": [0.1, 0.2]},
    versions={"torch": torch.__version__},
    made={"seed": 3, "data": "toy"},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    network = settle(build(GENOTYPE, classes=2), pictures(2, 2))
    save_checkpoint(tmp_path / "model.safetensors", network, META)
    return tmp_path / "model.safetensors"


def rewrite(path: Path, **changes: Any) -> Path:
    with safe_open(path, framework="pt") as file:
        record = json.loads(file.metadata()["segsmith"]) | changes
    save_file(load_file(path), path, {"segsmith": json.dumps(record)})
    return path


def test_round_trip(tmp_path: Path) -> None:
    network = settle(build(GENOTYPE, classes=2), pictures(2, 2))
    save_checkpoint(tmp_path / "m.safetensors", network, META)
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]
    loaded, meta = load_checkpoint(tmp_path / "m.safetensors", classes=["road", "sky"])
    assert meta == META
    assert meta == read_meta(tmp_path / "m.safetensors") == loaded.meta
    assert not loaded.training
    frames = pictures(1, 3)
    with torch.no_grad():
        assert torch.equal(frame_by_frame(loaded, frames), frame_by_frame(network, frames))


def test_load_takes_a_file_or_a_run_folder(path: Path) -> None:
    for spec in (path, str(path.parent)):
        network = load(spec)
        assert network.meta is not None
        assert network.meta.classes == ("road", "sky")
    with pytest.raises(UserError, match=r"holds no model\.safetensors"):
        load(path.parent.parent)


def test_frames_of_one_channel(tmp_path: Path) -> None:
    meta = replace(META, genotype=preset("template-arch0"), mean=(0.5,), std=(0.2,))
    save_checkpoint(tmp_path / "m.safetensors", build(meta.genotype, 2, in_channels=1), meta)
    assert load(tmp_path / "m.safetensors").in_channels == 1


def test_auxiliary_heads_are_left_out_and_not_needed(tmp_path: Path) -> None:
    meta = replace(META, genotype=small())
    network = build(meta.genotype, 2, auxiliary=True)
    save_checkpoint(tmp_path / "m.safetensors", network, meta)
    assert not any("heads" in name for name in load_file(tmp_path / "m.safetensors"))
    loaded, _ = load_checkpoint(tmp_path / "m.safetensors")
    trained = build(meta.genotype, 2, auxiliary=True)
    load_weights(trained, weights_of(loaded))
    assert torch.equal(trained.static.classifier.weight, network.static.classifier.weight)


def test_a_flipped_bit_is_seen(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"model\.safetensors: is damaged.*weights"):
        load_checkpoint(path)


@pytest.mark.parametrize("length", [0, 5, 1000, 100_000])
def test_a_file_cut_short(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match="is damaged or no checkpoint"):
        load_checkpoint(path)


def test_a_newer_format(path: Path) -> None:
    with pytest.raises(UserError, match=r"newer segsmith: format 2.*upgrade"):
        load_checkpoint(rewrite(path, format=2))


def test_a_description_with_a_part_missing(path: Path) -> None:
    with pytest.raises(UserError, match="its description is not whole"):
        read_meta(rewrite(path, palette=None))


@pytest.mark.parametrize(
    ("classes", "words"),
    [(("road", "sky", "car"), "has 2 classes, and 3 are needed"), (("road", "sea"), "number 1 is 'sky', not 'sea'")],
)
def test_other_classes(path: Path, classes: tuple[str, ...], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_checkpoint(path, classes)


def test_weights_of_another_network(path: Path) -> None:
    _, meta = load_checkpoint(path)
    other = dynamic(("concat", "skip", "prev:dec", "sep5", "layer2"))
    with pytest.raises(UserError, match=r"do not fit the network: 'cell\.net\.nodes\.n0/b"):
        load_weights(build(other, 2), weights_of(build(meta.genotype, 2)))


def test_plain_weights_are_no_checkpoint(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(UserError, match="not what network they belong to"):
        load(tmp_path / "a.safetensors")


def test_a_pickle_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("unpickled")

    torch.save(build(preset("template-arch0"), 2).state_dict(), tmp_path / "model.pth")
    for module, name in ((pickle, "load"), (pickle, "loads"), (torch, "load")):
        monkeypatch.setattr(module, name, forbidden)
    with pytest.raises(UserError, match="is damaged or no checkpoint"):
        load(tmp_path / "model.pth")


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match="No space left"):
        save_checkpoint(path, build(GENOTYPE, 2), META)
    assert path.read_bytes() == before
