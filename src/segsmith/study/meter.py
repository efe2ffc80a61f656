"""What a candidate costs, counted without computing anything: parameters and FLOPs of the mix of frames."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from segsmith.errors import UserError
from segsmith.genotype import Genotype, prune
from segsmith.latency.table import Table
from segsmith.networks.build import build, build_static
from segsmith.networks.cost import describe
from segsmith.networks.dynamic import DynamicCell
from segsmith.networks.graph import setting
from segsmith.networks.interface import StaticNetwork
from segsmith.networks.sizes import tap_size
from segsmith.ops.blocks import Size
from segsmith.ops.flops import UNCOUNTED, extra_flops

SAME = frozenset((F.batch_norm, F.hardtanh, F.relu))
"""What gives back the shape that it was given, and counts for nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """``flops`` and ``latency_ms`` are means over frames; ``unknown`` says why there is no latency."""

    parameters: int
    flops: float
    key_flops: int
    step_flops: int | None
    latency_ms: float | None = None
    unknown: str = ""


class Meter(Protocol):
    def __call__(self, genotype: Genotype) -> Cost: ...


@dataclass
class FlopsMeter:
    """The costs of networks of one space, for frames of ``size`` with a key frame every ``key_every``."""

    size: Size
    classes: int
    key_every: int = 10
    _static: "tuple[Genotype, _Static] | None" = None

    def __call__(self, genotype: Genotype) -> Cost:
        if genotype.static is None:
            with torch.device("meta"), torch.no_grad():
                network = build(genotype, self.classes).eval()
                frame = torch.empty(1, network.in_channels, *self.size)
                flops = count(network, lambda: network.key(frame))
            return Cost(_parameters(network), flops, flops, None)
        static = self._below(genotype.static)
        coarser = round(1 / float(setting(genotype, "step_scale")))
        cell, flops = self._cell(genotype, static.network, coarser)
        deepest = [name for name in static.network.taps if name in {*cell.current, *cell.previous}][-1:]
        step = flops + sum(static.encode(name, self.size, coarser) for name in deepest)
        mix = (static.flops + (self.key_every - 1) * step) / self.key_every
        return Cost(static.parameters + _parameters(cell), mix, static.flops, step)

    def _below(self, genotype: Genotype) -> "_Static":
        """The network that cells stand on: the same for all of a space."""
        if self._static is None or self._static[0] != genotype:
            self._static = genotype, _Static.of(prune(genotype), self.size, self.classes)
        return self._static[1]

    def _cell(self, genotype: Genotype, static: StaticNetwork, coarser: int) -> tuple[DynamicCell, int]:
        with torch.device("meta"), torch.no_grad():
            cell = DynamicCell(prune(genotype), static.taps, static.dec, static.classifier).eval()
            small = -(-self.size[0] // coarser), -(-self.size[1] // coarser)
            taps = {n: torch.empty(1, t.channels, *tap_size(small, t)) for n, t in static.taps.items()}
            dec = torch.empty(1, static.dec.channels, *tap_size(self.size, static.dec))
            return cell, count(cell, lambda: cell(taps, taps | {"dec": dec}))


@dataclass(frozen=True)
class TableMeter:
    """The same with latencies, as a table predicts them on its target."""

    flops: FlopsMeter
    table: Table

    def __call__(self, genotype: Genotype) -> Cost:
        cost = self.flops(genotype)
        try:
            return replace(cost, latency_ms=self.table.predict(genotype).mix(self.flops.key_every))
        except UserError as missing:
            return replace(cost, unknown=str(missing))


@dataclass
class _Static:
    network: StaticNetwork
    parameters: int
    flops: int
    depths: dict[tuple[str, int], int] = field(default_factory=dict)

    @classmethod
    def of(cls, genotype: Genotype, size: Size, classes: int) -> "_Static":
        with torch.device("meta"):
            network = build_static(genotype, classes)
        cast(nn.Module, network).eval()
        found = describe(genotype, size, classes)
        return cls(network, found.parameters, found.key_flops)

    def encode(self, tap: str, size: Size, coarser: int) -> int:
        """FLOPs of the encoder as deep as this tap."""
        if (tap, coarser) not in self.depths:
            with torch.device("meta"), torch.no_grad():
                frame = torch.empty(1, self.network.in_channels, *(-(-side // coarser) for side in size))
                module = cast(nn.Module, self.network)
                self.depths[tap, coarser] = count(module, lambda: self.network.encode(frame, tap))
        return self.depths[tap, coarser]


def count(module: nn.Module, run: Callable[[], object]) -> int:
    """FLOPs of what is run, as cost reports count them."""
    extra = 0

    def add(part: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal extra
        extra += extra_flops(part, inputs, output)

    handles = [part.register_forward_hook(add) for part in module.modules() if type(part) in UNCOUNTED]
    with FlopCounterMode(display=False) as counter, _Shapes():
        run()
    for handle in handles:
        handle.remove()
    return int(counter.get_total_flops()) + extra


class _Shapes(TorchFunctionMode):
    """Resizing, sampling, norms and activations without data: only the shape of what they give is of interest, and on
    the meta device torch spells each of them out in dozens of steps."""

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        if func is F.interpolate and options.get("size") is not None:
            return args[0].new_empty(*args[0].shape[:2], *options["size"])
        if func is F.grid_sample:
            return args[0].new_empty(*args[0].shape[:2], *args[1].shape[1:3])
        return args[0] if func in SAME else func(*args, **options)


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
