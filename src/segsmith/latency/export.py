"""Modules as ONNX models. Recording and translating take longer for each model than for what is in it, so many pieces
are exported as one and cut apart."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from segsmith.latency.surrounded import Surrounded
from segsmith.runtimes.fold import fold
from segsmith.runtimes.graphs import PartGraph
from segsmith.runtimes.native import OPSET as NATIVE_OPSET
from segsmith.runtimes.native import NativeDeformable, deforms, use_native
from segsmith.runtimes.trace import BATCH, OPSET, silent, to_onnx

TOGETHER = 16
Module = TypeVar("Module", bound=nn.Module)


class Bundle(nn.Module):
    """Pieces side by side, each with inputs and outputs of its own."""

    def __init__(self, parts: Sequence[Surrounded]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.examples = [part.examples(BATCH) for part in parts]
        self.counts = [len(example) for example in self.examples]

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        for part, own in zip(self.parts, split(given, self.counts), strict=True):
            found += part(*own)
        return tuple(found)


def exported(parts: Sequence[Surrounded], native: bool) -> list[onnx.ModelProto]:
    """A model for each, batch norms folded, for any number of frames as networks are exported. ``native`` takes the
    runtime's own deformable convolution."""
    bundle = still(Bundle([fold(part) for part in parts])).requires_grad_(False)
    flat = tuple(x for example in bundle.examples for x in example)
    with silent(), torch.no_grad():
        results = [len(part(*example)) for part, example in zip(bundle.parts, bundle.examples, strict=True)]
        if native and deforms(bundle):
            use_native(bundle)
        inputs = tuple(f"in{n}" for n in range(len(flat)))
        outputs = tuple(f"out{n}" for n in range(sum(results)))
        model = exported_module(bundle, flat, inputs, outputs, free=True)
    cutter = onnx.utils.Extractor(model)
    pairs = zip(split(inputs, bundle.counts), split(outputs, results), strict=True)
    return [cutter.extract_model(list(ins), list(outs)) for ins, outs in pairs]


def exported_module(
    module: nn.Module,
    examples: tuple[Tensor, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    opset: int = 0,
    free: bool = False,
) -> onnx.ModelProto:
    """``free``: for any number of frames. A model that deforms natively needs a newer opset than others."""
    natively = any(isinstance(part, NativeDeformable) for part in module.modules())
    each = tuple({0: Dim.DYNAMIC} for _ in examples)
    # torch takes *given for one argument
    shapes = ((each,) if isinstance(module, Bundle) else each) if free else None
    program = torch.export.export(module.eval(), examples, dynamic_shapes=shapes)
    named = cast(PartGraph, Names(inputs, outputs))
    return to_onnx(program, named, opset or (NATIVE_OPSET if natively else OPSET))


def still(module: Module) -> Module:
    """Without activations in place, which take seconds to record."""
    for part in module.modules():
        if hasattr(part, "inplace"):
            cast(Any, part).inplace = False
    return module


class Names:
    """All that ``to_onnx`` asks of a graph."""

    def __init__(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self.inputs, self.outputs = inputs, outputs


def split(values: Sequence[Any], counts: Sequence[int]) -> list[Sequence[Any]]:
    places = [sum(counts[:n]) for n in range(len(counts))]
    return [values[place : place + count] for place, count in zip(places, counts, strict=True)]
