"""Models as files, each with the inputs that it is timed on: the whole frame, and the graph alone, cut out of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor

from segsmith.deploy.benchmark.frame import FAINT, frame_of, street_logits
from segsmith.deploy.benchmark.subjects import EXPORTED, FOREIGN, TRAINED, Subject, meta_of, network_of, unknown
from segsmith.deploy.targets import Made, described, run_onnx
from segsmith.errors import UserError
from segsmith.networks.build import VideoNetwork
from segsmith.networks.meta import Meta
from segsmith.ops.blocks import Size
from segsmith.runtimes.card import Card
from segsmith.runtimes.fold import fold
from segsmith.runtimes.graphs import FRAME, KEY, LOGITS, NEXT, STATE, PartGraph, Wanted, parts_of
from segsmith.runtimes.native import OPSET as NATIVE_OPSET
from segsmith.runtimes.native import deforms, use_native
from segsmith.runtimes.trace import OPSET, record, to_onnx

GRAPH, WHOLE = "graph", "frame"
"""What is timed: from normalised floats to logits; or from a camera's bytes to a class map of the same size."""
PREPARE = "prepare/"

Values = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Files:
    """Models by part. ``inputs`` holds, by part, what they are given beside the state."""

    models: Mapping[str, Path]
    inputs: Mapping[str, Path]


Scopes = Mapping[str, Files]


class Drawn(PartGraph):
    """The class map is that of a street, whatever the network answers; it waits for the answer all the same."""

    picture: Tensor

    def __init__(self, network: VideoNetwork, meta: Meta, part: str, picture: Tensor) -> None:
        super().__init__(network, meta, part, Wanted(logits=True))
        self.register_buffer("picture", picture, persistent=False)

    def answers(self, logits: Tensor, frame: Tensor) -> tuple[Tensor, ...]:
        return super().answers(logits * FAINT + self.picture, frame)[0], logits


def scopes_of(subject: Subject, backend: str, size: Size, classes: int, folder: Path) -> Scopes:
    """The subject's models in a folder of their own, as the backend wants them."""
    folder.mkdir(parents=True)
    if subject.kind == FOREIGN:
        return {GRAPH: adopted(subject.files[KEY], size, folder)}
    if subject.kind != EXPORTED:
        models = exported(subject, size, classes, native=backend == "onnxruntime")
    elif next(iter(subject.files.values())).suffix == ".onnx":
        models = {part: onnx.load(path) for part, path in subject.files.items()}
    else:
        frame = {FRAME: frame_of(size, 3)}
        return {WHOLE: Files(subject.files, {part: kept(frame, folder / f"{part}.npz") for part in subject.files})}
    scopes = {WHOLE: written({part: (model, whole_inputs(model, size)) for part, model in models.items()}, folder)}
    cores = {part: core(model, whole_inputs(model, size)) for part, model in models.items()}
    if all(cores.values()):
        scopes[GRAPH] = written(cast(Any, cores), folder / GRAPH)
    return scopes


def exported(subject: Subject, size: Size, classes: int, native: bool) -> dict[str, onnx.ModelProto]:
    """As ``segsmith export --size`` makes them, but not proven: there may be no weights."""
    network, meta = network_of(subject, classes)
    ready = fold(network).requires_grad_(False)
    picture = None if subject.kind == TRAINED else street_logits(*logits_shape(network, meta, size))
    native = native and deforms(ready)
    if native:
        use_native(ready)
    card = Card(meta, KEY, size, deform="native" if native else "grid")
    models = {}
    for part in parts_of(network):
        plain = PartGraph(ready, meta, part, Wanted(logits=True))
        graph = plain if picture is None else Drawn(ready, meta, part, picture)
        program = record(graph, size)
        model = to_onnx(program, graph, NATIVE_OPSET if native else OPSET)
        models[part] = described(Made(graph, program, model), card, False)
    return models


