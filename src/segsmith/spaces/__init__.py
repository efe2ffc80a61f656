"""Search spaces: decisions, and the genotypes that choices make."""

from segsmith.spaces.base import Choices, Decision, Option, Picks, Space
from segsmith.spaces.dynamic import DynamicSpace
from segsmith.spaces.lgc import Edge, LgcSpace
from segsmith.spaces.make import make_space
from segsmith.spaces.template import TemplateSpace

__all__ = [
    "Choices",
    "Decision",
    "DynamicSpace",
    "Edge",
    "LgcSpace",
    "Option",
    "Picks",
    "Space",
    "TemplateSpace",
    "make_space",
]
