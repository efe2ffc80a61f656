"""Exported networks in OpenVINO."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from segsmith.errors import UserError
from segsmith.runtimes.card import Card
from segsmith.runtimes.graphs import SCENE, STEP
from segsmith.runtimes.runner import Runner

SECTION = "segsmith"
SINGLE = {"INFERENCE_PRECISION_HINT": "f32"}


class OpenVinoRunner(Runner):
    """Compiled models by part, from .xml or .onnx files or from models in memory. With 0 threads OpenVINO decides.

    On a CPU everything runs in single precision: OpenVINO would take bfloat16 where the processor has it, and one pixel
    in a hundred would change its class. Other devices take halves where the file does.

    A request holds one question and one answer, so that each part answers one thread at a time; key and step may run at
    once.
    """

    backend = "openvino"

    def __init__(self, models: Mapping[str, Any], card: Card, threads: int = 0, device: str = "CPU") -> None:
        self.parts, self.card = tuple(models), card
        self.meta, self.size = card.meta, card.size
        settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        if device == "CPU" or card.precision != "fp16":
            settings |= SINGLE
        compiler = core()
        compiled = {part: compiler.compile_model(model, device, settings) for part, model in models.items()}
        self.requests = {part: model.create_infer_request() for part, model in compiled.items()}
        self.turns = {part: Lock() for part in compiled}
        self.outputs = {part: [output.any_name for output in model.outputs] for part, model in compiled.items()}
        self.tells_scene = SCENE in self.outputs.get(STEP, ())

    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        with self.turns[part]:
            # copies: the request writes its next answer where this one lies
            found = self.requests[part].infer(dict(inputs), share_inputs=True, share_outputs=False).to_tuple()
        return dict(zip(self.outputs[part], found, strict=True))


def core() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise UserError(f"OpenVINO does not load: {error}", fix="pip install 'segsmith[openvino]'") from None
    return openvino.Core()


def read_model(path: Path) -> tuple[Any, Card]:
    """A model and what it tells about itself: .xml with its .bin, or .onnx."""
    try:
        model = core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f"OpenVINO does not load it: {reason}", fix="export it again", path=path) from None
    if path.suffix == ".onnx":
        import onnx

        proto = onnx.load(path, load_external_data=False)
        return model, Card.read({word.key: word.value for word in proto.metadata_props}, path)
    found = model.get_rt_info()
    words = found[SECTION] if SECTION in found else {}  # noqa: SIM401 (no mapping)
    return model, Card.read({name: str(value.value) for name, value in words.items()}, path)
