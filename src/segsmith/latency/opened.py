"""Pieces and whole networks, ready to be timed in the target's backend."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segsmith.latency.ends import Statics
from segsmith.latency.export import TOGETHER, exported
from segsmith.latency.piece import Piece
from segsmith.latency.surrounded import surrounded
from segsmith.latency.target import Target
from segsmith.latency.whole import Whole, models_of
from segsmith.ops.memory import channels_last
from segsmith.runtimes.classmap import class_maps
from segsmith.runtimes.fold import fold
from segsmith.runtimes.onnx_runner import open_session, session_options
from segsmith.runtimes.openvino_runner import SINGLE, core

Call = Callable[[], object]
Told = Callable[[int], None]
"""How many are ready."""


def piece_models(pieces: Sequence[Piece], statics: Statics, native: bool, told: Told) -> list[onnx.ModelProto]:
    """In their order."""
    found: list[onnx.ModelProto] = []
    for place in range(0, len(pieces), TOGETHER):
        found += exported([surrounded(piece, statics) for piece in pieces[place : place + TOGETHER]], native)
        told(len(found))
    return found


def open_pieces(pieces: Sequence[Piece], statics: Statics, target: Target, told: Told = lambda n: None) -> list[Call]:
    if target.backend in ("torch", "cuda"):
        device, kind = _device(target)
        made = [fold(surrounded(piece, statics, class_maps_of)) for piece in pieces]
        return [_torch_call(module, module.examples(1), device, kind) for module in made]
    models = piece_models(pieces, statics, target.backend == "onnxruntime", told)
    return [_model_call(model, target) for model in models]


def open_whole(wholes: Mapping[str, Whole], target: Target, known: dict[str, Call] | None = None) -> dict[str, Call]:
    """By part. What is ``known`` by its name is not opened again, and what is opened becomes known."""
    known = {} if known is None else known
    new = {part: whole for part, whole in wholes.items() if whole.name not in known}
    if target.backend in ("torch", "cuda"):
        device, kind = _device(target)
        made = {part: _torch_call(_Mapped(whole), whole.examples(), device, kind) for part, whole in new.items()}
    else:
        models = models_of(new, target.backend == "onnxruntime")
        made = {part: _model_call(model, target) for part, model in models.items()}
    known.update({new[part].name: call for part, call in made.items()})
    return {part: known[whole.name] for part, whole in wholes.items()}


class _Mapped(nn.Module):
    """A network and its class map, as torch runs them."""

    def __init__(self, whole: Whole) -> None:
        from segsmith.latency.ends import Pattern

        super().__init__()
        self.body = whole.body
        self.pattern = Pattern(*whole.head, class_maps_of)

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        logits, *state = self.body(*given)
        return self.pattern(logits), *state


def class_maps_of(logits: Tensor, height: int, width: int) -> Tensor:
    """As the torch runner makes them."""
    if logits.device.type == "cpu":
        return torch.from_numpy(class_maps(logits.float().contiguous().numpy(), (height, width)))
    whole = F.interpolate(logits.float(), size=(height, width), mode="bilinear", align_corners=False)
    return whole.argmax(1).to(torch.uint8)


def _torch_call(module: nn.Module, examples: tuple[Tensor, ...], device: torch.device, kind: torch.dtype) -> Call:
    module = channels_last(module.eval().to(device, kind))
    given = [x.to(device) if x.dtype == torch.uint8 else x.to(device, kind) for x in examples]
    given = [x.contiguous(memory_format=torch.channels_last) if x.dtype == kind else x for x in given]
    return partial(_run_torch, module, given)


@torch.inference_mode()
def _run_torch(module: nn.Module, given: Sequence[Tensor]) -> None:
    module(*given)
    if given[0].is_cuda:
        torch.cuda.synchronize()


def _device(target: Target) -> tuple[torch.device, torch.dtype]:
    torch.set_num_threads(target.threads)
    kind = torch.float16 if target.precision == "fp16" else torch.float32
    return torch.device("cuda" if target.backend == "cuda" else "cpu"), kind


def _model_call(model: onnx.ModelProto, target: Target) -> Call:
    raw = model.SerializeToString()
    inputs = {value.name: _example(value) for value in model.graph.input}
    if target.backend == "openvino":
        runtime = core()
        settings = SINGLE | {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": target.threads}
        request = runtime.compile_model(runtime.read_model(raw), "CPU", settings).create_infer_request()
        return partial(request.infer, inputs, share_inputs=True)
    shared = _shared_threads(target.threads)
    options = session_options(0 if shared else target.threads, spinning=shared)
    options.use_per_session_threads = not shared
    return partial(open_session(raw, options).run, None, inputs)


@cache
def _shared_threads(threads: int) -> bool:
    """One pool for all sessions: the threads of one would still spin while the next one runs."""
    import onnxruntime

    try:
        onnxruntime.set_global_thread_pool_sizes(threads, 1)
    except RuntimeError:
        return False
    return True


def _example(value: onnx.ValueInfoProto) -> Any:
    """Something of the right shape, for one frame."""
    kind = value.type.tensor_type
    shape = [side.dim_value or 1 for side in kind.shape.dim]
    chance = np.random.default_rng(0)
    if kind.elem_type == onnx.TensorProto.UINT8:
        return chance.integers(0, 256, shape, dtype=np.uint8)
    return chance.standard_normal(shape).astype(np.float32)
