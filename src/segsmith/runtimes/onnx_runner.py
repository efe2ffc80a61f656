"""Exported networks in ONNX Runtime."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidGraph,
    InvalidProtobuf,
    NotImplemented,
    RuntimeException,
)

from segsmith.errors import UserError
from segsmith.runtimes.card import Card
from segsmith.runtimes.graphs import SCENE, STEP
from segsmith.runtimes.pages import Pages
from segsmith.runtimes.runner import Runner

CPU = "CPUExecutionProvider"
ERRORS = 3
SETTLED = 3
"""Runs after which the runtime has the memory that it keeps: it plans it after the first."""


class OnnxRunner(Runner):
    """Sessions by part, from files or from models in memory. With 0 threads the runtime decides.

    Between two nodes its threads spin; where something else needs the processor, ``spinning`` False may be faster.
    """

    backend = "onnxruntime"

    def __init__(
        self,
        models: Mapping[str, Path | bytes],
        threads: int = 0,
        providers: Sequence[str] = (CPU,),
        spinning: bool = True,
    ) -> None:
        require_providers(providers)
        options = session_options(threads, spinning)
        self.pages, self.asked = Pages(), Counter[tuple[object, ...]]()
        self.parts = tuple(models)
        self.sessions = {part: open_session(model, options, providers) for part, model in models.items()}
        path = next((model for model in models.values() if isinstance(model, Path)), Path("model"))
        self.card = Card.read(next(iter(self.sessions.values())).get_modelmeta().custom_metadata_map, path)
        self.meta, self.size = self.card.meta, self.card.size
        self.outputs = {part: [o.name for o in session.get_outputs()] for part, session in self.sessions.items()}
        self.tells_scene = SCENE in self.outputs.get(STEP, ())

    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        found = self.sessions[part].run(None, dict(inputs))
        asked = part, *(np.shape(value) for value in inputs.values())
        self.asked[asked] += 1
        if self.asked[asked] == SETTLED:
            self.pages.settle()
        return dict(zip(self.outputs[part], found, strict=True))


def session_options(threads: int = 0, spinning: bool = True) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = ERRORS
    # key and step are two sessions: threads that spin on after a run would hold the cores which the other needs
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if not spinning:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def open_session(model: Path | bytes, options: Any, providers: Sequence[str] = (CPU,)) -> Any:
    try:
        return ort.InferenceSession(model, options, providers=list(providers))
    except (Fail, InvalidGraph, InvalidProtobuf, NotImplemented, RuntimeException) as error:
        reason = str(error).partition("\n")[0]
        path = model if isinstance(model, Path) else None
        raise UserError(f"ONNX Runtime does not load it: {reason}", fix="export it again", path=path) from None


def require_providers(providers: Sequence[str]) -> None:
    known = ort.get_available_providers()
    for name in providers:
        if name not in known:
            raise UserError(f"ONNX Runtime has no provider {name!r} here", fix=f"it has {', '.join(known)}")
