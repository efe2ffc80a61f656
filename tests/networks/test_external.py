"""Backbones and networks of others under a dynamic cell."""

import sys
import types
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from network_help import dynamic, frame_by_frame, pictures, runs, settle
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph
from segsmith.networks.build import build, build_static
from segsmith.networks.cost import describe
from segsmith.networks.interface import Tap
from segsmith.networks.weights import load_encoder

ROW = ("concat", "skip", "prev:dec", "sep3", "layer2")


def external(source: str) -> Genotype:
    return Genotype("external", Graph((), (), ()), settings={"source": source, "channels": 8})


class Pyramid(nn.Module):
    """Patches without overlap, which drop what does not fill one: strides 2, 4, 8, 16, 32."""

    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        widths = (in_channels, 4, 6, 8, 10, 12)
        self.stages = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        found = []
        for stage in self.stages:
            x = stage(x).relu()
            found.append(x)
        return found


class Getter(nn.Module):
    """What timm's feature getter looks like from outside."""

    def __init__(self, in_chans: int) -> None:
        super().__init__()
        self.model = Pyramid(in_chans)
        self.out_indices = [0, 1, 2, 3, 4]
        self.model.forward_intermediates = self.intermediates

    def intermediates(self, x: Tensor, indices: list[int], intermediates_only: bool, stop_early: bool) -> list[Tensor]:
        assert intermediates_only
        assert stop_early
        found = []
        for stage in list(self.model.stages)[: max(indices) + 1]:
            x = stage(x).relu()
            found.append(x)
        return found


class Whole(nn.Module):
    """A static network of a user's own."""

    def __init__(self, classes: int, in_channels: int) -> None:
        super().__init__()
        self.taps, self.dec = {"layer2": Tap(6, 8)}, Tap(6, 8)
        self.classes, self.in_channels = classes, in_channels
        self.body = nn.Conv2d(in_channels, 6, 8, stride=8, padding=4)
        self.classifier = nn.Conv2d(6, classes, 1)

    def encode(self, frame: Tensor, upto: str | None = None) -> dict[str, Tensor]:
        rows, columns = -(-frame.shape[-2] // 8), -(-frame.shape[-1] // 8)
        return {"layer2": self.body(frame)[..., :rows, :columns]}

    def decode(self, features: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        dec = features["layer2"].relu()
        return dec, self.classifier(dec)

    def auxiliary(self, features: dict[str, Tensor]) -> list[Tensor]:
        return []


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of a user's, called ``mine``."""
    module: Any = types.ModuleType("mine")
    module.whole = Whole
    module.encoder = lambda classes, in_channels: Pyramid(in_channels)
    module.shallow = lambda classes, in_channels: nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.ReLU())
    module.forgetful = lambda classes, in_channels: Whole(classes + 1, in_channels)
    module.wrong = lambda classes, in_channels: "a network"
    monkeypatch.setitem(sys.modules, "mine", module)
    return "mine"


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch) -> None:
    def create_model(name: str, **options: Any) -> nn.Module:
        if name != "pyramid":
            raise RuntimeError(f"Unknown model ({name})")
        in_chans = options.pop("in_chans")
        assert options == {"pretrained": False, "features_only": True, "feature_cls": "getter"}
        return Getter(in_chans)

    module: Any = types.ModuleType("timm")
    module.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", module)


def check_video(genotype: Genotype, in_channels: int = 3) -> None:
    network = settle(build(genotype, 5, in_channels), pictures(2, 2, channels=in_channels))
    frames = pictures(2, 3, 67, 101, channels=in_channels)
    with torch.no_grad():
        clip = network.clip(frames)
        assert clip.shape == (2, 3, 5, 9, 13)
        assert clip.std() > 0.01
        torch.testing.assert_close(frame_by_frame(network, frames), clip, atol=1e-5, rtol=1e-5)


def test_a_whole_network_of_a_user(source: str) -> None:
    static = external(f"{source}:whole")
    check_video(static)
    check_video(dynamic(ROW, static=static))


def test_an_encoder_of_a_user_gets_our_decoder(source: str) -> None:
    static = external(f"{source}:encoder")
    check_video(dynamic(ROW, static=static))
    taps = build_static(static, 5).taps
    assert taps == {"layer1": Tap(6, 4), "layer2": Tap(8, 8), "layer3": Tap(10, 16), "layer4": Tap(12, 32)}
    assert describe(dynamic(ROW, static=static), (64, 96), 5).parameters > 0


@pytest.mark.usefixtures("timm")
def test_an_encoder_of_timm_stops_where_a_step_needs_no_more() -> None:
    static = external("timm:pyramid")
    check_video(dynamic(ROW, static=static), in_channels=4)
    network = build(dynamic(ROW, static=static), 5)
    _, state = network.key(torch.randn(1, 3, 67, 101))
    counts = runs(network, [f"static.encoder.model.model.stages.{i}" for i in range(5)])
    network.step(torch.randn(1, 3, 67, 101), state)
    assert list(counts.values()) == [1, 1, 1, 0, 0]


def test_weights_of_a_backbone_go_by_their_own_names(source: str, tmp_path: Path) -> None:
    network, other = build(external(f"{source}:encoder"), 5), Pyramid()
    torch.save(other.state_dict(), tmp_path / "w.pth")
    load_encoder(network, tmp_path / "w.pth")
    assert torch.equal(network.static.encoder.model.stages[4].weight, other.stages[4].weight)
    torch.save({"stages.0.weight": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(UserError, match=r"the key 'stages\.0\.weight' has the shape 1"):
        load_encoder(network, tmp_path / "w.pth")
    with pytest.raises(UserError, match="no encoder of its own"):
        load_encoder(build(external(f"{source}:whole"), 5), tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shallow", "fails|features of|no features layer1"),
        ("forgetful", "made a network of 6 classes"),
        ("wrong", "returned str"),
        ("missing", "mine has no 'missing'"),
    ],
)
def test_what_is_no_network_is_named(source: str, name: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        build(external(f"{source}:{name}"), 5)


@pytest.mark.parametrize("part", ["classifier", "auxiliary", "dec"])
def test_a_static_network_without_one_of_its_parts(source: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(classes: int, in_channels: int) -> nn.Module:
        network = Whole(classes, in_channels)
        delattr(network if part != "auxiliary" else Whole, part)
        return network

    if part == "auxiliary":
        monkeypatch.setattr(Whole, "auxiliary", Whole.auxiliary)  # so that it comes back
    monkeypatch.setattr(sys.modules[source], "whole", make)
    with pytest.raises(UserError, match=f"without '{part}'"):
        build(external(f"{source}:whole"), 5)


def test_features_of_another_size_than_promised(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def flooring(classes: int, in_channels: int) -> nn.Module:
        network = Whole(classes, in_channels)
        network.body = nn.Conv2d(in_channels, 6, 8, stride=8)
        return network

    monkeypatch.setattr(sys.modules[source], "whole", flooring)
    with pytest.raises(UserError, match=r"layer2 is 6x8x12 of a frame of 70x101.*6x9x13"):
        build(external(f"{source}:whole"), 5)


def test_modules_and_models_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"No module named 'nowhere'.*PYTHONPATH"):
        build(external("nowhere:make"), 5)
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UserError, match=r"needs timm.*pip install timm"):
        build(external("timm:resnet18"), 5)


@pytest.mark.usefixtures("timm")
def test_a_model_that_timm_does_not_have() -> None:
    with pytest.raises(UserError, match=r"Unknown model \(nothing\)"):
        build(external("timm:nothing"), 5)
