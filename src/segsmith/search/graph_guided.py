"""What tells a cell of the choices of the one before it, while they are searched. Nothing of it is in a network.

Each guide makes the update of a cell's logits (edges x operations) from its own and the updated ones of the cell
before it; ``gamma`` times the update is added (equation 5 of the paper). The last layer starts at zero: a guided
search starts where the independent one does.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from segsmith.errors import UserError

GUIDES = ("none", "edges", "operations", "linear")


class EdgeGraph(nn.Module):
    """Equations 5 to 7: a node of the graph is an edge of a cell, and edges are near that choose alike."""

    def __init__(self, edges: int, operations: int, width: int) -> None:
        super().__init__()
        self.w1 = square(operations)
        self.w2 = square(operations)
        self.enter = two_layers(operations, width, width)
        self.leave = two_layers(width, width, operations, zero=True)
        self.weight = square(width)

    def forward(self, own: Tensor, before: Tensor) -> Tensor:
        near = torch.softmax((own @ self.w1) @ (before @ self.w2).T, dim=-1)
        told: Tensor = self.leave(reason(near, self.enter(before), self.weight))
        return told


class OperationGraph(nn.Module):
    """A node of the graph is an operation of an edge: nodes are near whose logits are large together (table IX)."""

    def __init__(self, edges: int, operations: int, width: int) -> None:
        super().__init__()
        self.enter = two_layers(1, width, width)
        self.leave = two_layers(width, width, 1, zero=True)
        self.weight = square(width)

    def forward(self, own: Tensor, before: Tensor) -> Tensor:
        near = torch.softmax(own.reshape(-1, 1) @ before.reshape(1, -1), dim=-1)
        told: Tensor = self.leave(reason(near, self.enter(before.reshape(-1, 1)), self.weight))
        return told.reshape(own.shape)


class FullyConnected(nn.Module):
    """One linear layer over all logits of the cell before (row c of table VI)."""

    def __init__(self, edges: int, operations: int, width: int) -> None:
        super().__init__()
        self.linear = zeroed(nn.Linear(edges * operations, edges * operations))

    def forward(self, own: Tensor, before: Tensor) -> Tensor:
        told: Tensor = self.linear(before.reshape(-1))
        return told.reshape(own.shape)


Make = Callable[[int, int, int], nn.Module]
MODULES: dict[str, Make] = {"edges": EdgeGraph, "operations": OperationGraph, "linear": FullyConnected}


class Guide(nn.Module):
    """The guides between the cells of a chain, each cell told by the one before it."""

    def __init__(self, kind: str, cells: int, edges: int, operations: int, width: int, gamma: float, seed: int) -> None:
        super().__init__()
        if kind not in GUIDES:
            raise UserError(f"there is no guide {kind!r}", fix=f"take one of {', '.join(GUIDES)}")
        self.gamma = gamma
        # with luck of its own: the supernet's weights are the same whatever guides the choices
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            pairs = range(cells - 1) if kind != "none" else range(0)
            self.pairs = nn.ModuleList(MODULES[kind](edges, operations, width) for _ in pairs)

    def forward(self, logits: list[Tensor]) -> list[Tensor]:
        updated = logits[:1]
        for pair, own in zip(self.pairs, logits[1:], strict=False):
            updated.append(own + self.gamma * pair(own, updated[-1]))
        return updated if len(updated) == len(logits) else logits


def reason(near: Tensor, features: Tensor, weight: Tensor) -> Tensor:
    """Equation 7: one graph convolution with a residual."""
    return near @ features @ weight + features


def two_layers(wide: int, hidden: int, out: int, zero: bool = False) -> nn.Sequential:
    last = nn.Linear(hidden, out)
    return nn.Sequential(nn.Linear(wide, hidden), nn.ReLU(), zeroed(last) if zero else last)


def square(side: int) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(side, side)))


def zeroed(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
