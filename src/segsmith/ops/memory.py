"""How tensors lie in memory."""

from typing import TypeVar

import torch
from torch import nn

Part = TypeVar("Part", bound=nn.Module)


def channels_last(part: Part, device: torch.device | str | None = None) -> Part:
    """The part itself, its weights as convolutions on a CPU and on tensor cores want them; on ``device``, if named."""
    placed = part if device is None else part.to(device)
    return placed.to(memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]  # no stub has it
