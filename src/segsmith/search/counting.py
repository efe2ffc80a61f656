"""What the LGC paper counts of a searched network, in its section IV-D."""

from dataclasses import dataclass

from segsmith.genotype import Genotype
from segsmith.spaces.lgc import FUSION, LgcSpace

LIGHT = ("none", "pool3", "skip")
LARGE = ("dw3d4", "dw3d8")
LAST_CELLS = 4


@dataclass(frozen=True, slots=True)
class Counts:
    """Operations of the chain: light ones, and in its last four cells those with a large receptive field."""

    light: int
    edges: int
    large: int
    last_edges: int

    def __str__(self) -> str:
        return (
            f"{self.light} of {self.edges} operations are light, "
            f"{self.large} of {self.last_edges} in the last {LAST_CELLS} cells have a large receptive field"
        )


def count(space: LgcSpace, genotype: Genotype) -> Counts:
    """As the network is built: an edge that is not there is ``none``. A shared cell counts wherever it is used."""
    picks = space.read(genotype)
    by_cell: dict[str, list[str]] = {}
    for edge in space.edges:
        if edge.cell != FUSION:
            by_cell.setdefault(edge.cell, []).append(str(picks[edge.name]))
    cells = [by_cell[space.cell_of(index)] for index in range(space.cells)]
    ops = [op for cell in cells for op in cell]
    late = [op for cell in cells[-LAST_CELLS:] for op in cell]
    return Counts(sum(op in LIGHT for op in ops), len(ops), sum(op in LARGE for op in late), len(late))
