"""The three records that every network of the house is written in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from segsmith.genotype.vocabulary import Setting

Align = Literal["larger", "smaller"]


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a graph: an operation, or a cell of the same genotype, applied to named inputs.

    ``stride`` applies to whatever reads the node's inputs (in a cell: to its first operations) and multiplies
    the channels where the kind of network says so; ``repeat`` counts instances in all, each with weights of its
    own; ``align`` says to which of its inputs' sizes an aggregation (here or inside the cell) resizes.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    stride: int = 1
    repeat: int = 1
    align: Align = "larger"


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in any order over named inputs; ``outputs`` may be inputs, too."""

    inputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Genotype:
    """The structure of a whole network. ``static`` is the network that a dynamic cell stands on."""

    kind: str
    net: Graph
    cells: Mapping[str, Graph] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    static: "Genotype | None" = None
