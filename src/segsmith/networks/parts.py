"""What static networks and the dynamic cell end in, and what joins an encoder to it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from segsmith.networks.encoder import Encoder
from segsmith.networks.interface import Features, Tap
from segsmith.ops.blocks import Size, StartsItself, common_size, conv_bn_relu, resize


class Join(nn.Module):
    """One map of several: resized to the largest or to ``size``, concatenated, 1x1 conv-BN-ReLU."""

    def __init__(self, channels: Sequence[int], c_out: int, relu: bool) -> None:
        super().__init__()
        self.relu = relu
        self.reduce = conv_bn_relu(sum(channels), c_out)

    def forward(self, maps: Sequence[Tensor], size: Size | None = None) -> Tensor:
        size = size or common_size(maps, "larger")
        joined = torch.cat([resize(x, size) for x in maps], dim=1)
        return cast(Tensor, self.reduce(joined.relu() if self.relu else joined))


class Classifier(nn.Conv2d, StartsItself):
    """The convolution with bias that gives logits. It starts near zero: no class is preferred."""

    def __init__(self, channels: int, classes: int, kernel: int = 3) -> None:
        super().__init__(channels, classes, kernel, padding=kernel // 2)

    def start(self) -> None:
        nn.init.normal_(self.weight, std=0.01)
        nn.init.zeros_(cast(Tensor, self.bias))


class AuxiliaryHeads(nn.ModuleList):
    """Classifiers that only training uses; a checkpoint leaves them out."""

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        return [head(x) for head, x in zip(self, maps, strict=True)]


class EncoderDecoder(nn.Module):
    """A static network: an encoder, and what ``assemble`` makes of its features."""

    dec: Tap
    classifier: nn.Conv2d

    def __init__(self, encoder: Encoder, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.taps: Mapping[str, Tap] = encoder.taps
        self.in_channels = encoder.in_channels
        self.classes = classes
        self.heads = AuxiliaryHeads()

    def assemble(self, features: Features) -> tuple[Tensor, list[Tensor]]:
        """``dec``, and the maps that auxiliary heads read."""
        raise NotImplementedError

    def encode(self, frame: Tensor, upto: str | None = None) -> Features:
        return self.encoder(frame, upto)

    def decode(self, features: Features) -> tuple[Tensor, Tensor]:
        dec, _ = self.assemble(features)
        return dec, self.classifier(dec)

    def supervise(self, features: Features) -> tuple[Tensor, Tensor, list[Tensor]]:
        """``dec``, logits and auxiliary logits, in one pass."""
        dec, maps = self.assemble(features)
        return dec, self.classifier(dec), self.heads(maps) if self.heads else []

    def auxiliary(self, features: Features) -> list[Tensor]:
        return self.supervise(features)[2]


def touch(x: Tensor, unused: Iterable[nn.Module]) -> Tensor:
    """``x``, on which the unused modules' parameters now depend with weight zero.

    The published decoders count adapters that nothing reads. So every parameter gets a gradient (of zero), and
    distributed training needs no special care for them.
    """
    for module in unused:
        for parameter in module.parameters():
            x = x + 0.0 * parameter.sum()
    return x
