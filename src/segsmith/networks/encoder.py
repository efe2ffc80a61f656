"""MobileNet-v2 without its classifier, read at four depths."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor, nn

from segsmith.networks.interface import Features, Tap
from segsmith.ops.blocks import conv_bn_relu, initialise

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks, stride."""

TAPS = {"layer1": (2, Tap(24, 4)), "layer2": (3, Tap(32, 8)), "layer3": (5, Tap(96, 16)), "layer4": (7, Tap(320, 32))}
"""After how many stages each tap lies."""


class Encoder(Protocol):
    """What turns frames into features of several depths, from the finest tap to the coarsest."""

    taps: Mapping[str, Tap]
    in_channels: int

    def __call__(self, frame: Tensor, upto: str | None = None) -> Features:
        """Features by tap. What lies deeper than ``upto`` does not run."""
        ...


class MobileNetV2(nn.Module):
    """``deepest`` is the last tap that is built at all: template networks stand on the first three stages."""

    def __init__(self, in_channels: int = 3, deepest: str = "layer4") -> None:
        super().__init__()
        built = list(TAPS)[: list(TAPS).index(deepest) + 1]
        self.in_channels = in_channels
        self.taps: Mapping[str, Tap] = {name: TAPS[name][1] for name in built}
        self.stem = convolve(in_channels, 32, kernel=3, stride=2)
        self.stages = nn.ModuleList()
        channels = 32
        for expansion, width, blocks, stride in STAGES[: TAPS[deepest][0]]:
            widths = [channels, *[width] * blocks]
            strides = [stride] + [1] * (blocks - 1)
            pairs = zip(widths, widths[1:], strides, strict=False)
            self.stages.append(nn.Sequential(*(InvertedResidual(a, b, expansion, s) for a, b, s in pairs)))
            channels = width
        initialise(self)

    def forward(self, frame: Tensor, upto: str | None = None) -> Features:
        behind = {TAPS[name][0]: name for name in self.taps}
        features: Features = {}
        x = self.stem(frame)
        for number, stage in enumerate(self.stages, start=1):
            x = stage(x)
            if number in behind:
                features[behind[number]] = x
                if behind[number] == upto:
                    break
        return features

    def blocks(self) -> list["InvertedResidual"]:
        """All inverted residuals in order."""
        return [part for part in self.modules() if isinstance(part, InvertedResidual)]


class InvertedResidual(nn.Module):
    """Widen by a 1x1 convolution (also where it widens by one), filter each channel, narrow; added to the input
    where the two agree."""

    def __init__(self, c_in: int, c_out: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = c_in * expansion
        self.expand = convolve(c_in, wide)
        self.depthwise = convolve(wide, wide, kernel=3, stride=stride, groups=wide)
        self.project = conv_bn_relu(wide, c_out, relu=False)
        self.residual = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


def convolve(c_in: int, c_out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    block = conv_bn_relu(c_in, c_out, kernel, stride, groups=groups, relu=False)
    return block.append(nn.ReLU6(inplace=True))
