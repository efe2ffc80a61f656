"""From pieces to networks: how much of a piece's own time shows up in a network, as whole networks tell.

Among others a piece takes longer than by itself, most of all because caches have gone cold: by nearly the same factor,
whatever it is. So a weight for each of a few groups is enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segsmith.latency.piece import CARRY, CAT, FUSE, GIVE, RELU_FUSE, RESIZE, RUN, Piece

WHOLE, START, OPERATION, JOIN, END = GROUPS = ("whole", "start", "operation", "join", "end")
JOINS = frozenset((CAT, FUSE, RELU_FUSE, RESIZE, GIVE, CARRY, "sum", "wsum", "concat", "merge", "skip"))
"""What moves numbers more than it computes."""


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by group; a group that has none counts as it was measured."""

    weights: Mapping[str, float] = field(default_factory=dict)

    def ms(self, piece: Piece, alone: float) -> float:
        """What a piece adds to a network, of what it takes alone."""
        return self.weights.get(group_of(piece), 1.0) * alone

    def record(self) -> dict[str, Any]:
        return {"weights": {name: round(weight, 6) for name, weight in self.weights.items()}}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Model":
        weights = {str(name): float(value) for name, value in record["weights"].items()}
        if set(record) != {"weights"} or not set(weights) <= set(GROUPS) or min(weights.values(), default=0) < 0:
            raise ValueError(f"no model: {dict(record)}")
        return cls(weights)


PLAIN = Model()


def group_of(piece: Piece) -> str:
    if piece.whole or piece.op == RUN:
        return WHOLE
    if piece.starts or piece.ends:
        return START if piece.starts else END
    return JOIN if piece.op in JOINS else OPERATION
