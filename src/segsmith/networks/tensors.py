"""The weights of a network as tensors by name."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.networks.parts import AuxiliaryHeads


def load_weights(network: nn.Module, tensors: Mapping[str, Tensor], path: Path | None = None) -> None:
    """Put saved weights into a network of the same structure, with or without auxiliary heads."""
    wanted = weights_of(network)
    for name in sorted(wanted.keys() ^ tensors.keys()):
        what = "is missing" if name in wanted else "is too much"
        raise UserError(f"the weights do not fit the network: {name!r} {what}", path=path)
    for name, tensor in wanted.items():
        if tensor.shape != tensors[name].shape:
            shapes = f"{tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
            raise UserError(f"the weights do not fit the network: {name!r} is {shapes}", path=path)
    network.load_state_dict(dict(tensors), strict=False)


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Parameters and statistics by name, without auxiliary heads."""
    heads = [f"{name}." for name, part in network.named_modules() if isinstance(part, AuxiliaryHeads)]
    state = network.state_dict()
    return {n: t.detach().cpu().contiguous() for n, t in state.items() if not n.startswith(tuple(heads))}


def digest(tensors: Mapping[str, Tensor]) -> str:
    """A number that changes with any bit of the weights."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
