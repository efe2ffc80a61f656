"""Structures of networks as plain data."""

from segsmith.genotype.core import Genotype, Graph, Node

__all__ = ["Genotype", "Graph", "Node"]
