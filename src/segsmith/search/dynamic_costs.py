"""What a frame costs with a dynamic cell, as a smooth function of how the cell's choices are shared out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from segsmith.search.architecture import Shares, blocks_of, one_hot, places_of
from segsmith.spaces import DynamicSpace
from segsmith.spaces.base import Picks
from segsmith.spaces.rows import row_name

SIDES = (1, 2)


@dataclass(frozen=True)
class DynamicCosts:
    """By the stride of the map: ``operations`` and ``aggregations`` in the order of the space's options. ``inputs``:
    what reading each costs; ``depths``: what the encoder costs down to each tap, the finest first; ``output``: what
    each output of the cell costs. Amounts are means over frames, of one ``unit``."""

    strides: Mapping[str, int]
    operations: Mapping[int, tuple[float, ...]]
    aggregations: Mapping[int, tuple[float, ...]]
    inputs: Mapping[str, float]
    depths: Mapping[str, float]
    unit: str
    fixed: float = 0.0
    output: float = 0.0


class DynamicCostModel:
    """Of one-hot shares the cost of that cell. Of probabilities the mean over cells, but that rows that read the same
    row are taken to be of independent sizes."""

    def __init__(self, space: DynamicSpace, costs: DynamicCosts) -> None:
        self.space, self.costs = space, costs
        self.blocks = blocks_of(space)
        self.places = places_of(self.blocks)
        self.strides = sorted(costs.operations)

    def price(self, picks: Picks) -> float:
        """Of one network."""
        return float(self(one_hot(self.blocks, picks)))

    def __call__(self, shares: Shares) -> Tensor:
        rows = range(self.space.rows)
        reads = [[self._share(f"{row_name(row)}.loc{side}", shares) for side in SIDES] for row in rows]
        sizes = [self._known(self.costs.strides[name]) for name in self.space.inputs]
        total = torch.full((), self.costs.fixed, dtype=torch.float64)
        for row, pair in zip(rows, reads, strict=True):
            total = total + self._row(row, pair, sizes, shares)
        sides = [read for pair in reads for read in pair]
        return total + self._inputs(sides) + self._depth(sides) + self._outputs(reads)

    def _row(self, row: int, pair: Sequence[Tensor], sizes: list[Tensor], shares: Shares) -> Tensor:
        """Of its operations and its aggregation; its own size joins the others."""
        at = [read @ torch.stack(sizes) for read in pair]
        finest = 1 - (1 - at[0].cumsum(0)) * (1 - at[1].cumsum(0))
        sizes.append(torch.diff(finest, prepend=finest.new_zeros(1)))
        chosen = [self._share(f"{row_name(row)}.op{side}", shares) for side in SIDES]
        table = self._table(self.costs.operations)
        total = at[0] @ table @ chosen[0] + at[1] @ table @ chosen[1]
        return total + sizes[-1] @ self._table(self.costs.aggregations) @ self._share(f"{row_name(row)}.agg", shares)

    def _inputs(self, sides: Sequence[Tensor]) -> Tensor:
        read = [1 - never(sides, [place]) for place in range(len(self.space.inputs))]
        return sum_of([self.costs.inputs[name] * share for name, share in zip(self.space.inputs, read, strict=True)])

    def _depth(self, sides: Sequence[Tensor]) -> Tensor:
        """Of the encoder, which runs as deep as the deepest tap that is read, of this frame or of the one before."""
        names = list(self.costs.depths)
        parts, before = [], never(sides, self._of(names))
        for place, name in enumerate(names):
            no_deeper = never(sides, self._of(names[place + 1 :]))
            parts.append(self.costs.depths[name] * (no_deeper - before))
            before = no_deeper
        return sum_of(parts)

    def _outputs(self, reads: Sequence[Sequence[Tensor]]) -> Tensor:
        inputs = len(self.space.inputs)
        later = [[read for pair in reads[row + 1 :] for read in pair] for row in range(len(reads))]
        return sum_of([self.costs.output * never(sides, [inputs + row]) for row, sides in enumerate(later)])

    def _of(self, taps: Sequence[str]) -> list[int]:
        return [place for place, name in enumerate(self.space.inputs) if name.removeprefix("prev:") in taps]

    def _known(self, stride: int) -> Tensor:
        return torch.tensor([float(stride == one) for one in self.strides], dtype=torch.float64)

    def _table(self, by_stride: Mapping[int, tuple[float, ...]]) -> Tensor:
        return torch.tensor([by_stride[stride] for stride in self.strides], dtype=torch.float64)

    def _share(self, decision: str, shares: Shares) -> Tensor:
        block, row = self.places[decision]
        return shares[block][row].double().cpu()


def never(sides: Sequence[Tensor], places: Sequence[int]) -> Tensor:
    """How probable it is that none of the sides reads any of these places."""
    shares = [1 - read[list(places)].sum() for read in sides if places]
    return torch.stack(shares).prod() if shares else torch.ones((), dtype=torch.float64)


def sum_of(parts: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(parts)).sum() if parts else torch.zeros((), dtype=torch.float64)
