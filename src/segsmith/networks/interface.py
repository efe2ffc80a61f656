"""The two interfaces that everything hangs on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from torch import Tensor, nn

State: TypeAlias = dict[str, Tensor]
"""What a video network carries from frame to frame: plain tensors by name. Empty for an image network."""

Features: TypeAlias = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Tap:
    """A place where features can be read."""

    channels: int
    stride: int


class StaticNetwork(Protocol):
    """An image network that a dynamic cell can stand on. Frames are normalised floats, NxCxHxW."""

    taps: Mapping[str, Tap]
    dec: Tap
    classes: int
    in_channels: int

    def encode(self, frame: Tensor, upto: str | None = None) -> Features:
        """Features by tap, no deeper than ``upto``: layers behind it do not run."""
        ...

    def decode(self, features: Features) -> tuple[Tensor, Tensor]:
        """``dec`` (what the classifier reads) and logits at the same size."""
        ...

    def auxiliary(self, features: Features) -> list[Tensor]:
        """Logits of the auxiliary heads, for training alone; empty where there are none."""
        ...

    @property
    def classifier(self) -> nn.Module:
        """The last convolution, from ``dec`` to logits."""
        ...


class Network(Protocol):
    """What a genotype is built into. Logits come at the network's own output size."""

    classes: int
    in_channels: int

    def key(self, frame: Tensor) -> tuple[Tensor, State]: ...

    def step(self, frame: Tensor, state: State) -> tuple[Tensor, State]: ...

    def clip(self, frames: Tensor) -> Tensor:
        """Logits for frames NxTxCxHxW as NxTxKxhxw: the first by ``key``, the others by ``step``."""
        ...
