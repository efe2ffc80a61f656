"""Weights of torchvision and timm, by the names that their files have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from segsmith.errors import UserError
from segsmith.genotype import preset
from segsmith.networks.build import build
from segsmith.networks.encoder import MobileNetV2
from segsmith.networks.weights import for_channels, load_encoder

# expansion, channels, stride of all 17 blocks
BLOCKS = [
    *((1, 16, 1), (6, 24, 2), (6, 24, 1), (6, 32, 2), (6, 32, 1), (6, 32, 1), (6, 64, 2), (6, 64, 1), (6, 64, 1)),
    *((6, 64, 1), (6, 96, 1), (6, 96, 1), (6, 96, 1), (6, 160, 2), (6, 160, 1), (6, 160, 1), (6, 320, 1)),
]
TAPS = {"layer1": 2, "layer2": 5, "layer3": 12, "layer4": 16}
TIMM_PLACES = [(0, 0), *((s, b) for s, n in enumerate((2, 3, 4, 3, 3, 1), start=1) for b in range(n))]


def torchvision_names() -> Iterator[tuple[str, str]]:
    yield "features.0.0", "features.0.1"
    yield "features.1.conv.0.0", "features.1.conv.0.1"
    yield "features.1.conv.1", "features.1.conv.2"
    for i in range(2, 18):
        yield f"features.{i}.conv.0.0", f"features.{i}.conv.0.1"
        yield f"features.{i}.conv.1.0", f"features.{i}.conv.1.1"
        yield f"features.{i}.conv.2", f"features.{i}.conv.3"
    yield "features.18.0", "features.18.1"


def timm_names() -> Iterator[tuple[str, str]]:
    yield "conv_stem", "bn1"
    yield "blocks.0.0.conv_dw", "blocks.0.0.bn1"
    yield "blocks.0.0.conv_pw", "blocks.0.0.bn2"
    for s, b in TIMM_PLACES[1:]:
        yield f"blocks.{s}.{b}.conv_pw", f"blocks.{s}.{b}.bn1"
        yield f"blocks.{s}.{b}.conv_dw", f"blocks.{s}.{b}.bn2"
        yield f"blocks.{s}.{b}.conv_pwl", f"blocks.{s}.{b}.bn3"
    yield "conv_head", "bn2"


NAMES = {"torchvision": torchvision_names, "timm": timm_names}


def shapes() -> Iterator[tuple[int, ...]]:
    """Of the convolutions in the order of the names."""
    yield 32, 3, 3, 3
    c_in = 32
    for expansion, c_out, _ in BLOCKS:
        wide = c_in * expansion
        if expansion > 1:
            yield wide, c_in, 1, 1
        yield wide, 1, 3, 3
        yield c_out, wide, 1, 1
        c_in = c_out
    yield 1280, 320, 1, 1


def state_dict(layout: str) -> dict[str, Tensor]:
    torch.manual_seed(0)
    state = {}
    for (conv, norm), shape in zip(NAMES[layout](), shapes(), strict=True):
        state[f"{conv}.weight"] = torch.randn(shape) * (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
        state[f"{norm}.weight"] = torch.rand(shape[0]) + 0.5
        state[f"{norm}.bias"] = torch.randn(shape[0]) * 0.3
        state[f"{norm}.running_mean"] = torch.randn(shape[0]) * 0.3
        state[f"{norm}.running_var"] = torch.rand(shape[0]) + 0.5
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    return state | {"classifier.weight": torch.randn(10, 1280), "classifier.bias": torch.randn(10)}


def reference(frame: Tensor, state: dict[str, Tensor], layout: str) -> dict[str, Tensor]:
    """MobileNet-v2 as these files mean it: the first block has no expansion."""
    names = list(NAMES[layout]())

    def layer(x: Tensor, number: int, stride: int = 1, relu: bool = True) -> Tensor:
        conv, norm = names[number]
        weight = state[f"{conv}.weight"]
        groups = x.shape[1] // weight.shape[1]
        x = F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
        parts = (state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        x = F.batch_norm(x, *parts)
        return x.clamp(0, 6) if relu else x

    x, number, found = layer(frame, 0, stride=2), 1, []
    for expansion, c_out, stride in BLOCKS:
        y = x
        if expansion > 1:
            y, number = layer(y, number), number + 1
        y = layer(layer(y, number, stride), number + 1, relu=False)
        number += 2
        x = x + y if stride == 1 and x.shape[1] == c_out else y
        found.append(x)
    return {tap: found[i] for tap, i in TAPS.items()}


def write(path: Path, state: dict[str, Tensor]) -> Path:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize(("layout", "suffix"), [("torchvision", ".pth"), ("timm", ".safetensors")])
def test_the_features_are_those_of_the_file(layout: str, suffix: str, tmp_path: Path) -> None:
    state = state_dict(layout)
    network = build(preset("arch2"), classes=3).eval()
    load_encoder(network, write(tmp_path / f"w{suffix}", state))
    frame = torch.randn(2, 3, 67, 101).double()
    with torch.no_grad():
        expected = reference(frame, {name: tensor.double() for name, tensor in state.items()}, layout)
        found = network.double().static.encode(frame)
    for tap in TAPS:
        torch.testing.assert_close(found[tap], expected[tap], atol=1e-5, rtol=1e-5)


def test_a_stem_takes_the_beginning_of_the_file(tmp_path: Path) -> None:
    state = state_dict("torchvision")
    network = build(preset("template-arch0"), classes=3).eval()
    load_encoder(network, write(tmp_path / "w.pth", state))
    frame = torch.randn(1, 3, 64, 64)
    found, expected = network.static.encode(frame), reference(frame, state, "torchvision")
    assert list(found) == ["layer1", "layer2"]
    torch.testing.assert_close(found["layer2"], expected["layer2"], atol=1e-4, rtol=1e-4)


def test_the_first_expansion_nearly_keeps_values_in_training_too(tmp_path: Path) -> None:
    network = build(preset("template-arch0"), classes=3)
    load_encoder(network, write(tmp_path / "w.pth", state_dict("torchvision")))
    encoder = network.static.encoder
    assert isinstance(encoder, MobileNetV2)
    frame = torch.randn(4, 3, 128, 128)
    for _ in range(30):
        encoder.stem(frame)
    network.eval()
    before = encoder.stem(frame)
    kept = encoder.blocks()[0].train().expand(before)
    assert float((kept - before).detach().abs().mean() / before.detach().abs().mean()) < 0.05


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_frames_of_other_channels(channels: int, tmp_path: Path) -> None:
    state = state_dict("timm")
    network = build(preset("template-arch0"), classes=3, in_channels=channels).eval()
    load_encoder(network, write(tmp_path / "w.pth", state))
    grey = torch.randn(1, 1, 64, 64)
    frame = torch.cat([grey.expand(-1, min(channels, 3), -1, -1), torch.randn(1, max(0, channels - 3), 64, 64)], dim=1)
    found = network.static.encode(frame)["layer2"]
    expected = reference(grey.expand(-1, 3, -1, -1), state, "timm")["layer2"]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert for_channels(state["conv_stem.weight"], 3) is state["conv_stem.weight"]


@pytest.mark.parametrize("layout", ["torchvision", "timm"])
def test_the_first_key_that_does_not_fit_is_named(layout: str, tmp_path: Path) -> None:
    network = build(preset("arch2"), classes=3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    missing = {"torchvision": "features.5.conv.1.1.running_var", "timm": "blocks.2.1.bn2.running_var"}[layout]
    state = state_dict(layout)
    del state[missing]
    with pytest.raises(UserError, match=rf"w\.pth: the key '{missing}' is missing"):
        load_encoder(network, write(tmp_path / "w.pth", state))
    wide = {"torchvision": "features.2.conv.0.0.weight", "timm": "blocks.1.0.conv_pw.weight"}[layout]
    with pytest.raises(UserError, match=f"'{wide}' has the shape 48x16x1x1, where 96x16x1x1 is needed"):
        load_encoder(network, write(tmp_path / "w.pth", state_dict(layout) | {wide: torch.zeros(48, 16, 1, 1)}))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_files_that_are_no_encoder(tmp_path: Path) -> None:
    network = build(preset("arch2"), classes=3)
    with pytest.raises(UserError, match="no such file"):
        load_encoder(network, tmp_path / "none.pth")
    with pytest.raises(UserError, match=r"first key is 'layer1.0.weight'"):
        load_encoder(network, write(tmp_path / "resnet.pth", {"layer1.0.weight": torch.zeros(1)}))
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(UserError, match="no state dict"):
        load_encoder(network, tmp_path / "list.pth")
    for name in ("broken.pth", "broken.safetensors"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(UserError, match="can be read safely"):
            load_encoder(network, tmp_path / name)


def test_a_pickle_that_would_run_something_is_not_opened(tmp_path: Path) -> None:
    torch.save(MobileNetV2(), tmp_path / "module.pth")
    with pytest.raises(UserError, match="can be read safely"):
        load_encoder(build(preset("arch2"), classes=3), tmp_path / "module.pth")
