"""What a search has to know of costs, whatever they were measured in."""

from typing import Protocol

from torch import Tensor

from segsmith.search.architecture import Shares
from segsmith.spaces.base import Picks


class CostModel(Protocol):
    """Smooth in the shares; of probabilities the mean over networks."""

    def __call__(self, shares: Shares) -> Tensor: ...

    def price(self, picks: Picks) -> float:
        """Of one network."""
        ...
