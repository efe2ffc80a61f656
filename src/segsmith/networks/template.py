"""Networks made of templates, on the first stages of an encoder."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn

from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.vocabulary import OPERATIONS
from segsmith.networks.encoder import Encoder
from segsmith.networks.graph import Cell, GraphNet, Made, Make, primitive, setting
from segsmith.networks.interface import Features, Tap
from segsmith.networks.parts import Classifier, EncoderDecoder, Join
from segsmith.ops.blocks import conv_bn_relu, initialise


class TemplateNetwork(EncoderDecoder):
    """``adapt`` channels bring both taps to one width first; with 0 they are taken as they are."""

    def __init__(self, genotype: Genotype, encoder: Encoder, classes: int) -> None:
        super().__init__(encoder, classes)
        adapt, head = int(setting(genotype, "adapt")), int(setting(genotype, "head"))
        inputs = {name: Tap(adapt or tap.channels, tap.stride) for name, tap in encoder.taps.items()}
        self.net = GraphNet(genotype.net, inputs, _rows(genotype))
        self.adapters = nn.ModuleDict()
        if adapt:
            self.adapters.update({n: conv_bn_relu(encoder.taps[n].channels, adapt) for n in self.net.inputs})
        self.join = Join([tap.channels for tap in self.net.taps], head, relu=True)
        self.dec = Tap(head, min(tap.stride for tap in self.net.taps))
        self.classifier = Classifier(head, classes)
        for part in (self.adapters, self.net, self.join, self.classifier):
            initialise(part)

    def assemble(self, features: Features) -> tuple[Tensor, list[Tensor]]:
        values = {name: features[name] for name in self.net.inputs}
        values |= {name: adapter(features[name]) for name, adapter in self.adapters.items()}
        return self.join(self.net.results(values)), []


class Row(nn.Module):
    """A template, several times. Each instance reads the second input and the output of the one before it."""

    def __init__(self, template: Graph, node: Node, inputs: Sequence[Tap], multiplier: int) -> None:
        super().__init__()
        widen = multiplier ** (node.stride.bit_length() - 1)
        first, second = inputs
        self.instances = nn.ModuleList()
        for number in range(node.repeat):
            make = _instance(template, node, widen if number == 0 else 1)
            cell = Cell(template, (first, second), make)
            self.instances.append(cell)
            first, second = second, cell.tap
        self.tap = second

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        for cell in self.instances:
            first, second = second, cell(first, second)
        return second


def _rows(genotype: Genotype) -> Make:
    multiplier = int(setting(genotype, "multiplier"))

    def make(node: Node, inputs: Sequence[Tap]) -> Made:
        row = Row(genotype.cells[node.op], node, inputs, multiplier)
        return row, row.tap

    return make


def _instance(template: Graph, row: Node, widen: int) -> Make:
    """What reads the template's inputs has the row's stride, and widens; an aggregation keeps the widest input."""

    def make(node: Node, inputs: Sequence[Tap]) -> Made:
        channels = max(tap.channels for tap in inputs)
        if OPERATIONS[node.op].group == "aggregation":
            return primitive(replace(node, align=row.align), inputs, channels)
        if set(node.inputs) <= set(template.inputs):
            return primitive(replace(node, stride=row.stride), inputs, channels * widen)
        return primitive(node, inputs, channels)

    return make
