"""The video network: a static network on key frames, and between them a cell that reads what the last frame left."""

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.genotype.core import Genotype
from segsmith.networks.graph import GraphNet, module_name, reads, setting, uniform
from segsmith.networks.handing import hand_on
from segsmith.networks.image import supervise
from segsmith.networks.interface import Features, State, StaticNetwork, Tap
from segsmith.networks.meta import Meta
from segsmith.networks.parts import Join
from segsmith.networks.sizes import check_frame, halve, tap_size
from segsmith.networks.tensors import load_weights, weights_of
from segsmith.ops.blocks import BatchNorm, Size, conv_bn_relu, initialise, size_of

PREVIOUS = "prev:"


class DynamicCell(nn.Module):
    """From the taps that it reads of this frame and the last one to ``dec`` and logits.

    ``current`` and ``previous`` are the taps read; ``taps`` says what those of the static network look like.
    """

    def __init__(self, genotype: Genotype, taps: Mapping[str, Tap], dec: Tap, classifier: nn.Module) -> None:
        super().__init__()
        channels = int(setting(genotype, "channels"))
        coarser = round(1 / float(setting(genotype, "step_scale")))
        read = [name for name in genotype.net.inputs if name in reads(genotype.net)]
        self.current = tuple(name for name in taps if name in read)
        self.previous = tuple(name for name in taps if PREVIOUS + name in read)
        seen = {name: Tap(tap.channels, tap.stride * coarser) for name, tap in taps.items()}
        known = seen | {PREVIOUS + name: tap for name, tap in seen.items()} | {PREVIOUS + "dec": dec}
        check_reads(read, list(known))
        self.adapters = nn.ModuleDict({module_name(n): conv_bn_relu(known[n].channels, channels) for n in read})
        self.net = GraphNet(genotype.net, {n: Tap(channels, known[n].stride) for n in read}, uniform(channels, {}))
        self.join = Join([tap.channels for tap in self.net.taps], dec.channels, relu=False)
        for part in (self.adapters, self.net, self.join):
            initialise(part)
        self.classifier = copy.deepcopy(classifier)

    def begin_as_copy(self, norm: BatchNorm | None) -> None:
        """``norm`` is ``last_norm`` of the static network. Many cells have no way to hand ``dec`` on unchanged."""
        name = PREVIOUS + "dec"
        if norm is not None and name in self.net.inputs:
            hand_on(cast(nn.Sequential, self.adapters[module_name(name)]), self.net, self.join.reduce, name, norm)

    def forward(self, features: Features, state: State) -> tuple[Tensor, Tensor]:
        values = {name: features[name] for name in self.current}
        values |= {PREVIOUS + name: value for name, value in state.items()}
        adapted = {name: self.adapters[module_name(name)](values[name]) for name in self.net.inputs}
        dec = self.join(self.net.results(adapted), state["dec"].shape[-2:])
        return dec, self.classifier(dec)


