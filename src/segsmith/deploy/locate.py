"""Where an exported network begins to differ from the one in torch: the first module whose output does."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from segsmith.runtimes.graphs import PartGraph

Values = Mapping[str, npt.NDArray[Any]]
Run = Callable[[onnx.ModelProto, Values], Values]
"""Runs a model and gives all its outputs by name."""

TOLERANCE = {"fp32": 1e-3, "fp16": 5e-2}
"""How far an output may be off, relative to its largest value."""


def first_difference(graph: PartGraph, model: onnx.ModelProto, inputs: Values, run: Run, tolerance: float) -> str:
    """Names the first module, in the order of computing, whose output differs, and its node; empty if none does.

    The graph's outputs are outputs of modules, too: what is found empty differs in how the whole is put together.
    """
    expected = outputs_by_module(graph, inputs)
    nodes = last_nodes(model)
    watched = {path: nodes[path] for path in expected if path in nodes}
    found = run(showing(model, [node.output[0] for node in watched.values()]), inputs)
    for path, node in watched.items():
        ours, theirs = expected[path].astype(np.float64), found[node.output[0]].astype(np.float64)
        if ours.shape != theirs.shape:
            continue
        difference = float(np.abs(ours - theirs).max()) if ours.size else 0.0
        if not difference <= tolerance * max(float(np.abs(ours).max()), 1e-6):
            return f"{path} (node {node.name}: off by {difference:.3g})"
    return ""


def outputs_by_module(graph: PartGraph, inputs: Values) -> dict[str, npt.NDArray[Any]]:
    """What each module of the network gives, in the order in which they finish; the first time where there are
    several."""
    found: dict[str, npt.NDArray[Any]] = {}

    def watch(path: str) -> Callable[[nn.Module, Any, Any], None]:
        def keep(_: nn.Module, __: Any, output: Any) -> None:
            if isinstance(output, Tensor) and path not in found:
                # a copy: an activation may write over it
                found[path] = output.detach().float().numpy().copy()

        return keep

    handles = [m.register_forward_hook(watch(path)) for path, m in graph.network.named_modules() if path]
    with torch.no_grad():
        graph(*(torch.from_numpy(np.array(inputs[name])) for name in graph.inputs))
    for handle in handles:
        handle.remove()
    return found


def last_nodes(model: onnx.ModelProto) -> dict[str, onnx.NodeProto]:
    """The node that gives each module's output: the last one called after the module or a part of it."""
    found: dict[str, onnx.NodeProto] = {}
    for node in model.graph.node:
        pieces = node.name.rpartition("/")[0].split(".")
        for count in range(1, len(pieces) + 1):
            found[".".join(pieces[:count])] = node
    return found


def showing(model: onnx.ModelProto, values: list[str]) -> onnx.ModelProto:
    """The model with these inner values as outputs, too."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    known = {output.name for output in shown.graph.output}
    infos = {info.name: info for info in shown.graph.value_info}
    for name in dict.fromkeys(values):
        if name not in known:
            shown.graph.output.append(infos.get(name) or onnx.ValueInfoProto(name=name))
    return shown
