"""Eight-bit networks by calibration: scales are set from what flows on training frames."""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from segsmith.deploy.clips import Clips
from segsmith.deploy.targets import Made, described
from segsmith.runtimes.card import Card
from segsmith.runtimes.graphs import FRAME, KEY, STATE, STEP
from segsmith.runtimes.onnx_runner import OnnxRunner

OPERATIONS = ["Conv"]
"""What computes in eight bits. Sums of coordinates and the class map must not."""


def quantised(made: Mapping[str, Made], card: Card, clips: Clips) -> dict[str, Made]:
    """The same parts with convolutions in eight bits, weights by channel."""
    seen = inputs_on(made, card, clips)
    found = {}
    for part, one in made.items():
        assert one.model is not None
        found[part] = replace(one, model=in_eight_bits(one.model, seen[part]))
    return found


def inputs_on(made: Mapping[str, Made], card: Card, clips: Clips) -> dict[str, list[dict[str, Any]]]:
    """What each part is given on the clips: every frame for the key part, all but the first of a clip for the step."""
    models = {part: described(one, replace(card, part=part), True).SerializeToString() for part, one in made.items()}
    runner = OnnxRunner(models)
    inputs: dict[str, list[dict[str, Any]]] = {part: [] for part in made}
    for clip in clips:
        state = None
        for image, _ in clip:
            inputs[KEY].append({FRAME: image[None]})
            if state is None:
                state = runner.key(image[None]).state
                continue
            if STEP in made:
                carried = {STATE + name: value for name, value in state.tensors.items()}
                inputs[STEP].append({FRAME: image[None], **carried})
            state = runner.step(image[None], state).state
    return inputs


class Reader(CalibrationDataReader):  # type: ignore[misc]  # ONNX Runtime tells no types
    def __init__(self, inputs: list[dict[str, Any]]) -> None:
        self.inputs = iter(inputs)

    def get_next(self) -> dict[str, Any] | None:
        return next(self.inputs, None)


def in_eight_bits(model: onnx.ModelProto, inputs: list[dict[str, Any]]) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder, _silent():
        plain, done = Path(folder) / "plain.onnx", Path(folder) / "done.onnx"
        onnx.save(model, plain)
        quantize_static(
            plain,
            done,
            Reader(inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=OPERATIONS,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(done)


@contextmanager
def _silent() -> Iterator[None]:
    """It advises, by the root logger, to simplify the model first; the exporter has done so."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
