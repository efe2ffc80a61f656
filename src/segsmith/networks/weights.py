"""Pre-trained encoders: MobileNet-v2 files as torchvision and timm write them, and a backbone's own."""

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.networks.encoder import MobileNetV2
from segsmith.networks.external import Backbone

NORM = ("weight", "bias", "running_mean", "running_var")
KEEPS_VALUES = "stages.0.0.expand"
"""The first expansion widens by one. The files of others leave it out."""


class Pair(NamedTuple):
    """A convolution with batch norm: where it is here, and what the file calls the two."""

    here: str
    conv: str
    norm: str


def load_encoder(network: nn.Module, path: Path) -> None:
    """Put the weights of a file into the network's encoder, as deep as it is built."""
    encoder = getattr(getattr(network, "static", network), "encoder", None)
    found = read_tensors(path)
    if isinstance(encoder, MobileNetV2):
        wanted = {name: t for name, t in encoder.state_dict().items() if not name.endswith("num_batches_tracked")}
        _copy(wanted, dict(_sources(encoder, found, path)), found, path)
        keep_values(encoder)
    elif isinstance(encoder, Backbone):
        wanted = encoder.model.state_dict()
        _copy(wanted, {name: name for name in wanted}, found, path)
    else:
        raise UserError("this network has no encoder of its own to put weights into", path=path)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """A state dict, without running anything that a file may hold."""
    try:
        found = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError("there is no such file", fix="give a state dict as .pth or .safetensors", path=path) from None
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"is no state dict that can be read safely: {reason}", path=path) from None
    if not isinstance(found, Mapping) or not found or not all(isinstance(t, Tensor) for t in found.values()):
        raise UserError("holds no state dict", fix="save model.state_dict() alone", path=path)
    return dict(found)


def keep_values(encoder: MobileNetV2) -> None:
    """Make the first expansion pass on what it is given.

    Its norm has the mean and the variance that its input has if the norm before is right, so that values also pass,
    nearly, while the norm uses the statistics of a batch.
    """
    conv, norm, _ = cast(tuple[nn.Conv2d, nn.BatchNorm2d, nn.Module], encoder.blocks()[0].expand)
    before = cast(nn.BatchNorm2d, encoder.stem[1])
    mean, var = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    with torch.no_grad():
        normal = torch.special.ndtri((torch.arange(1000, device=before.weight.device) + 0.5) / 1000)
        values = (before.bias[:, None] + before.weight[:, None] * normal).clamp(0, 6)
        variance = values.var(dim=1).clamp(min=1e-3)
        conv.weight.copy_(torch.eye(len(variance), device=conv.weight.device)[..., None, None])
        mean.copy_(values.mean(dim=1))
        norm.bias.copy_(mean)
        var.copy_(variance - norm.eps)
        norm.weight.copy_((var + norm.eps).sqrt())


def _sources(encoder: MobileNetV2, found: Mapping[str, Tensor], path: Path) -> Iterator[tuple[str, str]]:
    """Names here and in the file."""
    if "features.0.0.weight" in found:
        pairs = list(_torchvision(encoder))
    elif "conv_stem.weight" in found:
        pairs = list(_timm(encoder))
    else:
        what = f"is no MobileNet-v2 of torchvision or timm: its first key is {next(iter(found))!r}"
        raise UserError(what, fix="'features.0.0.weight' or 'conv_stem.weight' was expected", path=path)
    for here, conv, norm in pairs:
        yield f"{here}.0.weight", f"{conv}.weight"
        yield from ((f"{here}.1.{name}", f"{norm}.{name}") for name in NORM)


def _places(encoder: MobileNetV2) -> list[tuple[int, int]]:
    return [(stage, block) for stage, blocks in enumerate(encoder.stages) for block, _ in enumerate(blocks.children())]


def _torchvision(encoder: MobileNetV2) -> Iterator[Pair]:
    yield Pair("stem", "features.0.0", "features.0.1")
    for number, (stage, block) in enumerate(_places(encoder), start=1):
        here, conv = f"stages.{stage}.{block}", f"features.{number}.conv"
        layers = ("depthwise",) if number == 1 else ("expand", "depthwise")
        for index, layer in enumerate(layers):
            yield Pair(f"{here}.{layer}", f"{conv}.{index}.0", f"{conv}.{index}.1")
        yield Pair(f"{here}.project", f"{conv}.{len(layers)}", f"{conv}.{len(layers) + 1}")


def _timm(encoder: MobileNetV2) -> Iterator[Pair]:
    yield Pair("stem", "conv_stem", "bn1")
    for stage, block in _places(encoder):
        here, there = f"stages.{stage}.{block}", f"blocks.{stage}.{block}"
        inverted = {"expand": "conv_pw", "depthwise": "conv_dw", "project": "conv_pwl"}
        layers = inverted if stage else {"depthwise": "conv_dw", "project": "conv_pw"}
        for index, (layer, conv) in enumerate(layers.items(), start=1):
            yield Pair(f"{here}.{layer}", f"{there}.{conv}", f"{there}.bn{index}")


def _copy(wanted: Mapping[str, Tensor], sources: Mapping[str, str], found: Mapping[str, Tensor], path: Path) -> None:
    """Fill our tensors; the first key that is missing or has another shape is named before anything is changed."""
    values = {}
    for name, tensor in wanted.items():
        if name.startswith(KEEPS_VALUES) and name not in sources:
            continue
        key = sources[name]
        if key not in found:
            raise UserError(f"the key {key!r} is missing", fix="give the state dict of the whole network", path=path)
        value = found[key]
        if name == "stem.0.weight":
            value = for_channels(value, tensor.shape[1])
        if value.shape != tensor.shape:
            shapes = f"{_shape(value)}, where {_shape(tensor)} is needed"
            raise UserError(f"the key {key!r} has the shape {shapes}", fix="only width 1.0 fits", path=path)
        values[name] = value
    with torch.no_grad():
        for name, value in values.items():
            wanted[name].copy_(value)


def for_channels(weight: Tensor, channels: int) -> Tensor:
    """A first convolution trained on RGB, for other frames: fewer channels share what the three had, further ones
    (depth, heat) start without weight."""
    if weight.ndim != 4 or weight.shape[1] != 3 or channels == 3:
        return weight
    if channels < 3:
        return weight.sum(dim=1, keepdim=True).expand(-1, channels, -1, -1) / channels
    return torch.cat([weight, weight.new_zeros(len(weight), channels - 3, *weight.shape[2:])], dim=1)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a single number"
