"""Several processes that learn one network: each takes a part of every batch, and their gradients are added up."""

import logging
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn


class Together(DDPStrategy):
    """Starts the processes; the loop adds up the gradients itself.

    Torch's own wrapper wants every parameter in the last backward pass of a step. In a clip that is cut in pieces the
    last one has no key frame, and nothing of the static decoder.
    """

    def __init__(self, device: str) -> None:
        backend = "nccl" if device == "cuda" else "gloo"
        super().__init__(process_group_backend=backend, start_method="spawn")

    def setup_environment(self) -> None:
        """In every process; how they found each other is not told."""
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        super().setup_environment()

    def setup_module(self, module: nn.Module) -> Any:
        return module


def add_up_gradients(network: nn.Module, fabric: Fabric) -> None:
    """Every process ran the same pieces: what has a gradient here has one in all of them."""
    found = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in found])
    flat = cast(Tensor, fabric.all_reduce(flat, reduce_op="sum"))
    for gradient, summed in zip(found, torch.split(flat, [one.numel() for one in found]), strict=True):
        gradient.copy_(summed.view_as(gradient))


def same_buffers(network: nn.Module, fabric: Fabric) -> None:
    """The statistics of the first process for all: batch norms that stand still from here on must agree."""
    for buffer in network.buffers():
        buffer.copy_(fabric.broadcast(buffer))
