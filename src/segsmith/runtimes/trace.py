"""A part of a network as a program that torch has recorded, and as an ONNX model."""

import ast
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import onnx
import torch
from torch.export import Dim, ExportedProgram

from segsmith.ops.blocks import Size
from segsmith.runtimes.graphs import FRAME, PartGraph

OPSET = 18
EXAMPLE = (136, 232)
"""Any size will do whose features differ in height and width and are nowhere 1, which torch would take for a rule."""
BATCH = 2
NOISY = ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")
SCOPES = "pkg.torch.onnx.name_scopes"


def record(graph: PartGraph, size: Size | None) -> ExportedProgram:
    """The graph for any number of frames, of one size or of any. Its network is left without activations in place."""
    for part in graph.modules():
        # torch takes seconds to record what writes in place
        if hasattr(part, "inplace"):
            cast(Any, part).inplace = False
    frame, *state = (_free(name, size) for name in graph.inputs)
    with silent(), torch.no_grad():
        examples = graph.examples(*(size or EXAMPLE), BATCH)
        return torch.export.export(graph.eval(), examples, dynamic_shapes=(frame, *([tuple(state)] if state else [])))


def to_onnx(program: ExportedProgram, graph: PartGraph, opset: int = OPSET) -> onnx.ModelProto:
    """The same as an ONNX model whose nodes are called after the modules that they come from."""
    with silent(), torch.no_grad():
        made = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=opset,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            verbose=False,
        )
        assert made is not None
        model = made.model_proto
    name_nodes(model)
    return model


def name_nodes(model: onnx.ModelProto) -> None:
    """Call every node MODULE/OPERATION_NUMBER and its value likewise (ONNX Runtime calls what it fuses after values).

    The exporter's notes go: they hold paths of this machine.
    """
    module, values = "", dict[str, str]()
    kept = {value.name for value in model.graph.output} | {""}
    for number, node in enumerate(model.graph.node):
        notes = {note.key: note.value for note in node.metadata_props}
        if SCOPES in notes:
            scopes = ast.literal_eval(notes[SCOPES])
            module = scopes[-2].removeprefix("network.") if len(scopes) > 1 else ""
        node.name = f"{module}/{node.op_type}_{number}"
        values |= {name: f"{node.name}/{place}" for place, name in enumerate(node.output) if name not in kept}
        node.input[:] = [values.get(name, name) for name in node.input]
        node.output[:] = [values.get(name, name) for name in node.output]
        del node.metadata_props[:]
        node.doc_string = ""
    for info in model.graph.value_info:
        info.name = values.get(info.name, info.name)
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        if not isinstance(value, onnx.TensorProto):
            del value.metadata_props[:]
        value.doc_string = ""
    del model.graph.metadata_props[:]


def _free(name: str, size: Size | None) -> Mapping[int, object]:
    """Which dimensions of an input are not fixed."""
    if size is not None:
        return {0: Dim.DYNAMIC}
    sides = (1, 2) if name == FRAME else (2, 3)
    return dict.fromkeys((0, *sides), Dim.DYNAMIC)


@contextmanager
def silent() -> Iterator[None]:
    """Keep back what torch and its exporter say about themselves."""
    loggers = [logging.getLogger(name) for name in NOISY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*LeafSpec", FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
