"""What a supernet is made of: edges that mix operations, cells, and the fusion."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from segsmith import ops
from segsmith.networks.interface import Tap
from segsmith.ops.blocks import BatchNorm, conv_bn_relu
from segsmith.spaces.fusion import Route
from segsmith.spaces.lgc import ROUTES

STEM_STRIDE = 4


class Mixed(nn.Module):
    """The operations that an edge may have, mixed by shares. An operation without a share is not computed."""

    def __init__(self, names: Sequence[str], channels: int, stride: int = 1, levels: int = 0) -> None:
        super().__init__()
        self.names = tuple(names)
        self.choices = nn.ModuleDict({name: chain(name, channels, stride, levels) for name in names if name != "none"})

    def forward(self, x: Tensor, shares: Tensor, live: Sequence[bool]) -> Tensor | None:
        """None where nothing is taken."""
        taken = [place for place, name in enumerate(self.names) if live[place] and name != "none"]
        if not taken:
            return None
        maps = [self.choices[self.names[place]](x) for place in taken]
        if len(maps) == 1:
            alone: Tensor = shares[taken[0]] * maps[0]
            return alone
        mixed: Tensor = torch.tensordot(shares[taken], torch.stack(maps), 1)
        return mixed


def chain(name: str, channels: int, stride: int, levels: int) -> nn.Module:
    """The operation; one that goes several levels up does so step by step."""
    steps = [ops.build(name, channels, channels, stride) for _ in range(max(1, levels))]
    return steps[0] if len(steps) == 1 else nn.Sequential(*steps)


class MixedCell(nn.Module):
    """As ``LgcCell``, every edge a mixture, both nodes always there: a node that is made of nothing is zero."""

    def __init__(self, names: Sequence[str], inputs: Sequence[Tap], stride: int, width: int) -> None:
        super().__init__()
        before = max(tap.stride for tap in inputs)
        channels = width * before * stride // STEM_STRIDE
        self.adapters = nn.ModuleList(
            conv_bn_relu(tap.channels, channels, stride=before // tap.stride) for tap in inputs
        )
        strides = [1 if route.source == "x1" else stride for route in ROUTES]
        self.edges = nn.ModuleList(Mixed(names, channels, each) for each in strides)
        self.channels, self.stride = channels, stride
        self.tap = Tap(2 * channels, before * stride)

    def forward(self, older: Tensor, newer: Tensor, shares: Tensor, live: Sequence[Sequence[bool]]) -> Tensor:
        known = {
            name: adapter(x) for name, adapter, x in zip(("older", "newer"), self.adapters, (older, newer), strict=True)
        }
        for node in ("x1", "x2"):
            parts = [
                self.edges[place](known[route.source], shares[place], live[place])
                for place, route in enumerate(ROUTES)
                if route.target == node
            ]
            known[node] = added([part for part in parts if part is not None], self._nothing(known["newer"]))
        return torch.cat([known["x1"], known["x2"]], dim=1)

    def _nothing(self, like: Tensor) -> Tensor:
        height, width = (-(-side // self.stride) for side in like.shape[-2:])
        return like.new_zeros(()).expand(len(like), self.channels, height, width)


class MixedFusion(nn.Module):
    """As ``SearchedFusion``, every edge a mixture. ``places`` says in which block and row an edge has its shares."""

    def __init__(
        self, routes: Sequence[Route], options: Sequence[Sequence[str]], inputs: Sequence[Tap], branch: int
    ) -> None:
        super().__init__()
        self.routes = tuple(routes)
        self.edges = nn.ModuleList(
            Mixed(names, branch, levels=route.levels) for route, names in zip(routes, options, strict=True)
        )
        self.adapters = nn.ModuleList(conv_bn_relu(tap.channels, branch) for tap in inputs)
        self.targets = tuple(dict.fromkeys(route.target for route in routes))
        into = [sum(route.target == target for route in routes) for target in self.targets]
        self.joins = nn.ModuleList(ops.aggregate("fuse", [branch] * count, branch, "smaller") for count in into)
        outputs = [target for target in self.targets if target.startswith("out")]
        self.add = ops.aggregate("sum", [branch] * len(outputs), branch)
        self.tap = Tap(branch, min(tap.stride for tap in inputs))

    def forward(self, inputs: Sequence[Tensor], shares: Sequence[Tensor], live: Sequence[Sequence[bool]]) -> Tensor:
        known = {f"in{b}": adapter(x) for b, (adapter, x) in enumerate(zip(self.adapters, inputs, strict=True))}
        for target, join in zip(self.targets, self.joins, strict=True):
            into = [place for place, route in enumerate(self.routes) if route.target == target]
            known[target] = join(
                *(self.edges[place](known[self.routes[place].source], shares[place], live[place]) for place in into)
            )
        outputs = [known[target] for target in self.targets if target.startswith("out")]
        fused: Tensor = self.add(*outputs)
        return fused


def added(parts: Sequence[Tensor], nothing: Tensor) -> Tensor:
    total = parts[0] if parts else nothing
    for part in parts[1:]:
        total = total + part
    return total


def recomputed(module: nn.Module, *inputs: object) -> Tensor:
    """The module's output, which the backward pass computes again instead of having kept what is inside."""

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), norms_at_rest(module)

    output: Tensor = checkpoint(module, *inputs, use_reentrant=False, preserve_rng_state=False, context_fn=contexts)
    return output


@contextmanager
def norms_at_rest(module: nn.Module) -> Iterator[None]:
    """Running statistics have seen this batch already: a second look would count it twice."""
    norms = [part for part in module.modules() if isinstance(part, BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
