"""From a genotype to its network: nothing else is needed."""

from dataclasses import replace
from typing import TypeAlias

from segsmith.genotype.core import Genotype
from segsmith.genotype.presets import PRESETS
from segsmith.genotype.prune import prune
from segsmith.networks.decoder import DecoderNetwork
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.encoder import MobileNetV2
from segsmith.networks.external import external
from segsmith.networks.graph import setting
from segsmith.networks.image import ImageNetwork
from segsmith.networks.interface import StaticNetwork
from segsmith.networks.lgc import LgcNetwork
from segsmith.networks.template import TemplateNetwork

VideoNetwork: TypeAlias = ImageNetwork | DynamicNetwork
"""Every network of the house: an ``nn.Module`` that is an ``interface.Network``."""


def build(genotype: Genotype, classes: int, in_channels: int = 3, auxiliary: bool = False) -> VideoNetwork:
    """The network with random weights. ``auxiliary`` asks for heads that only training uses."""
    if genotype.kind == "dynamic":
        assert genotype.static is not None
        return DynamicNetwork(prune(genotype), build_static(genotype.static, classes, in_channels, auxiliary))
    return ImageNetwork(build_static(genotype, classes, in_channels, auxiliary))


def build_static(genotype: Genotype, classes: int, in_channels: int = 3, auxiliary: bool = False) -> StaticNetwork:
    genotype = prune(genotype)
    match genotype.kind:
        case "decoder":
            return DecoderNetwork(genotype, MobileNetV2(in_channels), classes, auxiliary)
        case "template":
            return TemplateNetwork(genotype, MobileNetV2(in_channels, deepest="layer2"), classes)
        case "lgc":
            return LgcNetwork(genotype, classes, in_channels)
        case "external":
            decoder = replace(PRESETS["arch2"](), settings={"channels": setting(genotype, "channels")})
            return external(genotype, decoder, classes, in_channels, auxiliary)
        case kind:
            raise ValueError(f"a {kind} genotype is no static network")
