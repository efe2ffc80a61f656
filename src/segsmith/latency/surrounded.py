"""Pieces as modules that a runtime can be given, each with what surrounds it."""

import re
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from segsmith import ops
from segsmith.genotype.vocabulary import OPERATIONS
from segsmith.latency.ends import ClassMap, Pattern, Start, Statics
from segsmith.latency.piece import BASE, CARRY, CAT, CLASSES, FUSE, GIVE, RELU_FUSE, RESIZE, RUN, Piece, Size
from segsmith.latency.surround import NARROW, inputs_of
from segsmith.networks.fusion import Grid
from segsmith.networks.parts import Classifier, Join
from segsmith.ops.blocks import conv_bn_relu, resize
from segsmith.runtimes.graphmap import class_map


class Surrounded(nn.Module):
    """A piece between convolutions."""

    def __init__(self, piece: Piece, middle: nn.Module) -> None:
        super().__init__()
        self.piece, self.middle = piece, middle
        inputs = [c for c, count in inputs_of(piece).items() for _ in range(count)]
        self.before = nn.ModuleList([] if piece.starts else [conv_bn_relu(NARROW, c) for c in inputs])
        self.behind = nn.Identity() if piece.whole or piece.ends else conv_bn_relu(piece.c_out, NARROW)

    def forward(self, x: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        made = [before(x) for before in self.before] or [x]
        if self.piece.op in (GIVE, CARRY):
            return self.behind(*(state or made)), made[0]
        return (self.behind(self.middle(*made)),)

    def examples(self, batch: int) -> tuple[Tensor, ...]:
        """Inputs of the right shapes."""
        piece = self.piece
        if piece.starts:
            return (torch.randint(0, 256, (batch, *piece.size, piece.c_in), dtype=torch.uint8),)
        x = torch.randn(batch, NARROW, *piece.size)
        return (x, torch.randn(batch, piece.c_in, *piece.size)) if piece.op == CARRY else (x,)


def surrounded(piece: Piece, statics: Statics, classes: ClassMap = class_map) -> Surrounded:
    """With random weights: they change nothing about its time."""
    return Surrounded(piece, _middle(piece, statics, classes)).eval()


def _middle(piece: Piece, statics: Statics, classes: ClassMap) -> nn.Module:
    if piece.starts:
        return Start(piece, statics, classes)
    if piece.ends:
        return End(piece, classes)
    if piece.op in PARTS:
        return PARTS[piece.op](piece)
    if piece.op not in OPERATIONS:
        return _of_pyramids(piece)
    if OPERATIONS[piece.op].group == "aggregation":
        return ops.aggregate(piece.op, [piece.c_in // piece.count] * piece.count, piece.c_out)
    return ops.build(piece.op, piece.c_in, piece.c_out, piece.stride)


def _of_pyramids(piece: Piece) -> nn.Module:
    """``conv3d6`` and ``grid6``: no operations of the vocabulary."""
    found = re.fullmatch(r"(conv3d|grid)(\d+)", piece.op)
    if found is None:
        raise ValueError(f"there is no piece {piece}")
    if found[1] == "grid":
        return Grid(piece.c_in, piece.c_out, int(found[2]))
    return conv_bn_relu(piece.c_in, piece.c_out, 3, dilation=int(found[2]))


class End(nn.Module):
    """The classifier and what makes a class map of its logits."""

    def __init__(self, piece: Piece, classes: ClassMap) -> None:
        super().__init__()
        assert piece.to is not None
        self.classifier = Classifier(piece.c_in, piece.c_out, int(piece.op.removeprefix(CLASSES)))
        self.pattern = Pattern(piece.c_out, piece.size, piece.to, classes)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.pattern(self.classifier(x)))


class Joined(nn.Module):
    def __init__(self, piece: Piece) -> None:
        super().__init__()
        self.join = Join([piece.c_in], piece.c_out, relu=piece.op == RELU_FUSE)

    def forward(self, *maps: Tensor) -> Tensor:
        return cast(Tensor, self.join(maps))


class Resized(nn.Module):
    def __init__(self, piece: Piece) -> None:
        super().__init__()
        self.size: Size = piece.out_size

    def forward(self, x: Tensor) -> Tensor:
        return resize(x, self.size)


class Together(nn.Module):
    def forward(self, *maps: Tensor) -> Tensor:
        return torch.cat(maps, dim=1)


def _nothing(piece: Piece) -> nn.Module:
    return nn.Identity()


PARTS: dict[str, Callable[[Piece], nn.Module]] = {
    FUSE: Joined,
    RELU_FUSE: Joined,
    RESIZE: Resized,
    CAT: lambda piece: Together(),
    **dict.fromkeys((RUN, BASE, GIVE, CARRY), _nothing),
}
