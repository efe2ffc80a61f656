"""Batch norms that take their statistics anew, from what a network will be shown."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import nn

Batch = TypeVar("Batch")


@torch.inference_mode()
def settle(network: nn.Module, batches: Iterable[Batch], show: Callable[[Batch], object]) -> None:
    """Give the batch norms of ``network`` the statistics of ``batches``, as it stands, and leave it ready to answer.

    What they gathered in training is a blend of crops, of enlarged frames and of weights long gone. A norm that is not
    run keeps its own.
    """
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d) and part.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        assert norm.num_batches_tracked is not None
        norm.num_batches_tracked.zero_()
        norm.momentum = None  # the mean of all batches: the first one takes the place of what was there
        norm.train()
    for batch in batches:
        show(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
