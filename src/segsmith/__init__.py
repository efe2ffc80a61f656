"""Segsmith: search, train, prove, export and run compact real-time segmentation networks."""

__version__ = "0.1.0"
