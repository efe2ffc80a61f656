"""What every node of a network's drawing gives and costs, found on the meta device: nothing is computed."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from segsmith.genotype import Genotype
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.cost import Description, describe
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.graph import GraphNet
from segsmith.ops.blocks import Size

NET = ""
"""The panel of the net itself; those of cells are called like them."""


@dataclass
class Spot:
    """One use of a box: where a cell is used several times, each use has weights of its own."""

    parameters: int
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    flops: int | None = None


@dataclass(frozen=True)
class Inside:
    """``spots``: by panel and box, and ``takes`` what they take, of which ``told`` says where it is from.
    ``description`` has the costs of all parts, ``size`` is that of the frame."""

    genotype: Genotype
    description: Description
    size: Size
    spots: Mapping[tuple[str, str], tuple[Spot, ...]]
    takes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    told: str = ""

    def words(self, panel: str, box: str) -> list[str]:
        """What there is to say of a box, a line each; nothing of what is no module, such as an input."""
        spots = self.spots.get((panel, box), ())
        lines = []
        shapes = list(dict.fromkeys(shape for spot in spots for shape in spot.shapes))
        if shapes:
            more = f" and {len(shapes) - 1} more" if len(shapes) > 1 else ""
            channels, height, width = shapes[0]
            lines.append(f"gives {channels} × {height} × {width}{more}")
        counts = sorted({spot.parameters for spot in spots})
        if counts:
            words = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
            words = "no" if counts == [0] else words
            lines.append(f"{words} parameters{'' if len(spots) == 1 else ' in each use'}")
        flops = [spot.flops for spot in spots if spot.flops is not None]
        if flops:
            lines.append(f"{sum(flops) / 1e6:,.1f} MFLOPs")
        return [*lines, *([self.takes[panel, box]] if (panel, box) in self.takes else [])]


def look_inside(genotype: Genotype, size: Size, classes: int, in_channels: int = 3) -> Inside:
    description = describe(genotype, size, classes, in_channels)
    video = description.step_flops is not None
    flops = {item.name: item.step_flops if video else item.key_flops for item in description.items}
    spots: dict[tuple[str, str], list[Spot]] = defaultdict(list)
    with torch.device("meta"), torch.no_grad():
        network = build(genotype, classes, in_channels).eval()
        for node in nodes_of(*part_of(network), genotype.cells):
            spot = Spot(sum(p.numel() for p in node.module.parameters()), flops=flops.get(node.path))
            spots[node.panel, node.box].append(spot)
            node.module.register_forward_hook(partial(_note, spot))
        run_once(network, torch.empty(1, in_channels, *size))
    return Inside(genotype, description, size, {key: tuple(found) for key, found in spots.items()})


class Drawn(NamedTuple):
    """A node that a drawing has a box for; ``path`` is its name in a description."""

    panel: str
    box: str
    path: str
    op: str
    module: nn.Module


def part_of(network: VideoNetwork) -> tuple[nn.Module, str]:
    """The part of a network that a drawing of it shows, and its name."""
    part = "cell" if isinstance(network, DynamicNetwork) else "static"
    return getattr(network, part), part


def nodes_of(module: nn.Module, path: str, cells: Collection[str], panel: str = NET) -> Iterator[Drawn]:
    """Every node, those of cells behind the node that they are in."""
    if isinstance(module, GraphNet):
        for box, name, _ in module.steps:
            part, inner = module.nodes[name], module.ops[name]
            yield Drawn(panel, box, f"{path}.{box}", inner, part)
            yield from nodes_of(part, f"{path}.{box}", cells, inner)
    else:
        for name, part in module.named_children():
            yield from nodes_of(part, f"{path}.{name}", cells, name if name in cells else panel)


def run_once(network: VideoNetwork, frame: Tensor) -> None:
    """A key frame, and what follows it where something does."""
    _, state = network.key(frame)
    if isinstance(network, DynamicNetwork):
        network.step(frame, state)


def _note(spot: Spot, _: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    spot.shapes.append(tuple(output.shape[1:]))
