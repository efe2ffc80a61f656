"""What the nodes of a network's drawing take, as a latency table tells: the pieces of a node follow from what it is
given and what it gives, which is found on the meta device."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Node
from segsmith.genotype.vocabulary import OPERATIONS
from segsmith.latency.flow import Flow, Map
from segsmith.latency.piece import Piece
from segsmith.latency.pieces import Frames
from segsmith.latency.table import Table
from segsmith.networks.build import build
from segsmith.report.inside import nodes_of, part_of, run_once
from segsmith.report.words import SPACE, size_words, three

Key = tuple[str, str]
"""Panel and box."""
STRIDES = (1, 2, 4)


@dataclass
class Used:
    """What a box runs in all its uses; ``inner`` where it is a cell, of which the nodes alone count."""

    inner: bool = False
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True)
class NodeTimes:
    """``words`` by panel and box, and what there is to say of all of them."""

    words: Mapping[Key, str]
    caption: str


def node_times(boxes: Mapping[Key, Used], table: Table) -> NodeTimes:
    words = {}
    for key, used in boxes.items():
        try:
            ms = f"{three(table.cost(used.pieces))}{SPACE}ms"
        except UserError:  # the table is of other networks, or not complete yet
            continue
        words[key] = f"{ms} in its nodes" if used.inner else ms
    if not words:
        return NodeTimes({}, "The latency table knows none of these nodes.")
    where = f"{size_words(table.target.size)} on {table.target.device}"
    return NodeTimes(words, f"Milliseconds are what the latency table tells of {where}.")


def used_pieces(genotype: Genotype, frames: Frames) -> dict[Key, Used]:
    found: dict[Key, Used] = defaultdict(Used)
    with torch.device("meta"), torch.no_grad():
        network = build(genotype, frames.classes, frames.in_channels).eval()
        cells: list[tuple[set[nn.Module], Used]] = []
        for node in nodes_of(*part_of(network), genotype.cells):
            used = found[node.panel, node.box]
            if node.op in OPERATIONS:
                owners = [used, *(one for parts, one in cells if node.module in parts)]
                node.module.register_forward_hook(partial(_note, owners, node.op))
            else:
                used.inner = True
                cells.append((set(node.module.modules()), used))
        run_once(network, torch.empty(1, frames.in_channels, *frames.size))
    return found


def _note(owners: Sequence[Used], op: str, _: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    pieces = pieces_seen(op, [map_of(x) for x in inputs], map_of(output))
    for used in owners:
        used.pieces += pieces


def pieces_seen(op: str, inputs: Sequence[Map], output: Map) -> list[Piece]:
    """Stride and alignment are those that give what was given."""
    names = tuple(f"x{number}" for number in range(len(inputs)))
    for stride in STRIDES:
        for align in ("larger", "smaller"):
            flow = Flow()
            node = Node("n", op, names, stride=stride, align=align)
            if flow.primitive(node, inputs, output.channels).size == output.size:
                return flow.pieces
    raise ValueError(f"{op} gives {output.size} of {[x.size for x in inputs]}")


def map_of(x: Tensor) -> Map:
    """Pieces do not hang on what a map's stride is called."""
    return Map(x.shape[1], 1, (x.shape[2], x.shape[3]))
