"""Whole networks as they will be deployed, but for their weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import onnx
import torch
from torch import Tensor, nn

from segsmith.genotype import Genotype, fingerprint
from segsmith.latency.ends import Pattern
from segsmith.latency.export import exported_module, still
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.meta import Meta
from segsmith.networks.sizes import tap_size
from segsmith.ops.blocks import Size
from segsmith.runtimes.fold import fold
from segsmith.runtimes.graphmap import class_map
from segsmith.runtimes.graphs import NEXT, STEP, PartGraph, Wanted, parts_of
from segsmith.runtimes.native import deforms, use_native
from segsmith.runtimes.trace import silent

RAW = "raw"
"""Logits, before they become the class map of a street."""


class Body(PartGraph):
    """From bytes to logits, and the state."""

    def __init__(self, network: VideoNetwork, meta: Meta, part: str) -> None:
        super().__init__(network, meta, part, Wanted())
        self.outputs = (RAW, *(NEXT + name for name in self.state))

    def forward(self, frame: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        logits, after = self.run(frame, state)
        return logits.to(torch.float32), *(after[name] for name in self.state)


@dataclass(frozen=True)
class Whole:
    """A part of a network: what gives logits, and the class map that follows."""

    body: Body
    head: tuple[int, Size, Size]
    """Classes, the size of the logits, that of the frame."""
    name: str
    """Of equal ones the same: key frames of cells that keep the same of one static network are."""

    def examples(self) -> tuple[Tensor, ...]:
        return self.body.examples(*self.head[2], 1)


def wholes_of(genotype: Genotype, size: Size, classes: int, in_channels: int = 3) -> dict[str, Whole]:
    """By part: key, and step where there is one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = fold(build(genotype, classes, in_channels)).requires_grad_(False)
    meta = Meta(genotype, tuple(map(str, range(classes))), (), (0.5,) * in_channels, (0.25,) * in_channels)
    head = classes, tap_size(size, network.static.dec), size
    bodies = {part: Body(network, meta, part).eval() for part in parts_of(network)}
    return {part: Whole(body, head, _name(genotype, part, body)) for part, body in bodies.items()}


def _name(genotype: Genotype, part: str, body: Body) -> str:
    if part == STEP or genotype.static is None:
        return f"{part} {fingerprint(genotype)}"
    return f"{part} {fingerprint(genotype.static)} {body.state} {genotype.settings.get('step_scale', 1.0)}"


def models_of(wholes: Mapping[str, Whole], native: bool) -> dict[str, onnx.ModelProto]:
    """Exporting the class map along with each network would take five times as long: the two are put together."""
    found = {}
    for part, whole in wholes.items():
        with silent(), torch.no_grad():
            examples = whole.examples()
            if native and deforms(whole.body):
                use_native(whole.body)
            body = exported_module(still(whole.body), examples, whole.body.inputs, whole.body.outputs)
        head = _head(*whole.head, body.opset_import[0].version)
        found[part] = onnx.compose.merge_models(body, head, io_map=[(RAW, f"head/{RAW}")])
    return found


class _Head(nn.Module):
    def __init__(self, classes: int, size: Size, frame: Size) -> None:
        super().__init__()
        self.pattern = Pattern(classes, size, frame, class_map)

    def forward(self, logits: Tensor) -> Tensor:
        found: Tensor = self.pattern(logits)
        return found


@cache
def _head(classes: int, size: Size, frame: Size, opset: int) -> onnx.ModelProto:
    examples = (torch.zeros(2, classes, *size),)
    with silent(), torch.no_grad():
        model = exported_module(_Head(classes, size, frame), examples, (RAW,), ("classes",), opset, free=True)
    return onnx.compose.add_prefix(model, "head/")
