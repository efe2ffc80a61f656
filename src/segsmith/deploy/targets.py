"""Writing an exported part: as ONNX, as OpenVINO's own format, as a program of torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnx
from torch.export import ExportedProgram

from segsmith.runtimes.card import Card
from segsmith.runtimes.graphs import LOGITS, PartGraph
from segsmith.runtimes.onnx_runner import open_session, session_options
from segsmith.runtimes.openvino_runner import SECTION, SINGLE, core
from segsmith.runtimes.torch_runner import save_program

Values = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Made:
    """One part of a network, recorded. ``model`` is there for ONNX and for what is made of it; it gives logits."""

    graph: PartGraph
    program: ExportedProgram
    model: onnx.ModelProto | None = None


def write_onnx(made: Made, card: Card, path: Path, logits: bool) -> None:
    onnx.save(described(made, card, logits), path)


def write_openvino(made: Made, card: Card, path: Path, logits: bool) -> None:
    import openvino

    model = core().read_model(described(made, card, logits).SerializeToString())
    for name, value in card.words().items():
        model.set_rt_info(value, [SECTION, name])
    openvino.save_model(model, path, compress_to_fp16=card.precision == "fp16")


def write_program(made: Made, card: Card, path: Path, logits: bool) -> None:
    save_program(made.program, made.graph, card, path)


def described(made: Made, card: Card, logits: bool) -> onnx.ModelProto:
    """The model with its description, and with logits only where they are asked for."""
    assert made.model is not None
    model = onnx.ModelProto()
    model.CopyFrom(made.model)
    if not logits:
        (output,) = [output for output in model.graph.output if output.name == LOGITS]
        model.graph.output.remove(output)
    del model.metadata_props[:]
    for name, value in card.words().items():
        model.metadata_props.add(key=name, value=value)
    model.producer_name = "segsmith"
    model.producer_version = card.versions.get("segsmith", "")
    return model


def run_onnx(model: onnx.ModelProto, inputs: Values) -> Values:
    session = open_session(model.SerializeToString(), session_options())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))


def run_openvino(model: onnx.ModelProto, inputs: Values) -> Values:
    runtime = core()
    compiled = runtime.compile_model(runtime.read_model(model.SerializeToString()), "CPU", SINGLE)
    found = compiled(dict(inputs))
    return {name: found[name] for name in (output.name for output in model.graph.output)}


@dataclass(frozen=True)
class Target:
    """``native`` says whether the runtime has deformable convolution as one operator; ``run`` runs an ONNX model in
    it, where it is made of one."""

    suffix: str
    write: Callable[[Made, Card, Path, bool], None]
    backend: str
    run: Callable[[onnx.ModelProto, Values], Values] | None = None
    native: bool = False
    precisions: tuple[str, ...] = ("fp32", "fp16", "int8")

    @property
    def by_onnx(self) -> bool:
        return self.run is not None


TARGETS: Mapping[str, Target] = {
    "onnx": Target(".onnx", write_onnx, "onnxruntime", run_onnx, native=True),
    "openvino": Target(".xml", write_openvino, "openvino", run_openvino),
    "torch-export": Target(".pt2", write_program, "torch-export", precisions=("fp32", "fp16")),
}
