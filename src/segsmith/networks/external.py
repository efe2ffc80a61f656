"""Backbones and networks of others: timm encoders, and whatever a user's function returns."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.genotype.core import Genotype
from segsmith.networks.decoder import DecoderNetwork
from segsmith.networks.graph import setting
from segsmith.networks.interface import Features, StaticNetwork, Tap
from segsmith.networks.sizes import tap_size
from segsmith.ops.blocks import size_of

NAMES = {4: "layer1", 8: "layer2", 16: "layer3", 32: "layer4"}
PARTS = ("taps", "dec", "classes", "in_channels", "encode", "decode", "auxiliary", "classifier")


def external(genotype: Genotype, decoder: Genotype, classes: int, in_channels: int, auxiliary: bool) -> StaticNetwork:
    """``timm:NAME``, or ``module:function``, which is called with classes and in_channels.

    A function returns a whole static network (see ``interface.py``; its taps in the order of depth, its features'
    sizes those of the frame divided by the strides, rounded up) or an encoder: a module that gives feature maps, as a
    list or by name. An encoder gets the ``decoder``.
    """
    source = str(setting(genotype, "source"))
    module, _, name = source.partition(":")
    if module == "timm":
        return DecoderNetwork(decoder, TimmBackbone(_timm_model(name, in_channels), in_channels), classes, auxiliary)
    made = _function(source, module, name)(classes, in_channels)
    if not isinstance(made, nn.Module):
        raise UserError(f"{source} returned {type(made).__name__}", fix="return a torch.nn.Module")
    if hasattr(made, "decode"):
        _check(source, cast(StaticNetwork, made), classes, in_channels)
        return cast(StaticNetwork, made)
    return DecoderNetwork(decoder, Backbone(made, in_channels), classes, auxiliary)


class Backbone(nn.Module):
    """An encoder of any origin. Its maps are named by their stride; of several with one stride the last counts.

    Frames are filled up to a multiple of the coarsest stride and the features cut again, so that any size will do.
    """

    def __init__(self, model: nn.Module, in_channels: int) -> None:
        super().__init__()
        self.model = model
        self.in_channels = in_channels
        size = 128
        with still(model):
            maps = self._probe(torch.zeros(1, in_channels, size, size))
        strides = [size // max(1, x.shape[-1]) for x in maps]
        self.coarsest = max(strides, default=1)
        self.places = {NAMES[stride]: index for index, stride in enumerate(strides) if stride in NAMES}
        self.taps: Mapping[str, Tap] = {
            name: Tap(maps[self.places[name]].shape[1], stride) for stride, name in NAMES.items() if name in self.places
        }

    def forward(self, frame: Tensor, upto: str | None = None) -> Features:
        height, width = size_of(frame)
        padded = F.pad(frame, (0, -width % self.coarsest, 0, -height % self.coarsest))
        names = list(self.taps)
        names = names[: names.index(upto) + 1] if upto else names
        maps = self.maps(padded, 1 + max(self.places[name] for name in names))
        features = {}
        for name in names:
            rows, columns = tap_size((height, width), self.taps[name])
            features[name] = maps[self.places[name]][..., :rows, :columns]
        return features

    def maps(self, frame: Tensor, count: int) -> list[Tensor]:
        """At least the first ``count`` feature maps."""
        maps = self.model(frame)
        return list(maps.values()) if isinstance(maps, Mapping) else list(maps)

    def _probe(self, frame: Tensor) -> list[Tensor]:
        try:
            maps = self.maps(frame, 1_000)
        except (RuntimeError, AssertionError, ValueError, TypeError) as error:
            raise UserError(
                f"the backbone fails on a frame of 128x128: {error}", fix="take another backbone"
            ) from error
        for x in maps:
            if x.ndim != 4 or 128 % x.shape[-1] or x.shape[-2] != x.shape[-1]:
                shape = "x".join(map(str, x.shape))
                raise UserError(f"the backbone makes features of {shape} of a frame of 128x128", fix="N x C x H x W")
        return maps


class TimmBackbone(Backbone):
    """Runs no deeper than asked."""

    def maps(self, frame: Tensor, count: int) -> list[Tensor]:
        features = cast(Any, self.model)
        indices = list(features.out_indices)[:count]
        maps = features.model.forward_intermediates(frame, indices=indices, intermediates_only=True, stop_early=True)
        return list(maps)


@contextmanager
def still(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients, and back."""
    training = model.training
    model.eval()
    with torch.no_grad():
        yield
    model.train(training)


def _timm_model(name: str, in_channels: int) -> nn.Module:
    try:
        import timm
    except (ImportError, RuntimeError) as error:
        raise UserError(f"timm:{name} needs timm, which does not load: {error}", fix="pip install timm") from None
    try:
        options = {"pretrained": False, "features_only": True, "feature_cls": "getter"}
        return cast(nn.Module, timm.create_model(name, in_chans=in_channels, **options))
    except (RuntimeError, AttributeError, ValueError) as error:
        raise UserError(f"timm makes no features-only {name!r}: {error}", fix="see timm.list_models()") from None


def _function(source: str, module: str, name: str) -> Callable[[int, int], object]:
    try:
        return cast(Callable[[int, int], object], getattr(import_module(module), name))
    except ModuleNotFoundError as error:
        raise UserError(f"{source}: {error}", fix="install it, or put its folder on PYTHONPATH") from None
    except AttributeError:
        raise UserError(f"{source}: {module} has no {name!r}") from None


def _check(source: str, network: StaticNetwork, classes: int, in_channels: int) -> None:
    """Does it keep what a static network promises? Looked at with a frame of odd size."""
    for part in PARTS:
        if not hasattr(network, part):
            raise UserError(f"{source} returned a network without {part!r}", fix=f"it has to have {', '.join(PARTS)}")
    if (network.classes, network.in_channels) != (classes, in_channels):
        made = f"{network.classes} classes and {network.in_channels} channels"
        raise UserError(f"{source} made a network of {made}", fix=f"{classes} and {in_channels} were asked for")
    with still(cast(nn.Module, network)):
        frame = torch.zeros(1, in_channels, 70, 101)
        features = network.encode(frame)
        dec, logits = network.decode(features)
    found = {name: (features[name], tap) for name, tap in network.taps.items()} | {"dec": (dec, network.dec)}
    for name, (x, tap) in found.items():
        size = tap_size(size_of(frame), tap)
        if tuple(x.shape[1:]) != (tap.channels, *size):
            got, wanted = "x".join(map(str, x.shape[1:])), "x".join(map(str, (tap.channels, *size)))
            raise UserError(f"{source}: {name} is {got} of a frame of 70x101", fix=f"by its tap it should be {wanted}")
    if tuple(logits.shape[1:]) != (classes, *size_of(dec)):
        raise UserError(f"{source}: logits are {tuple(logits.shape)}", fix=f"{classes} channels at the size of dec")
