"""Networks in torch: as this project runs them, and as torch does when nobody does anything about it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from segsmith.deploy.benchmark.frame import FAINT
from segsmith.networks.build import VideoNetwork
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.meta import Meta
from segsmith.networks.sizes import upsample
from segsmith.runtimes.graphs import CLASSES, FRAME, KEY, NEXT, STATE, looked
from segsmith.runtimes.runner import Frames, Runner
from segsmith.runtimes.torch_runner import TorchRunner, as_tensor


class DrawnRunner(TorchRunner):
    """With the class map of ``picture``, where there is one, whatever the network answers."""

    def __init__(self, network: VideoNetwork, meta: Meta, device: str, picture: Tensor | None) -> None:
        super().__init__(network, meta, device)
        self.picture = None if picture is None else picture.to(self.device)

    def _classes(self, logits: Tensor, frames: Tensor) -> Frames:
        return super()._classes(logits if self.picture is None else logits * FAINT + self.picture, frames)

    @torch.inference_mode()
    def prepared(self, part: str, frames: Frames) -> Tensor:
        seen: Tensor = self.graphs[part].prepare(as_tensor(frames, self.device))
        return seen


class GraphRunner(Runner):
    """The graph alone of a runner in torch: the frame is what its ``prepared`` gives."""

    backend = "torch"

    def __init__(self, whole: DrawnRunner) -> None:
        self.meta, self.parts, self.whole = whole.meta, whole.parts, whole

    @torch.inference_mode()
    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        graph = self.whole.graphs[part]
        state = {name: inputs[STATE + name] for name in graph.state if part != KEY}
        answered = advanced(graph.network, part, inputs[FRAME], state)
        if self.whole.device.type == "cuda":
            torch.cuda.synchronize()
        return {NEXT + name: value for name, value in answered[1].items()}


def advanced(
    network: VideoNetwork, part: str, seen: Tensor, state: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    if part == KEY:
        return network.key(seen)
    assert isinstance(network, DynamicNetwork)
    return network.advance(looked(network, seen), state)


class EagerRunner(Runner):
    """Channels first, batch norms as they are; all logits enlarged, the largest taken."""

    backend = "eager"

    def __init__(self, network: VideoNetwork, meta: Meta, parts: tuple[str, ...], picture: Tensor | None) -> None:
        self.network, self.meta, self.parts, self.picture = network.eval(), meta, parts, picture
        self.mean, self.std = (torch.tensor(values)[:, None, None] for values in (meta.mean, meta.std))

    @torch.inference_mode()
    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        frames = as_tensor(inputs[FRAME], torch.device("cpu"))
        logits, after = self.answer(part, self.prepared(frames), inputs)
        drawn = logits if self.picture is None else logits * FAINT + self.picture
        classes = upsample(drawn, (frames.shape[1], frames.shape[2])).argmax(1).to(torch.uint8)
        return {CLASSES: classes.numpy(), **{NEXT + name: value for name, value in after.items()}}

    def answer(self, part: str, seen: Tensor, inputs: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        if part == KEY:
            return self.network.key(seen)
        state = {name.removeprefix(STATE): value for name, value in inputs.items() if name.startswith(STATE)}
        return self.network.step(seen, state)

    def prepared(self, frames: Tensor) -> Tensor:
        pixels = frames.permute(0, 3, 1, 2).contiguous().float() / 255
        if any(self.meta.size):
            pixels = F.interpolate(pixels, self.meta.size, mode="bilinear", align_corners=False)
        return (pixels - self.mean) / self.std


class EagerGraph(EagerRunner):
    """From normalised floats to logits."""

    @torch.inference_mode()
    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        _, after = self.answer(part, inputs[FRAME], inputs)
        return {NEXT + name: value for name, value in after.items()}


def seen_by(runner: EagerRunner, frames: Frames) -> Tensor:
    return runner.prepared(torch.from_numpy(np.copy(frames)))
