"""What every choice of a dynamic cell costs, as a mean over frames: in FLOPs, or as predictions of whole cells say."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import cast

import torch
from torch import nn

from segsmith import ops
from segsmith.genotype import prune
from segsmith.networks.build import build_static
from segsmith.networks.dynamic import PREVIOUS
from segsmith.networks.interface import StaticNetwork, Tap
from segsmith.networks.sizes import tap_size
from segsmith.ops.blocks import Size, conv_bn_relu
from segsmith.search.dynamic_costs import DynamicCostModel, DynamicCosts
from segsmith.spaces import Decision, DynamicSpace, Option
from segsmith.study.gradient.costs import FLOPS, Predict
from segsmith.study.meter import FlopsMeter, count


def dynamic_flops(space: DynamicSpace, size: Size, classes: int, key_every: int) -> DynamicCosts:
    """Everything but the key frames' own cost counts for the other frames alone."""
    small = tap_size(size, Tap(1, _coarser(space)))
    share = (key_every - 1) / key_every / 1e6
    static, known = _below(space, classes)
    strides = {name: known[name].stride for name in space.inputs}
    with torch.device("meta"), torch.no_grad():
        wide, frame = space.channels, torch.empty(1, static.in_channels, *small)

        def cost(make: Callable[[], nn.Module], channels: int, stride: int, reads: int = 1) -> float:
            module = make().eval()
            maps = [torch.empty(1, channels, *tap_size(size, Tap(channels, stride)))] * reads
            return share * count(module, lambda: module(*maps))

        def depth(tap: str) -> float:
            return share * count(cast(nn.Module, static), lambda: static.encode(frame, tap))

        sizes = sorted(set(strides.values()))
        build = {op: partial(ops.build, op, wide, wide) for op in space.operations}
        join = {name: partial(ops.aggregate, name, [wide, wide], wide) for name in space.aggregations}
        adapt = {name: partial(conv_bn_relu, known[name].channels, wide) for name in space.inputs}
        costs = DynamicCosts(
            strides,
            {stride: tuple(cost(make, wide, stride) for make in build.values()) for stride in sizes},
            {stride: tuple(cost(make, wide, stride, 2) for make in join.values()) for stride in sizes},
            {name: cost(adapt[name], known[name].channels, stride) for name, stride in strides.items()},
            {name: depth(name) for name in static.taps if {name, PREVIOUS + name} & set(space.inputs)},
            FLOPS,
            output=cost(partial(conv_bn_relu, wide, static.dec.channels), wide, static.dec.stride),
        )
    return _fitted(space, costs, FlopsMeter(size, classes, key_every))


def predicted_dynamic(space: DynamicSpace, predict: Predict, unit: str = "ms") -> DynamicCosts:
    """From predictions of whole cells that differ in one choice. Where all rows read one input by one operation and
    one aggregation is where costs are counted from."""
    static, known = _below(space, 2)
    strides = {name: known[name].stride for name in space.inputs}
    first = min(space.inputs, key=lambda name: strides[name])
    start: dict[str, Option] = {decision.name: first for decision in space.decisions}
    start |= {d.name: _plainest(d) for d in space.decisions if d.kind in ("op", "agg")}

    def cost(**changes: Option) -> float:
        return predict(space.build(start | {f"n0.{name}": option for name, option in changes.items()}))

    taps = [name for name in static.taps if {name, PREVIOUS + name} & set(space.inputs)]
    deepest = next((name for name in space.inputs if name.removeprefix(PREVIOUS) in taps[-1:]), first)
    at = {stride: name for name, stride in strides.items()}
    whole, deep = cost(), cost(loc1=deepest)
    inputs = {name: max(0.0, cost(loc1=deepest, loc2=name) - deep) for name in space.inputs}
    alone = {name: cost(loc1=name) - whole - inputs[name] for name in space.inputs}
    depths = {tap: max(v for n, v in alone.items() if n.removeprefix(PREVIOUS) == tap) for tap in taps}
    operations, joins = {}, {}
    for stride in sorted(at):
        one, both = cost(loc1=at[stride]), cost(loc1=at[stride], loc2=at[stride])
        operations[stride] = tuple(cost(loc1=at[stride], op1=op) - one for op in space.operations)
        joins[stride] = tuple(cost(loc1=at[stride], loc2=at[stride], agg=name) - both for name in space.aggregations)
    costs = DynamicCosts(strides, operations, joins, inputs, depths, unit)
    return replace(costs, fixed=whole - DynamicCostModel(space, costs).price(start))


def _plainest(decision: Decision) -> Option:
    """What costs next to nothing, where there is such."""
    return next((option for option in ("skip", "wsum") if option in decision.options), decision.options[0])


def _coarser(space: DynamicSpace) -> int:
    return round(1 / space.step_scales[0])


def _below(space: DynamicSpace, classes: int) -> tuple[StaticNetwork, dict[str, Tap]]:
    """The network that cells stand on, without weights, and what a cell may read of it on a step."""
    with torch.device("meta"):
        static = build_static(prune(space.static), classes)
    cast(nn.Module, static).eval()
    known = {name: Tap(tap.channels, tap.stride * _coarser(space)) for name, tap in static.taps.items()}
    known |= {PREVIOUS + name: tap for name, tap in known.items()} | {PREVIOUS + "dec": static.dec}
    return static, known


def _fitted(space: DynamicSpace, costs: DynamicCosts, meter: FlopsMeter) -> DynamicCosts:
    """What no choice has a part in, as the rest of what a whole network costs."""
    picks = {decision.name: decision.options[0] for decision in space.decisions}
    rest = meter(space.build(picks)).flops / 1e6 - DynamicCostModel(space, costs).price(picks)
    return replace(costs, fixed=rest)
