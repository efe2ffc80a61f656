"""What every choice of a space costs: counted in FLOPs, or asked of whoever predicts whole networks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch

from segsmith.genotype import Genotype
from segsmith.networks.graph import live
from segsmith.networks.interface import Tap
from segsmith.networks.sizes import tap_size
from segsmith.ops.blocks import Size, conv_bn_relu
from segsmith.search.lgc_costs import LgcCosts
from segsmith.search.supernet import STEM
from segsmith.search.supernet_parts import STEM_STRIDE, chain
from segsmith.spaces import LgcSpace, Option
from segsmith.spaces.base import Picks
from segsmith.spaces.fusion import BRANCHES
from segsmith.spaces.lgc import FUSION, Edge
from segsmith.study.meter import FlopsMeter, count

FLOPS = "MFLOPs"
Predict = Callable[[Genotype], float]


def flops_costs(space: LgcSpace, size: Size, classes: int) -> LgcCosts:
    """FLOPs of the operations at the shapes of the networks of this space."""
    counter = _Counter()
    edges = {edge.name: [0.0] * len(edge.options) for edge in space.edges}
    older = {edge.cell: 0.0 for edge in space.edges if edge.cell != FUSION}
    taps = {STEM: Tap(space.width, STEM_STRIDE)}
    by_cell: dict[str, list[Edge]] = {}
    for edge in space.edges:
        by_cell.setdefault(edge.cell, []).append(edge)
    for node in (node for node in live(space.net) if node.op != FUSION):
        first, second = (taps[name] for name in node.inputs)
        before = max(first.stride, second.stride)
        channels = space.width * before * node.stride // STEM_STRIDE
        taps[node.name] = Tap(2 * channels, before * node.stride)
        older[node.op] += counter.adapter(first, channels, before // first.stride, size)
        for edge in by_cell[node.op]:
            stride = 1 if edge.route.source == "x1" else node.stride
            tap = Tap(channels, before * (node.stride // stride))
            _add(edges[edge.name], (counter(op, tap, stride, 0, size) for op in edge.options))
    read = [taps[f"c{index}"] for index in space.aggregate[-BRANCHES.get(space.fusion, 1) :]]
    for edge in by_cell.get(FUSION, ()):
        tap = Tap(space.branch, read[int(edge.route.source[-1])].stride)
        _add(edges[edge.name], (counter(op, tap, 1, edge.route.levels, size) for op in edge.options))
    picks = loaded(space)
    costs = {name: tuple(amounts) for name, amounts in edges.items()}
    whole = FlopsMeter(size, classes)(space.build(picks)).flops / 1e6
    return LgcCosts(costs, FLOPS, whole - amount(space, costs, picks) - sum(older.values()), older)


def predicted_costs(space: LgcSpace, predict: Predict, unit: str = "ms") -> LgcCosts:
    """From predictions of whole networks that differ in a single choice: exact where a prediction is a sum of parts."""
    picks = loaded(space)
    whole = predict(space.build(picks))
    edges = {
        edge.name: tuple(predict(space.build(picks | {edge.name: op})) - whole for op in edge.options)
        for edge in space.edges
    }
    older: dict[str, float] = {}
    if "none" in space.operations:
        for cell in dict.fromkeys(edge.cell for edge in space.edges if edge.cell != FUSION):
            unread = {f"{cell}.older_x1": "none", f"{cell}.older_x2": "none"}
            alone = amount(space, edges, picks | unread)
            older[cell] = max(0.0, whole + alone - predict(space.build(picks | unread)))
    return LgcCosts(edges, unit, whole - sum(older.values()), older)


def loaded(space: LgcSpace) -> dict[str, Option]:
    """Choices of which every edge is there: the first option that is something."""
    return {edge.name: next(op for op in edge.options if op != "none") for edge in space.edges}


def amount(space: LgcSpace, edges: dict[str, tuple[float, ...]], picks: Picks) -> float:
    return sum(edges[edge.name][edge.options.index(str(picks[edge.name]))] for edge in space.edges)


def _add(totals: list[float], amounts: Iterator[float]) -> None:
    for place, value in enumerate(amounts):
        totals[place] += value


@dataclass
class _Counter:
    """Millions of FLOPs; the same operation at the same shape is counted once."""

    known: dict[tuple[object, ...], float] = field(default_factory=dict)

    def __call__(self, op: str, tap: Tap, stride: int, levels: int, size: Size) -> float:
        return self._count((op, tap, stride, levels, size), lambda: chain(op, tap.channels, stride, levels), tap, size)

    def adapter(self, tap: Tap, channels: int, stride: int, size: Size) -> float:
        key = tap, channels, stride, size
        return self._count(key, lambda: conv_bn_relu(tap.channels, channels, stride=stride), tap, size)

    def _count(self, key: tuple[object, ...], make: Callable[[], torch.nn.Module], tap: Tap, size: Size) -> float:
        if key not in self.known:
            with torch.device("meta"), torch.no_grad():
                module = make().eval()
                features = torch.empty(1, tap.channels, *tap_size(size, tap))
                self.known[key] = count(module, lambda: module(features)) / 1e6
        return self.known[key]