class DynamicNetwork(nn.Module):
    """``key`` starts a stream, ``step`` goes on with it. Every row of a batch may be a stream of its own.

    The state holds ``dec`` and, as they look on a step, the taps that the cell reads of the previous frame. On a
    step the encoder runs no deeper than what the cell reads and the next state holds.
    """

    def __init__(self, genotype: Genotype, static: StaticNetwork) -> None:
        super().__init__()
        self.static = static
        self.cell = DynamicCell(genotype, static.taps, static.dec, static.classifier)
        self.halves = setting(genotype, "step_scale") == 0.5
        self.classes = static.classes
        self.meta: Meta | None = None
        self.in_channels = static.in_channels
        needed = set(self.cell.current + self.cell.previous)
        self.deepest = next((name for name in reversed(list(static.taps)) if name in needed), None)

    def start_from(self, static: nn.Module) -> None:
        """Take over a trained static network, and its classifier as the start of the cell's own. Where the cell can, it
        begins as one that copies."""
        load_weights(cast(nn.Module, self.static), weights_of(static))
        self.cell.classifier.load_state_dict(self.static.classifier.state_dict())
        self.cell.begin_as_copy(last_norm(self.static))

    def key(self, frame: Tensor) -> tuple[Tensor, State]:
        check_frame(frame, self.in_channels)
        features = self.static.encode(frame)
        dec, logits = self.static.decode(features)
        return logits, self.remember(dec, features)

    def training_key(self, frame: Tensor) -> tuple[Tensor, State, list[Tensor]]:
        """As ``key``, and the logits of the auxiliary heads."""
        check_frame(frame, self.in_channels)
        features = self.static.encode(frame)
        dec, logits, auxiliary = supervise(self.static, features)
        return logits, self.remember(dec, features), auxiliary

    def remember(self, dec: Tensor, features: Features) -> State:
        """The state behind a key frame. A tap of the whole frame shrinks to what a step at half size would see."""
        taps = {name: features[name] for name in self.cell.previous}
        return {"dec": dec} | ({name: halve(x) for name, x in taps.items()} if self.halves else taps)

    def step(self, frame: Tensor, state: State) -> tuple[Tensor, State]:
        check_frame(frame, self.in_channels)
        if not torch.compiler.is_compiling():
            self.check(frame, state)
        return self.advance(self.look(frame), state)

    def look(self, frame: Tensor) -> Features:
        """What a step wants to know of a frame: the taps that the cell reads, now or one frame later."""
        if self.deepest is None:
            return {}
        features = self.static.encode(halve(frame) if self.halves else frame, self.deepest)
        return {name: features[name] for name in features if name in self.cell.current + self.cell.previous}

    def advance(self, features: Features, state: State) -> tuple[Tensor, State]:
        """A step from what ``look`` gave."""
        dec, logits = self.cell(features, state)
        return logits, {"dec": dec} | {name: features[name] for name in self.cell.previous}

    def clip(self, frames: Tensor) -> Tensor:
        """All frames behind the first go through the encoder as one batch."""
        check_frame(frames, self.in_channels, dims=5)
        streams, length = frames.shape[:2]
        first, state = self.key(frames[:, 0])
        logits = [first]
        if length > 1:
            seen = self.look(frames[:, 1:].flatten(0, 1))
            seen = {name: x.reshape(streams, length - 1, *x.shape[1:]) for name, x in seen.items()}
            for t in range(length - 1):
                now, state = self.advance({name: x[:, t] for name, x in seen.items()}, state)
                logits.append(now)
        return torch.stack(logits, dim=1)

    def forward(self, frames: Tensor) -> Tensor:
        return self.clip(frames)

    def check(self, frame: Tensor, state: State) -> None:
        """Refuse a state that is not of these streams at this size."""
        expected = {"dec", *self.cell.previous}
        if set(state) != expected:
            raise ValueError(f"a state holds {sorted(expected)}, not {sorted(state)}: start with key(frame)")
        size, expected_size = size_of(state["dec"]), tap_size(size_of(frame), self.static.dec)
        if size != expected_size:
            raise ValueError(
                f"the state is of another size: dec is {shown(size)}, and frames of {shown(size_of(frame))} "
                f"have {shown(expected_size)}: start anew with key(frame)"
            )
        if len(state["dec"]) != len(frame):
            raise ValueError(f"{len(frame)} frames for the state of {len(state['dec'])} streams")


def last_norm(static: StaticNetwork) -> BatchNorm | None:
    """The batch norm that ``dec`` comes out of, where the network ends in a join."""
    join = getattr(static, "join", None)
    return cast(BatchNorm, join.reduce[1]) if isinstance(join, Join) else None


def check_reads(read: Sequence[str], known: Sequence[str]) -> None:
    for name in read:
        if name not in known:
            has = f"it has {', '.join(known)}"
            raise UserError(f"the cell reads {name!r}, which its static network does not have", fix=has)


def shown(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
