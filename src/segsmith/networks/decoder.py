"""Networks with an encoder of four taps and a searched decoder: arch0, arch1, arch2 and their kind."""

from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.genotype.core import Genotype
from segsmith.genotype.vocabulary import TAPS
from segsmith.networks.encoder import Encoder
from segsmith.networks.graph import GraphNet, live, setting, uniform
from segsmith.networks.interface import Features, Tap
from segsmith.networks.parts import AuxiliaryHeads, Classifier, EncoderDecoder, Join, touch
from segsmith.ops.blocks import conv_bn_relu, initialise


class DecoderNetwork(EncoderDecoder):
    """Every tap of the encoder is adapted to the same channels, also one that the decoder does not read."""

    def __init__(self, genotype: Genotype, encoder: Encoder, classes: int, auxiliary: bool = False) -> None:
        super().__init__(encoder, classes)
        channels = int(setting(genotype, "channels"))
        taps = {name: tap_of(encoder, name) for name in TAPS}
        self.adapters = nn.ModuleDict({name: conv_bn_relu(tap.channels, channels) for name, tap in taps.items()})
        adapted = {name: Tap(channels, tap.stride) for name, tap in taps.items()}
        self.net = GraphNet(genotype.net, adapted, uniform(channels, genotype.cells))
        self.join = Join([tap.channels for tap in self.net.taps], channels, relu=True)
        self.dec = Tap(channels, min(tap.stride for tap in self.net.taps))
        self.classifier = Classifier(channels, classes)
        self.unread = [name for name in TAPS if name not in self.net.inputs]
        self.connections = [node.name for node in live(genotype.net) if node.op == "merge"]
        if auxiliary:
            self.heads = AuxiliaryHeads(Classifier(channels, classes) for _ in self.connections)
        for part in (self.adapters, self.net, self.join, self.classifier, self.heads):
            initialise(part)

    def assemble(self, features: Features) -> tuple[Tensor, list[Tensor]]:
        values = {name: self.adapters[name](features[name]) for name in self.net.inputs}
        known = self.net.run(values)
        dec = self.join([known[name] for name in self.net.outputs])
        if self.training:
            dec = touch(dec, (self.adapters[name] for name in self.unread))
        return dec, [known[name] for name in self.connections]


def tap_of(encoder: Encoder, name: str) -> Tap:
    if name not in encoder.taps:
        found = ", ".join(f"{name} (1/{tap.stride})" for name, tap in encoder.taps.items())
        raise UserError(
            f"the encoder has no features {name} for the decoder, only {found}",
            fix="take an encoder with features at 1/4, 1/8, 1/16 and 1/32",
        )
    return encoder.taps[name]
