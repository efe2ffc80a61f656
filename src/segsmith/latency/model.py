"""From pieces to networks: how much of a piece's own cost shows up in a network, as whole networks tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segsmith.genotype.vocabulary import OPERATIONS
from segsmith.latency.piece import BASE, CARRY, CAT, FUSE, GIVE, RELU_FUSE, RESIZE, RUN, Piece

MILLION = 1e6
FEATURES: Mapping[str, float] = {
    "whole": 1.0,
    "start": 1.0,
    "end": 1.0,
    "convolution": 1.0,
    "depthwise": 1.0,
    "move": 1.0,
    "join": 1.0,
    "resize": 1.0,
    "mix": 1.0,
    "traffic": 0.0,
    "count": 0.0,
}
"""Weights where no network was measured. ``traffic``: ms for a million values read and written; ``count``: ms for a
piece. Either is what being among others costs a piece beyond its own time, caches gone cold first of all."""


@dataclass(frozen=True, slots=True)
class Model:
    """What is not named counts as it was measured."""

    weights: Mapping[str, float] = field(default_factory=dict)

    def ms(self, piece: Piece, alone: float) -> float:
        """What a piece adds to a network, of what it takes alone."""
        parts = self.parts(piece, alone)
        return sum(self.weights.get(name, FEATURES[name]) * amount for name, amount in parts.items())

    @staticmethod
    def parts(piece: Piece, alone: float) -> dict[str, float]:
        """What each weight that concerns a piece is multiplied by."""
        if piece.whole or piece.op == RUN:
            return {"whole": alone}
        return {group_of(piece): alone, "traffic": traffic(piece), "count": 1.0}

    def record(self) -> dict[str, Any]:
        return {"weights": {name: round(weight, 6) for name, weight in self.weights.items()}}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Model":
        weights = {str(name): float(value) for name, value in record["weights"].items()}
        if set(record) != {"weights"} or not set(weights) <= set(FEATURES) or min(weights.values(), default=0) < 0:
            raise ValueError(f"no model: {dict(record)}")
        return cls(weights)


PLAIN = Model()
GROUPS: Mapping[str, str] = {
    BASE: "move",
    GIVE: "move",
    CARRY: "move",
    RESIZE: "resize",
    **dict.fromkeys((CAT, FUSE, RELU_FUSE, "sum", "wsum", "concat", "merge"), "join"),
    **dict.fromkeys(("predict", "affine", "attention", "deform3", "conv3d"), "mix"),
    **dict.fromkeys(("skip", "none", "gap", "gap5", "pool3", "maxpool3", "up2"), "move"),
}


def group_of(piece: Piece) -> str:
    """Pieces of one group stay in the same relation to what they cost in a network."""
    if piece.op in GROUPS or piece.part in GROUPS:
        return GROUPS.get(piece.op) or GROUPS[piece.part]
    if piece.starts:
        return "start"
    if piece.ends:
        return "end"
    if piece.op.startswith(("sep", "dw")) and piece.op in OPERATIONS:
        return "depthwise"
    return "convolution"


def traffic(piece: Piece) -> float:
    """Millions of values read and written."""
    (height, width), (high, wide) = piece.size, piece.out_size
    before = 0 if piece.starts else piece.c_in * height * width
    return (before + piece.c_out * high * wide) / MILLION
