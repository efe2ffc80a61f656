"""Segsmith: search, train, prove, export and run compact real-time segmentation networks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from segsmith.networks.build import VideoNetwork

__version__ = "0.1.0"


def load(path: "str | Path") -> "VideoNetwork":
    """The network of a checkpoint or of a run's folder, in evaluation mode; ``network.meta`` describes it."""
    from segsmith.networks.loading import load as load_network

    return load_network(path)
