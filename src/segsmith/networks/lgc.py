"""Networks of independent cells in a chain, and a fusion of their resolutions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.networks.fusion import SearchedFusion, aspp, ppm
from segsmith.networks.graph import GraphNet, Made, Make, live, primitive, setting
from segsmith.networks.interface import Features, Tap
from segsmith.networks.parts import Classifier, EncoderDecoder
from segsmith.ops.blocks import conv_bn_relu, initialise

STEM, FUSION = "stem", "fusion"
STEM_STRIDE = 4


class LgcNetwork(EncoderDecoder):
    """The network of a pruned genotype.

    The taps are what the fusion reads; a resolution that it does not read has its last cell for a tap.
    """

    def __init__(self, genotype: Genotype, classes: int, in_channels: int = 3) -> None:
        (last,) = genotype.net.outputs
        nodes = {node.name: node for node in genotype.net.nodes}
        read = nodes[last].inputs if nodes[last].op == FUSION else (last,)
        chain = Chain(genotype, read, in_channels)
        super().__init__(chain, classes)
        self.read = tuple(chain.tap_of[name] for name in read)
        branch = int(setting(genotype, "branch"))
        self.fusion, fused = _fusion(genotype, [chain.taps[name] for name in self.read], branch)
        self.dec = Tap(branch, fused.stride)
        self.smooth = conv_bn_relu(fused.channels, branch, kernel=3)
        self.classifier = Classifier(branch, classes, kernel=1)
        initialise(self)

    def assemble(self, features: Features) -> tuple[Tensor, list[Tensor]]:
        return self.smooth(self.fusion(*(features[name] for name in self.read))), []


class Chain(nn.Module):
    """The stem and the cells. ``tap_of`` names the tap of every cell that is one, from the finest to the coarsest."""

    def __init__(self, genotype: Genotype, read: Sequence[str], in_channels: int) -> None:
        super().__init__()
        width = int(setting(genotype, "width"))
        self.in_channels = in_channels
        self.stem = nn.Sequential(
            conv_bn_relu(in_channels, width, 3, stride=2),
            conv_bn_relu(width, width, 3, stride=2),
            conv_bn_relu(width, width, 3),
        )
        cells = tuple(node for node in genotype.net.nodes if node.op != FUSION)
        self.tap_of = _taps(cells, read)
        graph = Graph((STEM,), cells, tuple(self.tap_of))
        self.net = GraphNet(graph, {STEM: Tap(width, STEM_STRIDE)}, _cells(genotype.cells, width))
        self.taps: Mapping[str, Tap] = dict(zip(self.tap_of.values(), self.net.taps, strict=True))
        self.nodes = {name: _needed(graph, list(self.tap_of)[: i + 1]) for i, name in enumerate(self.tap_of.values())}

    def forward(self, frame: Tensor, upto: str | None = None) -> Features:
        known = {STEM: self.stem(frame)}
        last = upto or list(self.taps)[-1]
        for name, module, inputs in self.net.steps:
            if name in self.nodes[last]:
                known[name] = self.net.nodes[module](*(known[source] for source in inputs))
        return {tap: known[name] for name, tap in self.tap_of.items() if name in known}


class LgcCell(nn.Module):
    """Its inputs by 1x1 conv-BN-ReLU to its channels at the size of the smallest of them, the edges, and the living
    nodes concatenated. In a reduction the edges from the inputs have the stride."""

    def __init__(self, cell: Graph, inputs: Sequence[Tap], stride: int, width: int) -> None:
        super().__init__()
        before = max(tap.stride for tap in inputs)
        channels = width * before * stride // STEM_STRIDE

        def make(node: Node, sources: Sequence[Tap]) -> Made:
            first = set(node.inputs) <= set(cell.inputs)
            return primitive(replace(node, stride=stride if first else 1), sources, channels)

        self.names = cell.inputs
        self.net = GraphNet(cell, {name: Tap(channels, before) for name in cell.inputs}, make)
        self.adapters = nn.ModuleDict(
            {
                name: conv_bn_relu(tap.channels, channels, stride=before // tap.stride)
                for name, tap in zip(cell.inputs, inputs, strict=True)
            }
        )
        self.tap = Tap(channels * len(cell.outputs), before * stride)
        if {tap.stride for tap in self.net.taps} != {self.tap.stride}:
            raise UserError(
                f"a cell with the outputs {', '.join(cell.outputs)} gives them at different sizes",
                fix="in a reduction every path from an input to an output has one operation on the input",
            )

    def forward(self, *inputs: Tensor) -> Tensor:
        adapted = {name: self.adapters[name](x) for name, x in zip(self.names, inputs, strict=True)}
        return torch.cat(self.net.results(adapted), dim=1)


def _cells(cells: Mapping[str, Graph], width: int) -> Make:
    def make(node: Node, inputs: Sequence[Tap]) -> Made:
        cell = LgcCell(cells[node.op], inputs, node.stride, width)
        return cell, cell.tap

    return make


def _fusion(genotype: Genotype, sources: Sequence[Tap], branch: int) -> tuple[nn.Module, Tap]:
    """What makes one map of the taps that are read, and how that map looks."""
    name = str(setting(genotype, "fusion"))
    if name == "none":
        return nn.Identity(), sources[0]
    if name == "searched":
        fusion = SearchedFusion(genotype.cells[FUSION], sources, branch)
        return fusion, fusion.tap
    pyramid = {"aspp": aspp, "ppm": ppm}[name]
    return pyramid(sources[0], branch), Tap(branch, sources[0].stride)


def _taps(cells: Sequence[Node], read: Sequence[str]) -> dict[str, str]:
    """Names of taps by node, in the order of resolution: layer1 at 1/4, layer2 at 1/8, ..."""
    stride = {STEM: STEM_STRIDE}
    for cell in cells:
        stride[cell.name] = cell.stride * max(stride[name] for name in cell.inputs)
    if len({stride[name] for name in read}) < len(read):
        sizes = ", ".join(f"{name} (1/{stride[name]})" for name in read)
        raise UserError(f"the fusion reads cells of one resolution: {sizes}", fix="name one of each resolution")
    chosen = {stride[name]: name for name in (*stride, *read)}
    return {name: f"layer{s.bit_length() - 2}" for s, name in sorted(chosen.items())}


def _needed(graph: Graph, outputs: Sequence[str]) -> set[str]:
    return {node.name for node in live(replace(graph, outputs=tuple(outputs)))}
