"""The pieces of a network, from its genotype alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from segsmith.genotype import Genotype, Graph, Node, fingerprint, from_json, prune, to_json
from segsmith.genotype.vocabulary import KINDS, OPERATIONS, TAPS, Setting
from segsmith.latency.flow import Flow, Map, common_size
from segsmith.latency.piece import (
    CARRY,
    CLASSES,
    ENCODE,
    ENCODER,
    FUSE,
    GIVE,
    RELU_FUSE,
    STATIC,
    STEM,
    Piece,
    Size,
    Work,
)
from segsmith.latency.surround import START

MOBILENET = {"layer1": (24, 4), "layer2": (32, 8), "layer3": (96, 16), "layer4": (320, 32)}
"""Channels and stride by tap."""
FUSION = "fusion"
PREVIOUS = "prev:"


@dataclass(frozen=True, slots=True)
class Frames:
    """What networks are given, and how many classes they tell apart."""

    size: Size
    classes: int
    in_channels: int = 3

    @property
    def map(self) -> Map:
        return Map(self.in_channels, 1, self.size)


def pieces_of(genotype: Genotype, frames: Frames) -> Work:
    """Everything that a frame runs. Costs of pieces add up to that of the network."""
    if genotype.kind == "external":
        return Work((START, whole(fingerprint(genotype), frames)))
    genotype = prune(genotype)
    if genotype.kind == "dynamic":
        return _dynamic(genotype, frames)
    flow = Flow()
    dec, kernel = {"lgc": _lgc, "template": _template, "decoder": _decoder}[genotype.kind](genotype, frames, flow)
    flow.add(f"{CLASSES}{kernel}", dec, frames.classes, to=frames.size)
    return Work((START, *flow.pieces))


def whole(name: str, frames: Frames) -> Piece:
    """A static network as one piece."""
    return Piece(f"{STATIC}:{name}", frames.in_channels, frames.classes, *frames.size, to=frames.size)


def _lgc(genotype: Genotype, frames: Frames, flow: Flow) -> tuple[Map, int]:
    width, branch = int(_setting(genotype, "width")), int(_setting(genotype, "branch"))

    def make(node: Node, inputs: Sequence[Map]) -> Map:
        if node.op == FUSION:
            return _searched_fusion(genotype.cells[FUSION], inputs, branch, flow)
        return _lgc_cell(genotype.cells[node.op], inputs, node.stride, width, flow)

    stem = flow.add(STEM, frames.map, width, stride=4)
    (fused,) = flow.graph(genotype.net, {"stem": stem}, make)
    kind = str(_setting(genotype, "fusion"))
    if kind in ("aspp", "ppm"):
        fused = _pyramid(kind, fused, branch, flow)
    return flow.add("conv3", fused, branch), 1


def _lgc_cell(cell: Graph, inputs: Sequence[Map], stride: int, width: int, flow: Flow) -> Map:
    before = max(x.stride for x in inputs)
    channels = width * before * stride // 4

    def make(node: Node, sources: Sequence[Map]) -> Map:
        first = set(node.inputs) <= set(cell.inputs)
        return flow.primitive(replace(node, stride=stride if first else 1), sources, channels)

    adapted = [flow.add("conv1", x, channels, before // x.stride) for x in inputs]
    return flow.cat(flow.graph(cell, dict(zip(cell.inputs, adapted, strict=True)), make))


def _searched_fusion(cell: Graph, inputs: Sequence[Map], branch: int, flow: Flow) -> Map:
    def make(node: Node, sources: Sequence[Map]) -> Map:
        return flow.primitive(replace(node, align="smaller"), sources, branch)

    adapted = {name: flow.add("conv1", x, branch) for name, x in zip(cell.inputs, inputs, strict=True)}
    return flow.aggregation("sum", flow.graph(cell, adapted, make), branch, "larger")


def _pyramid(kind: str, x: Map, branch: int, flow: Flow) -> Map:
    if kind == "aspp":
        views = [flow.add(op, x, branch) for op in ("conv1", "conv3d6", "conv3d12", "conv3d18", "gap")]
    else:
        views = [x, *(flow.add(f"grid{bins}", x, x.channels // 4) for bins in (1, 2, 3, 6))]
    return flow.join(FUSE, views, branch, x.size)


def _template(genotype: Genotype, frames: Frames, flow: Flow) -> tuple[Map, int]:
    adapt, head = int(_setting(genotype, "adapt")), int(_setting(genotype, "head"))
    multiplier = int(_setting(genotype, "multiplier"))
    taps = _encoder(TAPS[1], frames, flow)
    known = {name: taps[name] for name in genotype.net.inputs}
    if adapt:
        known = {name: flow.add("conv1", x, adapt) for name, x in known.items()}

    def make(node: Node, inputs: Sequence[Map]) -> Map:
        first, second = inputs
        widen = multiplier ** (node.stride.bit_length() - 1)
        for number in range(node.repeat):
            made = _template_instance(genotype.cells[node.op], (first, second), node, widen if number == 0 else 1, flow)
            first, second = second, made
        return second

    outputs = flow.graph(genotype.net, known, make)
    return flow.join(RELU_FUSE, outputs, head, common_size(outputs, "larger")), 3


def _template_instance(template: Graph, inputs: Sequence[Map], row: Node, widen: int, flow: Flow) -> Map:
    def make(node: Node, sources: Sequence[Map]) -> Map:
        channels = max(x.channels for x in sources)
        if OPERATIONS[node.op].group == "aggregation":
            return flow.primitive(replace(node, align=row.align), sources, channels)
        if set(node.inputs) <= set(template.inputs):
            return flow.primitive(replace(node, stride=row.stride), sources, channels * widen)
        return flow.primitive(node, sources, channels)

    return flow.graph(template, dict(zip(template.inputs, inputs, strict=True)), make)[0]


def _decoder(genotype: Genotype, frames: Frames, flow: Flow) -> tuple[Map, int]:
    channels = int(_setting(genotype, "channels"))
    taps = _encoder(TAPS[3], frames, flow)

    def make(node: Node, inputs: Sequence[Map]) -> Map:
        if node.op in genotype.cells:
            cell = genotype.cells[node.op]
            return flow.graph(cell, dict(zip(cell.inputs, inputs, strict=True)), make)[0]
        return flow.primitive(node, inputs, channels)

    adapted = {name: flow.add("conv1", taps[name], channels) for name in genotype.net.inputs}
    outputs = flow.graph(genotype.net, adapted, make)
    return flow.join(RELU_FUSE, outputs, channels, common_size(outputs, "larger")), 3


def _encoder(deepest: str, frames: Frames, flow: Flow) -> dict[str, Map]:
    """One piece as deep as it goes; what is read on the way costs nothing more."""
    channels, stride = MOBILENET[deepest]
    flow.add(f"{ENCODER}:{deepest}", frames.map, channels, stride)
    return {name: _tap(channels, stride, frames.size) for name, (channels, stride) in MOBILENET.items()}


def _dynamic(genotype: Genotype, frames: Frames) -> Work:
    assert genotype.static is not None
    static, channels = genotype.static, int(_setting(genotype, "channels"))
    under = below(static, frames.classes, frames.in_channels)
    taps, dec = under.taps, under.dec
    coarser = round(1 / float(_setting(genotype, "step_scale")))
    seen = {name: _tap(c, stride * coarser, frames.size) for name, (c, stride) in taps.items()}
    before = {PREVIOUS + name: x for name, x in seen.items()} | {PREVIOUS + "dec": _tap(*dec, frames.size)}
    read = [name for name in genotype.net.inputs if name.removeprefix(PREVIOUS) in (*taps, "dec")]
    kept = [before[PREVIOUS + "dec"], *(before[name] for name in read if name != PREVIOUS + "dec" and name in before)]
    flow = Flow()
    deepest = [name for name in taps if name in read or PREVIOUS + name in read][-1:]
    for name in deepest:
        x = seen[name]
        op = f"{ENCODE}:{under.fingerprint}:{name}"
        flow.add(op, frames.map, x.channels, x.stride)
    adapted = {name: flow.add("conv1", {**seen, **before}[name], channels) for name in read}

    def make(node: Node, inputs: Sequence[Map]) -> Map:
        return flow.primitive(node, inputs, channels)

    outputs = flow.graph(genotype.net, adapted, make)
    last = flow.join(FUSE, outputs, dec[0], before[PREVIOUS + "dec"].size)
    # the cell's classifier is a copy of the static network's
    flow.add(f"{CLASSES}{1 if static.kind == 'lgc' else 3}", last, frames.classes, to=frames.size)
    carried = tuple(Piece(CARRY, x.channels, x.channels, *x.size) for x in kept)
    given = tuple(replace(piece, op=GIVE) for piece in carried)
    return Work((START, whole(under.fingerprint, frames), *given), (START, *flow.pieces, *carried))


@dataclass(frozen=True, slots=True)
class Below:
    """A static network as a dynamic cell sees it: channels and stride of its taps and of ``dec``."""

    fingerprint: str
    taps: Mapping[str, tuple[int, int]]
    dec: tuple[int, int]


def below(static: Genotype, classes: int, in_channels: int) -> Below:
    return _below(to_json(static), classes, in_channels)


@lru_cache(maxsize=8)
def _below(static: str, classes: int, in_channels: int) -> Below:
    import torch

    from segsmith.networks.build import build_static

    genotype = from_json(static)
    with torch.device("meta"):
        network = build_static(genotype, classes, in_channels)
    taps = {name: (tap.channels, tap.stride) for name, tap in network.taps.items()}
    return Below(fingerprint(genotype), taps, (network.dec.channels, network.dec.stride))


def _tap(channels: int, stride: int, size: Size) -> Map:
    return Map(channels, stride, (-(-size[0] // stride), -(-size[1] // stride)))


def _setting(genotype: Genotype, name: str) -> Setting:
    return genotype.settings.get(name, KINDS[genotype.kind][1][name])
