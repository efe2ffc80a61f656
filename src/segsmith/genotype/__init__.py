"""Structures of networks as plain data: read, written, compared and drawn without torch."""

from segsmith.genotype.canonical import canonical, fingerprint
from segsmith.genotype.check import validate
from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.jsonform import from_json, to_json
from segsmith.genotype.load import load_genotype
from segsmith.genotype.parse import from_text
from segsmith.genotype.presets import PRESETS, preset
from segsmith.genotype.prune import prune
from segsmith.genotype.text import to_text

__all__ = [
    "PRESETS",
    "Genotype",
    "Graph",
    "Node",
    "canonical",
    "fingerprint",
    "from_json",
    "from_text",
    "load_genotype",
    "preset",
    "prune",
    "to_json",
    "to_text",
    "validate",
]
