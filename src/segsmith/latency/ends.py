"""Where networks start and end: frames in bytes, class maps of a typical picture."""

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.genotype import Genotype, Graph, prune
from segsmith.latency.piece import ENCODE, ENCODER, STATIC, STEM, Piece, Size
from segsmith.latency.pieces import MOBILENET
from segsmith.networks.build import build_static
from segsmith.networks.encoder import MobileNetV2
from segsmith.networks.interface import StaticNetwork
from segsmith.networks.meta import Meta
from segsmith.networks.sizes import tap_size
from segsmith.ops.blocks import conv_bn_relu
from segsmith.runtimes.graphmap import class_map
from segsmith.runtimes.prepare import Prepare

ClassMap = Callable[[Tensor, int, int], Tensor]
Statics = Callable[[str], Genotype]
"""The static network of a fingerprint."""
PLACES = (6, 8)
"""A street's picture has about so many things above and beside each other."""
FAINT = 1e-6


class Start(nn.Module):
    """From bytes to features; or to the class map, of a whole static network."""

    def __init__(self, piece: Piece, statics: Statics, classes: ClassMap) -> None:
        super().__init__()
        self.network, stride = _network(piece, statics)
        self.read = READ[piece.part]
        self.tap = piece.op.rpartition(":")[2]
        self.prepare = prepare(piece.c_in, halves=piece.stride > stride)
        self.pattern: nn.Module = nn.Identity()
        if piece.part == STATIC:
            dec = cast(StaticNetwork, self.network).dec
            self.pattern = Pattern(piece.c_out, tap_size(piece.size, dec), piece.size, classes)

    def forward(self, frame: Tensor) -> Tensor:
        return cast(Tensor, self.pattern(self.read(self.network, self.prepare(frame), self.tap)))


def _network(piece: Piece, statics: Statics) -> tuple[nn.Module, int]:
    """What runs, and the stride of what it gives to a whole frame."""
    _, *names = piece.op.split(":")
    if piece.part == STEM:
        return stem(piece.c_in, piece.c_out), piece.stride
    if piece.part == ENCODER:
        return MobileNetV2(piece.c_in, names[0]), MOBILENET[names[0]][1]
    static = build_static(prune(statics(names[0])), piece.c_out if piece.part == STATIC else 2, piece.c_in)
    stride = static.taps[names[1]].stride if piece.part == ENCODE else piece.stride
    return cast(nn.Module, static), stride


READ: dict[str, Callable[[nn.Module, Tensor, str], Tensor]] = {
    STEM: lambda network, frame, tap: network(frame),
    ENCODER: lambda network, frame, tap: network(frame, tap)[tap],
    ENCODE: lambda network, frame, tap: cast(StaticNetwork, network).encode(frame, tap)[tap],
    STATIC: lambda network, frame, tap: cast(StaticNetwork, network).decode(cast(StaticNetwork, network).encode(frame))[
        1
    ],
}


class Pattern(nn.Module):
    """The class map, not of the logits, which no training has made sensible, but of a picture with as many borders as
    a street's. What a class map takes depends on them. It waits for the logits all the same."""

    picture: Tensor

    def __init__(self, classes: int, size: Size, frame: Size, classmap: ClassMap = class_map) -> None:
        super().__init__()
        chance = torch.Generator().manual_seed(0)
        coarse = torch.randn(1, classes, *PLACES, generator=chance)
        picture = F.interpolate(coarse, size, mode="bilinear", align_corners=False)
        self.register_buffer("picture", picture, persistent=False)
        self.frame, self.class_map = frame, classmap

    def forward(self, logits: Tensor) -> Tensor:
        return self.class_map(logits * FAINT + self.picture, *self.frame)


def prepare(in_channels: int, halves: bool = False) -> Prepare:
    nothing = Genotype("lgc", Graph((), (), ()))
    return Prepare(Meta(nothing, (), (), (0.5,) * in_channels, (0.25,) * in_channels), halves)


def stem(in_channels: int, width: int) -> nn.Module:
    """Of an LGC network."""
    shapes = ((in_channels, 2), (width, 2), (width, 1))
    return nn.Sequential(*(conv_bn_relu(channels, width, 3, stride) for channels, stride in shapes))
