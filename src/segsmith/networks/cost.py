"""What a network costs: parameters and FLOPs of every part, counted without computing anything.

A FLOP is a multiplication or an addition. Convolutions, matrix products, sampling and predicted filters count;
norms, activations, resizing and pooling do not.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.hooks import RemovableHandle

from segsmith.genotype.core import Genotype
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.decoder import DecoderNetwork
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.graph import GraphNet
from segsmith.networks.sizes import tap_size
from segsmith.ops.blocks import Size
from segsmith.ops.flops import UNCOUNTED, extra_flops

Result = TypeVar("Result")
MAIN, TOTAL = "network", "Global"


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a network; ``op`` is empty where the part is no node of the genotype."""

    name: str
    op: str
    parameters: int
    key_flops: int
    step_flops: int


@dataclass(frozen=True, slots=True)
class Description:
    """``step_flops`` is None for an image network."""

    parameters: int
    key_flops: int
    step_flops: int | None
    items: tuple[Item, ...]


def describe(genotype: Genotype, size: Size, classes: int, in_channels: int = 3) -> Description:
    """The cost of a genotype for one frame of a size.

    Adapters that a decoder has and does not read count, as in the published figures, though nothing runs them.
    """
    with torch.device("meta"), torch.no_grad():
        network = build(genotype, classes, in_channels).eval()
        _skip_norms(network)
        frame = torch.empty(1, in_channels, *size)
        key, (_, state) = _count(network, lambda: network.key(frame))
        unread = _unread(network, size)
        video = isinstance(network, DynamicNetwork)
        step, _ = _count(network, lambda: network.step(frame, state)) if video else (Counter[str](), None)
    key_of = key + unread
    items = [
        Item(_shown(path), op, sum(p.numel() for p in part.parameters()), key_of[path], step[path])
        for path, op, part in _parts(network, MAIN)
    ]
    return Description(
        sum(p.numel() for p in network.parameters()),
        key[TOTAL] + unread.total(),
        step[TOTAL] if video else None,
        tuple(item for item in items if item.parameters or item.key_flops or item.step_flops),
    )


def _skip_norms(network: nn.Module) -> None:
    """Norms cost nothing here and take the most time to trace. The network is a copy on the meta device that is only
    ever counted, so that its methods may be replaced."""
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.forward = _same  # type: ignore[assignment, method-assign]  # of a copy, made to be counted


def _same(x: Tensor) -> Tensor:
    return x


class _Root(nn.Module):
    """Gives the counter names for all parts, whatever is called."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, run: Callable[[], Result]) -> Result:
        return run()


def _count(network: nn.Module, run: Callable[[], Result]) -> tuple[Counter[str], Result]:
    """FLOPs by the path of a part, and in total; and what the run gave."""
    found = Counter[str]()

    def watch(path: str, module: nn.Module) -> RemovableHandle:
        def add(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            extra = extra_flops(module, inputs, output)
            names = path.split(".")
            found.update({".".join(names[: i + 1]): extra for i in range(len(names))} | {TOTAL: extra})

        return module.register_forward_hook(add)

    handles = [watch(path, part) for path, part in network.named_modules(prefix=MAIN) if type(part) in UNCOUNTED]
    with FlopCounterMode(display=False) as counter:
        result: Result = _Root(network)(run)
    for handle in handles:
        handle.remove()
    found.update({name.removeprefix("_Root."): sum(c.values()) for name, c in counter.get_flop_counts().items()})
    return found, result


def _unread(network: VideoNetwork, size: Size) -> Counter[str]:
    """What adapters that nothing reads would cost, by their path."""
    found, static = Counter[str](), network.static
    if isinstance(static, DecoderNetwork):
        for name in static.unread:
            tap, path = static.taps[name], f"{MAIN}.static.adapters.{name}"
            features = torch.empty(1, tap.channels, *tap_size(size, tap))
            found[path] = _count(network, partial(static.adapters[name], features))[0][path]
    return found


def _parts(module: nn.Module, path: str) -> Iterator[tuple[str, str, nn.Module]]:
    """The nodes of graphs, and whatever lies beside graphs."""
    if isinstance(module, GraphNet):
        for name, part in module.nodes.items():
            yield f"{path}.nodes.{name}", module.ops[name], part
    elif isinstance(module, nn.ModuleDict) or any(isinstance(part, GraphNet) for part in module.modules()):
        for name, part in module.named_children():
            yield from _parts(part, f"{path}.{name}")
    else:
        yield path, "", module


def _shown(path: str) -> str:
    return path.removeprefix(f"{MAIN}.").replace(".nodes.", ".").replace("/", ".")
