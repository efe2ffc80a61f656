"""What is exported: key and step of a network as functions of plain tensors, from bytes to classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.networks.build import VideoNetwork
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.interface import Features, Tap
from segsmith.networks.meta import Meta
from segsmith.ops.blocks import Size
from segsmith.runtimes.graphmap import class_map
from segsmith.runtimes.prepare import Prepare
from segsmith.runtimes.scene import scene

FRAME, CLASSES, LOGITS, CONFIDENCE, SCENE = "frame", "classes", "logits", "confidence", "scene"
STATE, NEXT = "state_", "next_"
KEY, STEP = "key", "step"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which outputs a graph has beside the class map and the state."""

    logits: bool = False
    confidence: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return CLASSES, *([LOGITS] if self.logits else []), *([CONFIDENCE] if self.confidence else [])


class PartGraph(nn.Module):
    """One part of a network, key or step. Frames are uint8 N x H x W x C.

    ``classes`` N x H x W has the frame's size. ``logits`` are at the network's stride. ``confidence`` N x H x W is the
    probability of the best class, taken at the network's stride and enlarged. A step that sees its frame tells the
    ``scene``: the deepest tap that it computes in any case, in a few areas. It costs too little to be an option.
    """

    def __init__(self, network: VideoNetwork, meta: Meta, part: str, wanted: Wanted) -> None:
        super().__init__()
        self.network, self.part, self.wanted = network, part, wanted
        self.prepare = Prepare(meta, halves=part == STEP and isinstance(network, DynamicNetwork) and network.halves)
        self.state = state_names(network)
        self.inputs = (FRAME, *((STATE + name for name in self.state) if part == STEP else ()))
        self.deepest = network.deepest if part == STEP and isinstance(network, DynamicNetwork) else None
        told = (SCENE,) if self.deepest else ()
        self.outputs = (*wanted.names, *told, *(NEXT + name for name in self.state))

    def forward(self, frame: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        seen = self.look(frame)
        logits, after = self.advance(seen, frame, state)
        told = [scene(seen[self.deepest])] if self.deepest else []
        return *self.answers(logits.to(torch.float32), frame), *told, *(after[name] for name in self.state)

    def run(self, frame: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits at the network's stride, and the state behind the frame."""
        return self.advance(self.look(frame), frame, state)

    def look(self, frame: Tensor) -> Features:
        """What the part begins with: taps for a step, for a key frame the picture itself."""
        seen = self.prepare(frame).to(_kind(self.network))
        if self.part == KEY:
            return {FRAME: seen}
        assert isinstance(self.network, DynamicNetwork)
        return looked(self.network, seen)

    def advance(self, seen: Features, frame: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        if self.part == KEY:
            return self.network.key(seen[FRAME])
        assert isinstance(self.network, DynamicNetwork)
        self._expect(frame, state)
        return self.network.advance(seen, dict(zip(self.state, state, strict=True)))

    def answers(self, logits: Tensor, frame: Tensor) -> tuple[Tensor, ...]:
        height, width = frame.shape[1:3]
        made = {CLASSES: class_map(logits, height, width), LOGITS: logits}
        if self.wanted.confidence:
            sure = logits.softmax(dim=1).amax(dim=1, keepdim=True)
            made[CONFIDENCE] = F.interpolate(sure, (height, width), mode="bilinear", align_corners=False)[:, 0]
        return tuple(made[name] for name in self.wanted.names)

    def _expect(self, frame: Tensor, state: Sequence[Tensor]) -> None:
        """Tell the exporter how the sizes hang together: what it cannot prove equal, it would resize in vain."""
        for tensor, size in zip(state, self.state_sizes(*frame.shape[1:3]), strict=True):
            for side, expected in zip(tensor.shape[2:], size, strict=True):
                torch._check(side == expected)

    def state_sizes(self, height: int, width: int) -> list[Size]:
        assert isinstance(self.network, DynamicNetwork)
        seen, static = self.prepare.seen(height, width), self.network.static
        stepped = ((seen[0] + 1) // 2, (seen[1] + 1) // 2) if self.network.halves else seen
        return [_strided(seen, static.dec), *(_strided(stepped, static.taps[name]) for name in self.state[1:])]

    def examples(self, height: int, width: int, batch: int) -> tuple[Tensor, ...]:
        """Inputs of the right shapes."""
        frame = torch.zeros(batch, height, width, self.network.in_channels, dtype=torch.uint8)
        if self.part == KEY:
            return (frame,)
        channels = [self.network.static.dec.channels, *(self.network.static.taps[n].channels for n in self.state[1:])]
        sizes = self.state_sizes(height, width)
        kind = _kind(self.network)
        return frame, *(torch.zeros(batch, c, *s, dtype=kind) for c, s in zip(channels, sizes, strict=True))


def parts_of(network: VideoNetwork) -> tuple[str, ...]:
    """An image network has no step: every frame is a key frame."""
    return (KEY, STEP) if isinstance(network, DynamicNetwork) else (KEY,)


def state_names(network: VideoNetwork) -> tuple[str, ...]:
    return ("dec", *network.cell.previous) if isinstance(network, DynamicNetwork) else ()


def looked(network: DynamicNetwork, seen: Tensor) -> dict[str, Tensor]:
    """As the network's own ``look``, of a frame that is at the step's size already."""
    if network.deepest is None:
        return {}
    features = network.static.encode(seen, network.deepest)
    needed = network.cell.current + network.cell.previous
    return {name: value for name, value in features.items() if name in needed}


def _strided(size: Size, tap: Tap) -> Size:
    """As ``tap_size``, but spelled as convolutions spell it: an exporter sees that the two are one."""
    return (size[0] - 1) // tap.stride + 1, (size[1] - 1) // tap.stride + 1


def _kind(network: nn.Module) -> torch.dtype:
    return next(network.parameters()).dtype
