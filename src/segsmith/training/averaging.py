"""An exponential moving average of a network's weights."""

import torch
from torch import Tensor, nn


class Average:
    """Floating tensors are averaged, counters copied. Early on the decay is smaller, so that the start is forgotten."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.shadow: dict[str, Tensor] = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        floats, current = [], []
        for name, value in network.state_dict().items():
            shadow = self.shadow[name]
            if shadow.is_floating_point():
                floats.append(shadow)
                current.append(value.detach())
            else:
                shadow.copy_(value)
        torch._foreach_lerp_(floats, current, 1 - decay)
