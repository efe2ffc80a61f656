"""Small networks for tests, and ways to make their numbers mean something."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.genotype import Genotype, Graph, Node, preset

OPERATIONS = ("sep3", "gap", "sep3d3", "sep5d6", "skip", "deform3", "conv1", "conv3")
AGGREGATIONS = ("wsum", "concat", "predict", "affine", "conv3d", "attention")
INPUTS = ("prev:layer4", "prev:dec", "layer2", "layer3", "layer4")


def small(name: str = "arch2", channels: int = 8) -> Genotype:
    """A published decoder, narrow."""
    return replace(preset(name), settings={"channels": channels})


def dynamic(*rows: tuple[str, str, str, str, str], half: bool = False, static: Genotype | None = None) -> Genotype:
    """A narrow video network of rows (aggregation, operation, input, operation, input); row i is called ``n<i>``."""
    nodes: list[Node] = []
    for i, (aggregation, op1, in1, op2, in2) in enumerate(rows):
        nodes += [Node(f"n{i}.a", op1, (in1,)), Node(f"n{i}.b", op2, (in2,))]
        nodes.append(Node(f"n{i}", aggregation, (f"n{i}.a", f"n{i}.b")))
    read = {name for node in nodes for name in node.inputs}
    outputs = tuple(f"n{i}" for i in range(len(rows)) if f"n{i}" not in read)
    net = Graph(tuple(name for name in INPUTS if name in read), tuple(nodes), outputs)
    settings = {"channels": 8} | ({"step_scale": 0.5} if half else {})
    return Genotype("dynamic", net, settings=settings, static=static or small())


def random_dynamic(seed: int) -> Genotype:
    rng = Random(seed)
    pool = list(INPUTS)
    rows = []
    for i in range(rng.randint(1, 5)):
        pair = rng.choice(OPERATIONS), rng.choice(pool), rng.choice(OPERATIONS), rng.choice(pool)
        rows.append((rng.choice(AGGREGATIONS), *pair))
        pool.append(f"n{i}")
    return dynamic(*rows, half=rng.random() < 0.5)


def pictures(streams: int, length: int, height: int = 64, width: int = 96, channels: int = 3) -> Tensor:
    """Clips of smooth frames that differ in brightness: pure noise has the same mean everywhere."""
    count = streams * length
    coarse = torch.randn(count, channels, 5, 7) + torch.randn(count, channels, 1, 1)
    frames = F.interpolate(coarse, (height, width), mode="bicubic")
    return (frames + 0.1 * torch.randn_like(frames)).reshape(streams, length, channels, height, width)


def settle(network: nn.Module, frames: Tensor) -> nn.Module:
    """Give batch norms statistics of what they see, and every parameter that starts at zero a value of its own.

    With fresh statistics the output is nearly constant, and equal for many a wrong reason.
    """
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.momentum = None
            norm.reset_running_stats()
        network.train()
        for _ in range(2):
            network.clip(frames)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    return network.eval()


def frame_by_frame(network: nn.Module, frames: Tensor) -> Tensor:
    logits, state = network.key(frames[:, 0])
    found = [logits]
    for t in range(1, frames.shape[1]):
        logits, state = network.step(frames[:, t], state)
        found.append(logits)
    return torch.stack(found, dim=1)


def runs(network: nn.Module, names: Sequence[str]) -> dict[str, int]:
    """Counts how often the named parts run from now on."""
    counts = dict.fromkeys(names, 0)

    def counter(name: str) -> None:
        def count(*_: object) -> None:
            counts[name] += 1

        network.get_submodule(name).register_forward_hook(count)

    for name in names:
        counter(name)
    return counts
