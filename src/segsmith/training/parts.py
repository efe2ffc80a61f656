"""Which parameters a recipe's words mean: ``all``, ``encoder``, ``decoder``, ``static``, its ``head`` and ``cell``."""

import torch
from torch import nn

from segsmith.errors import UserError
from segsmith.training.recipes import Phase, Rate

PARTS = ("all", "encoder", "decoder", "static", "head", "cell")


def part_of(name: str) -> set[str]:
    """The parts that a parameter belongs to, by its name: ``static.`` and ``encoder.`` mark subtrees."""
    pieces = name.split(".")
    inside_static = pieces[0] == "static"
    encoder = "encoder" in pieces[:2]
    parts = {"all", "static" if inside_static else "cell"}
    if inside_static:
        parts.add("encoder" if encoder else "decoder")
        if "classifier" in pieces:
            parts.add("head")
    return parts


def parameters_of(network: nn.Module, part: str) -> list[nn.Parameter]:
    if part not in PARTS:
        raise UserError(f"there is no part {part!r} of a network", fix=f"take one of {', '.join(PARTS)}")
    return [parameter for name, parameter in network.named_parameters() if part in part_of(name)]


def optimisers(network: nn.Module, phase: Phase) -> list[torch.optim.Optimizer]:
    """One optimiser for each rate of the phase, over parameters that learn; biases and norms do not decay."""
    found = []
    for rate in phase.rates:
        parameters = parameters_of(network, rate.part)
        if not parameters:
            raise UserError(
                f"the recipe trains the part {rate.part!r}, which this network does not have",
                fix="choose a recipe that fits the network with --recipe",
            )
        decay = [p for p in parameters if p.ndim > 1]
        plain = [p for p in parameters if p.ndim <= 1]
        groups = [
            {"params": decay, "weight_decay": rate.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]
        found.append(_optimiser(rate, [group for group in groups if group["params"]]))
    return found


def _optimiser(rate: Rate, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
    match rate.optimiser:
        case "sgd":
            return torch.optim.SGD(groups, lr=rate.lr, momentum=rate.momentum)
        case "adam":
            return torch.optim.Adam(groups, lr=rate.lr)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate.lr)
        case other:
            raise UserError(f"there is no optimiser {other!r}", fix="take sgd, adam or adamw")


def set_learning(network: nn.Module, phase: Phase) -> None:
    """Training mode and gradients for the parts that the phase names; the others stand still."""
    named = {rate.part for rate in phase.rates}
    network.train()
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(bool(part_of(name) & named))
    for name, module in network.named_modules():
        own = list(module.parameters(recurse=False))
        if own and not part_of(f"{name}.weight") & named:
            module.eval()