@torch.inference_mode()
def logits_shape(network: VideoNetwork, meta: Meta, size: Size) -> tuple[int, Size]:
    """How many classes a network gives for frames of a size, and at which size."""
    logits, _ = network.key(torch.zeros(1, meta.in_channels, *size))
    return logits.shape[1], (logits.shape[2], logits.shape[3])


def whole_inputs(model: onnx.ModelProto, size: Size) -> Values:
    (frame,) = [value for value in model.graph.input if value.name == FRAME]
    return {FRAME: frame_of(size, frame.type.tensor_type.shape.dim[3].dim_value)}


def core(model: onnx.ModelProto, given: Values) -> tuple[onnx.ModelProto, Values] | None:
    """The model between what prepares a frame and what makes a class map, and what it is given then."""
    graph = model.graph
    before = {name for node in graph.node if node.name.startswith(PREPARE) for name in node.output}
    behind = [node for node in graph.node if not node.name.startswith(PREPARE)]
    start = sorted({name for node in behind for name in node.input} & before)
    ends = [LOGITS, *(value.name for value in graph.output if value.name.startswith(NEXT))]
    if not start or LOGITS not in {name for node in graph.node for name in node.output}:
        return None
    cutter = onnx.utils.Extractor(model)
    for name in {*start, LOGITS} - set(cutter.value_infos):
        cutter.value_infos[name] = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
    states = [value.name for value in graph.input if value.name.startswith(STATE)]
    seen = dict(run_onnx(cutter.extract_model([FRAME], start), given))
    cut = cutter.extract_model([*start, *states], ends)
    if any(FRAME in node.input for node in cut.graph.node):
        # a graph for any size asks the frame for its own
        cut, seen = cutter.extract_model([FRAME, *start, *states], ends), seen | given
    cut.metadata_props.extend(model.metadata_props)
    return cut, seen


def adopted(path: Path, size: Size, folder: Path) -> Files:
    """Somebody else's file, described as if it were an export, so that every runtime opens it as one."""
    model = onnx.load(path)
    card = Card(meta_of(unknown(f"file:{path.name}"), 1), KEY)
    inputs = {value.name: something(value, size, path) for value in model.graph.input}
    weights = {tensor.name for tensor in model.graph.initializer}
    for name, word in card.words().items():
        model.metadata_props.add(key=name, value=word)
    return written({KEY: (model, {name: value for name, value in inputs.items() if name not in weights})}, folder)


def something(value: onnx.ValueInfoProto, size: Size, path: Path) -> npt.NDArray[Any]:
    """Random values of the right kind and shape: what is free is 1, or a side of the frame."""
    kind = value.type.tensor_type
    sides = [side.dim_value for side in kind.shape.dim]
    if len(sides) == 4:
        last = sides[3] <= 4 and sides[3] > 0
        free = [1, *size, sides[3]] if last else [1, 3, *size]
        sides = [side or other for side, other in zip(sides, free, strict=True)]
    shape = [side or 1 for side in sides]
    wanted = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    chance = np.random.default_rng(0)
    if np.issubdtype(wanted, np.integer):
        return chance.integers(0, 256 if wanted == np.uint8 else 2, shape).astype(wanted)
    if not np.issubdtype(wanted, np.floating):
        raise UserError(f"its input {value.name} holds {wanted}", fix="give a model of pictures", path=path)
    return chance.standard_normal(shape).astype(wanted)


def written(parts: Mapping[str, tuple[onnx.ModelProto, Values]], folder: Path) -> Files:
    folder.mkdir(parents=True, exist_ok=True)
    models, inputs = {}, {}
    for part, (model, given) in parts.items():
        models[part] = folder / (f"net-{part}.onnx" if len(parts) > 1 else "net.onnx")
        onnx.save(model, models[part])
        inputs[part] = kept(given, folder / f"{part}.npz")
    return Files(models, inputs)


def kept(values: Values, path: Path) -> Path:
    np.savez(path, **cast(Any, values))
    return path
