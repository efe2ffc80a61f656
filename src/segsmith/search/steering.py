"""How much the latency weighs against the loss: as it is set, or steered towards a budget."""

import math

import torch
from torch import Tensor, nn

PULL = 60.0
"""How fast beta follows: over a whole search, a network that stays a tenth too slow raises it by exp(60 * 0.1)."""

LEAST, MOST = 1e-5, 10.0


class LatencyWeight(nn.Module):
    """``beta`` of equation 10. With a ``budget`` it grows while the derived network is above it, and shrinks below."""

    def __init__(self, beta: float, budget: float | None = None) -> None:
        super().__init__()
        self.budget = budget
        start = beta if budget is None else min(max(beta, LEAST), MOST)
        self.beta: Tensor
        self.register_buffer("beta", torch.tensor(start, dtype=torch.float64))

    def term(self, cost: Tensor) -> Tensor:
        """What is added to the loss: beta log(LAT)."""
        return self.beta.to(cost) * torch.log(cost)

    def steer(self, derived: float, share: float) -> None:
        """``derived``: the cost of the network as it would be derived now; ``share``: of the search since last time."""
        if self.budget is None:
            return
        excess = math.log(max(derived, 1e-12) / self.budget)
        moved = float(self.beta) * math.exp(PULL * share * max(-1.0, min(1.0, excess)))
        self.beta.fill_(min(max(moved, LEAST), MOST))
