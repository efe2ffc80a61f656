"""The weights of a derived network, taken out of its supernet: both must be of one width.

One thing cannot be handed on: a pyramid pooling (``ppm``) on a cell of which one node is made of nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, cast

import torch
from torch import nn

from segsmith.genotype.names import letter
from segsmith.networks.graph import module_name
from segsmith.networks.lgc import LgcCell, LgcNetwork
from segsmith.search.supernet import STEM, LgcSupernet
from segsmith.search.supernet_parts import Mixed, MixedCell, MixedFusion
from segsmith.spaces.base import Picks
from segsmith.spaces.fusion import Route
from segsmith.spaces.lgc import FUSION, INPUTS, ROUTES, keep_alive

Living: TypeAlias = tuple[bool, bool]


@torch.no_grad()
def inherit(network: LgcNetwork, supernet: LgcSupernet, picks: Picks) -> None:
    """``network`` is built of the genotype that the supernet's space makes of ``picks``."""
    space = supernet.space
    chosen: dict[str, dict[Route, str]] = {}
    for edge in space.edges:
        chosen.setdefault(edge.cell, {})[edge.route] = str(picks[edge.name])
    kept = {cell: keep_alive(ops) for cell, ops in chosen.items() if cell != FUSION}
    copy(supernet.stem, network.get_submodule("encoder.stem"))
    cells = network.get_submodule("encoder.net.nodes")
    ops_of = {node.name: kept[node.op] for node in supernet.nodes}
    for node in supernet.nodes:
        made = cast(LgcCell, cells.get_submodule(node.name))
        mixed = cast(MixedCell, supernet.cells[node.name])
        _cell(made, mixed, ops_of[node.name])
        for name, adapter, source in zip(INPUTS, mixed.adapters, node.inputs, strict=True):
            if name in made.adapters:
                copy(adapter, made.adapters[name], None if source == STEM else living(ops_of[source]))
    read = [living(ops_of[name]) for name in supernet.read]
    if isinstance(supernet.fusion, MixedFusion):
        _fusion(network.fusion, supernet.fusion, chosen[FUSION], read)
    else:
        copy(supernet.fusion, network.fusion, read[0])
    copy(supernet.smooth, network.smooth, read[0])
    copy(supernet.classifier, network.classifier)


def _cell(made: LgcCell, mixed: MixedCell, ops: Mapping[Route, str]) -> None:
    edges = dict(zip(ROUTES, mixed.edges, strict=True))
    for name, route in named({route: op for route, op in ops.items() if op != "none"}):
        copy(cast(Mixed, edges[route]).choices[ops[route]], made.net.nodes[module_name(name)])


def _fusion(made: nn.Module, mixed: MixedFusion, ops: Mapping[Route, str], read: Sequence[Living]) -> None:
    for branch, (adapter, alive) in enumerate(zip(mixed.adapters, read, strict=True)):
        copy(adapter, made.get_submodule(f"adapters.in{branch}"), alive)
    for target, join in zip(mixed.targets, mixed.joins, strict=True):
        copy(join, made.get_submodule(f"cell.nodes.{target}"))
    edges = dict(zip(mixed.routes, mixed.edges, strict=True))
    for name, route in named(ops):
        source = cast(Mixed, edges[route]).choices[ops[route]]
        steps = [source] if route.levels < 2 else list(source.children())
        for back, step in enumerate(reversed(steps)):  # the last step has the edge's name, those before it one more .a
            copy(step, made.get_submodule(f"cell.nodes.{module_name(name + '.a' * back)}"))


def named(ops: Mapping[Route, str]) -> Iterator[tuple[str, Route]]:
    """The nodes that the space makes of edges, by name."""
    for target in dict.fromkeys(route.target for route in ops):
        for place, route in enumerate(route for route in ops if route.target == target):
            yield f"{target}.{letter(place)}", route


def living(ops: Mapping[Route, str]) -> Living:
    """Whether each node of a cell is made of anything: dead ones are no channels of its output."""
    first, second = (any(op != "none" for route, op in ops.items() if route.target == node) for node in ("x1", "x2"))
    return first, second


def copy(source: nn.Module, target: nn.Module, alive: Living | None = None) -> None:
    """Convolutions of the target that have fewer inputs read the living halves alone."""
    wanted = target.state_dict()
    state = source.state_dict()
    for name, value in state.items():
        if alive is not None and value.shape != wanted[name].shape:
            halves = value.chunk(2, dim=1)
            state[name] = torch.cat([half for half, lives in zip(halves, alive, strict=True) if lives], dim=1)
    target.load_state_dict(state)
