"""How good a mask is, and how steady from frame to frame."""

from segsmith.metrics.boundary import BoundaryIoU, BoundaryScores
from segsmith.metrics.confusion import Confusion, Scores
from segsmith.metrics.drift import Drift, DriftPoint
from segsmith.metrics.temporal import Temporal, TemporalScores, changed_share, stable_share

__all__ = [
    "BoundaryIoU",
    "BoundaryScores",
    "Confusion",
    "Drift",
    "DriftPoint",
    "Scores",
    "Temporal",
    "TemporalScores",
    "changed_share",
    "stable_share",
]
