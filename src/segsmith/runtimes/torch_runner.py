"""Networks in torch itself, and programs that torch has recorded."""

import copy
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.export import ExportedProgram

from segsmith.errors import UserError
from segsmith.networks.build import VideoNetwork
from segsmith.networks.meta import Meta
from segsmith.ops.memory import channels_last
from segsmith.runtimes.card import Card
from segsmith.runtimes.classmap import class_maps
from segsmith.runtimes.fold import fold
from segsmith.runtimes.graphs import CLASSES, FRAME, LOGITS, NEXT, SCENE, STEP, PartGraph, Wanted, parts_of
from segsmith.runtimes.runner import Frames, Runner
from segsmith.runtimes.scene import scene

CARD = "segsmith.json"


class TorchRunner(Runner):
    """``folded`` False runs the network exactly as it was trained."""

    backend = "torch"

    def __init__(self, network: VideoNetwork, meta: Meta, device: str = "cpu", folded: bool = True) -> None:
        self.meta = meta
        self.parts = parts_of(network)
        self.device = torch.device(device)
        ready = fold(network) if folded else copy.deepcopy(network).eval()
        channels_last(ready)
        self.graphs = {part: PartGraph(ready, meta, part, Wanted()).to(self.device) for part in self.parts}
        self.tells_scene = STEP in self.graphs and SCENE in self.graphs[STEP].outputs

    @torch.inference_mode()
    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        graph = self.graphs[part]
        frames = as_tensor(inputs[FRAME], self.device)
        seen = graph.look(frames)
        logits, state = graph.advance(seen, frames, [inputs[name] for name in graph.inputs[1:]])
        logits = logits.float().contiguous()
        told = {SCENE: scene(seen[graph.deepest]).cpu().numpy()} if graph.deepest else {}
        return told | {
            CLASSES: self._classes(logits, frames),
            LOGITS: logits.cpu().numpy(),
            **{NEXT + name: value for name, value in state.items()},
        }

    def _classes(self, logits: Tensor, frames: Tensor) -> Frames:
        size = (frames.shape[1], frames.shape[2])
        if self.device.type == "cpu":
            return class_maps(logits.numpy(), size)
        whole = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
        return cast(Frames, whole.argmax(1).to(torch.uint8).cpu().numpy())


class ProgramRunner(Runner):
    """Programs that torch has recorded (.pt2), by part."""

    backend = "torch-export"

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.parts = tuple(files)
        loaded = {part: load_program(path) for part, path in files.items()}
        self.programs = {part: program.module() for part, (program, _) in loaded.items()}
        self.words = {part: words for part, (_, words) in loaded.items()}
        self.card = Card.read(self.words[self.parts[0]], files[self.parts[0]])
        self.meta, self.size = self.card.meta, self.card.size
        self.tells_scene = SCENE in json.loads(self.words.get(STEP, {}).get("outputs", "[]"))

    @torch.inference_mode()
    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        given = {**inputs, FRAME: as_tensor(inputs[FRAME], torch.device("cpu"))}
        found = self.programs[part](*(given[name] for name in json.loads(self.words[part]["inputs"])))
        named = dict(zip(json.loads(self.words[part]["outputs"]), found, strict=True))
        return {name: value if name.startswith(NEXT) else value.numpy() for name, value in named.items()}


def save_program(program: ExportedProgram, graph: PartGraph, card: Card, path: Path) -> None:
    words = card.words() | {"inputs": json.dumps(graph.inputs), "outputs": json.dumps(graph.outputs)}
    torch.export.save(program, path, extra_files={CARD: json.dumps(words)})


def load_program(path: Path) -> tuple[ExportedProgram, Mapping[str, str]]:
    extra = {CARD: ""}
    try:
        program = torch.export.load(path, extra_files=extra)
    except (RuntimeError, zipfile.BadZipFile, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"is damaged or no recorded program: {reason}", fix="export it again", path=path) from None
    return program, json.loads(extra[CARD] or "{}")


def as_tensor(frames: Frames, device: torch.device) -> Tensor:
    """Without a copy where frames may be written to: torch takes no others."""
    return torch.from_numpy(frames if frames.flags.writeable else np.copy(frames)).to(device)
