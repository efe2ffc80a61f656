"""The dynamic space as one cell: the operations and aggregations of every row are mixed by shares.

Where a row reads is drawn, not mixed, also where everything else is: maps of several sizes have no mean, and so a row
works at the size at which the derived cell's does. The gradient of what is drawn is that of its share.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from segsmith import ops
from segsmith.errors import UserError
from segsmith.networks.dynamic import PREVIOUS, DynamicCell
from segsmith.networks.graph import module_name
from segsmith.networks.interface import Features, State, Tap
from segsmith.ops.blocks import conv_bn_relu, initialise, resize, size_of
from segsmith.search.architecture import Shares, blocks_of, places_of
from segsmith.search.gumbel import straight_through
from segsmith.search.supernet_parts import Mixed
from segsmith.spaces import DynamicSpace
from segsmith.spaces.base import Picks
from segsmith.spaces.rows import row_name

SIDES = (1, 2)


class DynamicSupernet(nn.Module):
    """As ``DynamicCell``, with ``current`` and ``previous`` all taps that a cell of the space may read.

    ``one_path``: shares are one-hot, and only what is taken runs.
    """

    def __init__(
        self, space: DynamicSpace, taps: Mapping[str, Tap], dec: Tap, classifier: nn.Module, *, one_path: bool = False
    ) -> None:
        super().__init__()
        if len(space.step_scales) > 1:
            raise UserError("a gradient search works at one step scale", fix="name one, such as step_scales=1.0")
        self.space, self.one_path = space, one_path
        self.places = places_of(blocks_of(space))
        self.current = tuple(name for name in taps if name in space.inputs)
        self.previous = tuple(name for name in taps if PREVIOUS + name in space.inputs)
        known = dict(taps) | {PREVIOUS + name: tap for name, tap in taps.items()} | {PREVIOUS + "dec": dec}
        wide = space.channels
        self.adapters = nn.ModuleList(conv_bn_relu(known[name].channels, wide) for name in space.inputs)
        self.sides = nn.ModuleList(Mixed(space.operations, wide) for _ in range(space.rows) for _ in SIDES)
        self.joins = nn.ModuleList(MixedJoin(space.aggregations, wide) for _ in range(space.rows))
        self.reduce = conv_bn_relu(space.rows * wide, dec.channels)
        for part in (self.adapters, self.sides, self.joins, self.reduce):
            initialise(part)
        self.classifier = copy.deepcopy(classifier)

    def forward(self, features: Features, state: State, shares: Shares) -> tuple[Tensor, Tensor]:
        values = features | {PREVIOUS + name: x for name, x in state.items()}
        reads = self.reads(shares)
        taken = [place for read in reads for place in read.argmax(-1).tolist()]
        pool: list[Tensor | None] = [
            adapter(values[name]) if place in taken else None
            for place, (name, adapter) in enumerate(zip(self.space.inputs, self.adapters, strict=True))
        ]
        rows: list[Tensor] = []
        for row in range(self.space.rows):
            sides = [self._side(row, side, pool, reads[row][side - 1], shares) for side in SIDES]
            chosen = self._share(f"{row_name(row)}.agg", shares)
            rows.append(self.joins[row](*sides, chosen, self._live(chosen)))
            pool.append(rows[-1])
        return self._finish(rows, unread(reads, len(self.space.inputs)), state["dec"])

    def reads(self, shares: Shares) -> list[Tensor]:
        """For each row what its two sides read, one-hot over the pool as it is then."""
        pairs = [
            [self._share(f"{row_name(row)}.loc{side}", shares) for side in SIDES] for row in range(self.space.rows)
        ]
        return [straight_through(torch.stack(pair)) for pair in pairs]

    def _side(self, row: int, side: int, pool: Sequence[Tensor | None], read: Tensor, shares: Shares) -> Tensor:
        place = int(read.argmax())
        chosen = self._share(f"{row_name(row)}.op{side}", shares)
        mixed = self.sides[2 * row + side - 1](cast(Tensor, pool[place]), chosen, self._live(chosen))
        taken: Tensor = read[place] * mixed
        return taken

    def _finish(self, rows: Sequence[Tensor], open_ends: Sequence[Tensor], before: Tensor) -> tuple[Tensor, Tensor]:
        size = size_of(before)
        dec: Tensor = self.reduce(
            torch.cat([share * resize(x, size) for share, x in zip(open_ends, rows, strict=True)], 1)
        )
        return dec, self.classifier(dec)

    def _share(self, decision: str, shares: Shares) -> Tensor:
        block, row = self.places[decision]
        return shares[block][row]

    def _live(self, shares: Tensor) -> list[bool]:
        if not self.one_path:
            return [True] * len(shares)
        taken = int(shares.argmax())
        return [place == taken for place in range(len(shares))]


class MixedJoin(nn.Module):
    """The aggregations that a row may have."""

    def __init__(self, names: Sequence[str], channels: int) -> None:
        super().__init__()
        self.choices = nn.ModuleDict({name: ops.aggregate(name, [channels] * 2, channels) for name in names})

    def forward(self, first: Tensor, second: Tensor, shares: Tensor, live: Sequence[bool]) -> Tensor:
        taken = [(share, join) for share, join, lives in zip(shares, self.choices.values(), live, strict=True) if lives]
        maps: list[Tensor] = [share * join(first, second) for share, join in taken]
        return torch.stack(maps).sum(0) if len(maps) > 1 else maps[0]


def unread(reads: Sequence[Tensor], inputs: int) -> list[Tensor]:
    """For each row whether no later one reads it: then it is an output of the cell."""
    found = []
    for row in range(len(reads)):
        place = inputs + row
        later = [1 - read[:, place] for read in reads[row + 1 :]]
        found.append(torch.cat(later).prod() if later else reads[row].new_ones(()))
    return found


@torch.no_grad()
def inherit_cell(cell: DynamicCell, supernet: DynamicSupernet, picks: Picks) -> None:
    """The weights of the cell that the supernet's space makes of ``picks``."""
    space = supernet.space
    for name, adapter in zip(space.inputs, supernet.adapters, strict=True):
        if module_name(name) in cell.adapters:
            cell.adapters[module_name(name)].load_state_dict(adapter.state_dict())
    read = {str(picks[f"{row_name(row)}.loc{side}"]) for row in range(space.rows) for side in SIDES}
    for row in range(space.rows):
        name = row_name(row)
        for side, letter in zip(SIDES, "ab", strict=True):
            mixed = cast(Mixed, supernet.sides[2 * row + side - 1])
            op = mixed.choices[str(picks[f"{name}.op{side}"])]
            cell.net.nodes[module_name(f"{name}.{letter}")].load_state_dict(op.state_dict())
        joined = cast(MixedJoin, supernet.joins[row]).choices[str(picks[f"{name}.agg"])]
        cell.net.nodes[module_name(name)].load_state_dict(joined.state_dict())
    state = supernet.reduce.state_dict()
    parts = state["0.weight"].split(space.channels, dim=1)
    kept = [part for row, part in enumerate(parts) if row_name(row) not in read]
    cell.join.reduce.load_state_dict(state | {"0.weight": torch.cat(kept, dim=1)})
    cell.classifier.load_state_dict(supernet.classifier.state_dict())
