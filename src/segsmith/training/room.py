"""How much memory a clip takes in training, told beforehand: a system that runs out of it kills without a word. And how
long clips are cut to take less."""

import copy
from typing import cast

import torch
from torch import Tensor, nn

from segsmith.machine import memory
from segsmith.training.objective import Trainable

SHARE = 0.7
"""The part of the machine's memory that the graphs of all its processes may take together."""

MOST = 4096
"""Bytes for each pixel of a frame: no network here keeps more, so that small batches need no counting."""

LOSS = 4
"""Of each frame's logits at full size the loss keeps so many copies, while they live."""


def pieces_needed(network: nn.Module, clips: int, frames: tuple[int, ...], length: int, processes: int) -> int:
    """Into how many pieces a batch of clips has to be cut on this machine: 1, 2, 4 ... ``frames``: C x H x W of one,
    ``length``: how many of them a graph spans."""
    room = memory()
    if room is None:
        return 1
    allowed = SHARE * room / processes
    if clips * length * frames[1] * frames[2] * MOST < allowed:
        return 1
    each = clip_bytes(network, frames, length)
    pieces = 1
    while pieces < clips and -(-clips // pieces) * each > allowed:
        pieces *= 2
    return pieces


def clip_bytes(network: nn.Module, frames: tuple[int, ...], length: int) -> int:
    """What one clip's graph keeps for the way back, counted on a copy without data."""
    shadow = copy.deepcopy(network).to("meta")
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        holding.append(tensor)  # else the next storage may get its number
        return tensor

    holding: list[Tensor] = []
    frame = torch.empty(1, *frames, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        net = cast(Trainable, shadow)
        logits, state, extra = net.training_key(frame)
        answers: list[Tensor] = [logits, *extra]
        for _ in range(length - 1):
            logits, state = net.step(frame, state)
            answers.append(logits)
    weights = {parameter.untyped_storage()._cdata for parameter in shadow.parameters()}
    graph = sum(size for number, size in kept.items() if number not in weights)
    whole = logits.shape[1] * frames[1] * frames[2] * frame.element_size()
    return graph + LOSS * len(answers) * whole


def cuts(length: int, truncate: int) -> list[tuple[int, int]]:
    """Pieces of a clip: the key frame goes with the first ``truncate`` steps."""
    if not truncate or length <= truncate + 1:
        return [(0, length)]
    starts = [0, *range(truncate + 1, length, truncate)]
    return list(zip(starts, [*starts[1:], length], strict=True))
