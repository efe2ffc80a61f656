"""What an LGC network costs, as a smooth function of how its operations are shared out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor

from segsmith.search.architecture import Block, Shares
from segsmith.spaces.base import Picks
from segsmith.spaces.lgc import NEWER_X2, ROUTES, X1_X2, keep_alive

OLDER_X1, NEWER_X1, OLDER_X2 = 0, 1, 2
SECOND, INNER = ROUTES.index(NEWER_X2), ROUTES.index(X1_X2)


@dataclass(frozen=True)
class LgcCosts:
    """``edges``: the cost of every option of every decision, all places of a shared cell added up; ``older``: what it
    costs a cell to read its older input; ``fixed``: everything else. Amounts are of one ``unit``, such as ms."""

    edges: Mapping[str, tuple[float, ...]]
    unit: str
    fixed: float = 0.0
    older: Mapping[str, float] = field(default_factory=dict)


class LgcCostModel:
    """Equations 8 and 9, of shares as ``alive`` leaves them. Of probabilities it is the exact mean over networks."""

    def __init__(self, blocks: Sequence[Block], costs: LgcCosts) -> None:
        self.blocks, self.costs = tuple(blocks), costs
        self.table = {b.name: torch.tensor([costs.edges[d] for d in b.decisions], dtype=torch.float64) for b in blocks}
        self.older = {block.name: costs.older.get(cell_of(block), 0.0) for block in blocks}

        self._price = lru_cache(maxsize=None)(self._price_of)

    def price(self, picks: Picks) -> float:
        """Of one network, quickly."""
        parts = (self._price(block, tuple(str(picks[name]) for name in block.decisions)) for block in self.blocks)
        return self.costs.fixed + sum(parts)

    def _price_of(self, block: Block, ops: tuple[str, ...]) -> float:
        if is_cell(block):
            kept = keep_alive(dict(zip(ROUTES, ops, strict=True)))
            ops = tuple(kept[route] for route in ROUTES)
        pairs = zip(block.decisions, ops, strict=True)
        total = sum(self.costs.edges[name][block.column(op)] for name, op in pairs)
        unread = is_cell(block) and ops[OLDER_X1] == ops[OLDER_X2] == "none"
        return total + (0.0 if unread else self.older[block.name])

    def __call__(self, shares: Shares) -> Tensor:
        total = torch.full((), self.costs.fixed, dtype=torch.float64)
        for block in self.blocks:
            part = alive(shares[block.name], block) if is_cell(block) else shares[block.name]
            part = part.double().cpu()
            total = total + (part * self.table[block.name]).sum()
            if self.older[block.name] and "none" in block.options:
                none = part[:, block.column("none")]
                total = total + self.older[block.name] * (1 - none[OLDER_X1] * none[OLDER_X2])
        return total


def alive(shares: Tensor, block: Block) -> Tensor:
    """The shares of a cell's operations after ``keep_alive``.

    Of one-hot shares it is ``keep_alive`` itself; of others its multilinear extension: of probabilities it gives the
    probabilities of what a drawn cell keeps.
    """
    if "none" not in block.options:
        return shares
    none, skip = block.column("none"), block.column("skip")
    dead = shares[:, none]
    rows = list(shares.unbind())
    # an edge from a node that nothing reaches is none
    rows[INNER] = moved(rows[INNER], dead[OLDER_X1] * dead[NEWER_X1], none)
    # the cell before is read, and the second node is made of something (where the newer input makes the first node,
    # the edge between the two is as it was drawn)
    unread = 1 - (1 - dead[NEWER_X1]) * (1 - dead[OLDER_X2] * dead[INNER])
    gone = dead[SECOND] * unread
    change = torch.zeros_like(rows[SECOND])
    change[skip], change[none] = gone, -gone
    rows[SECOND] = rows[SECOND] + change
    return torch.stack(rows)


def moved(row: Tensor, share: Tensor, column: int) -> Tensor:
    """This share of everything in the row is given to one column."""
    to = torch.zeros_like(row)
    to[column] = 1.0
    return row + share * (to - row)


def is_cell(block: Block) -> bool:
    return block.name.endswith("-edge")


def cell_of(block: Block) -> str:
    return block.name.rpartition("-")[0]
