"""A small video network, trained as far as its batch norms, in a run of its own, and frames to prove it on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import cast

import cv2
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from segsmith.data.base import Dataset, Image
from segsmith.data.open import open_dataset
from segsmith.deploy.clips import Clips
from segsmith.deploy.targets import Made
from segsmith.genotype import Genotype, Graph, Node
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.meta import Meta
from segsmith.spaces import LgcSpace

SIZE = (72, 104)
CLASSES = ("road", "car", "sky", "tree", "post")


def picture(seed: int, size: tuple[int, int] = SIZE) -> Image:
    """Smooth shapes that move on slowly with the seed."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    waves = [np.sin(rows / (7 + 3 * c) + columns / (11 - 2 * c) + seed * 0.2 * (c + 1)) for c in range(3)]
    return (127.5 + 120 * np.stack(waves, axis=-1)).astype(np.uint8)


def static() -> Genotype:
    space = LgcSpace(cells=3, reductions=(1, 2), width=4, fusion="none")
    return space.decode(space.random(Random(0)))


def video() -> Genotype:
    nodes = Node("a", "skip", ("prev:dec",)), Node("b", "conv1", ("layer2",)), Node("n", "concat", ("a", "b"))
    net = Graph(("prev:dec", "prev:layer2", "layer2"), (*nodes, Node("m", "wsum", ("n", "prev:layer2"))), ("m",))
    return Genotype("dynamic", net, settings={"channels": 8, "step_scale": 0.5}, static=static())


def settled(genotype: Genotype, length: int = 2) -> VideoNetwork:
    """With batch norms that have seen clips: with fresh ones the answer is nearly the same everywhere. What a step
    hands on is damped: an untrained cell may let its state grow beyond all bounds in 30 steps."""
    torch.manual_seed(0)
    network = build(genotype, len(CLASSES))
    frames = torch.stack([torch.from_numpy(picture(3 * seed)) for seed in range(2 * length)]).permute(0, 3, 1, 2)
    frames = ((frames.float() / 255 - 0.45) / 0.225).unflatten(0, (2, length))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = None
                part.reset_running_stats()
        network.train()
        for _ in range(2):
            network.clip(frames)
        if isinstance(network, DynamicNetwork):
            cast(nn.BatchNorm2d, network.cell.join.reduce[1]).weight.mul_(0.25)
    return network.eval()


def describe(genotype: Genotype, size: tuple[int, int] = (0, 0)) -> Meta:
    return Meta(genotype, CLASSES, tuple((40 * i, 255 - 40 * i, 9) for i in range(len(CLASSES))), size=size)


def save_frames(folder: Path) -> str:
    """A data set on disk; its name."""
    folder.mkdir()
    colours = [[40 * i, 255 - 40 * i, 9] for i in range(len(CLASSES))]
    (folder / "classes.json").write_text(json.dumps({"names": CLASSES, "colours": colours}))
    rng = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 12)):
        for kind in ("images", "masks"):
            (folder / kind / split).mkdir(parents=True)
        for number in range(count):
            name = f"{split}/a_{number:03d}.png"
            cv2.imwrite(str(folder / "images" / name), picture(number))
            coarse = rng.integers(0, len(CLASSES), (6, 8), np.uint8)
            cv2.imwrite(str(folder / "masks" / name), cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_NEAREST))
    return f"folder:{folder}"


@dataclass(frozen=True)
class Tiny:
    run: Path
    network: VideoNetwork
    meta: Meta
    data: str

    @property
    def dataset(self) -> Dataset:
        return open_dataset(self.data)

    def clips(self, count: int = 1, length: int = 30) -> Clips:
        return Clips(self.dataset, "val", count, length)


def save_run(folder: Path, genotype: Genotype, data: str) -> Tiny:
    run = folder / "tiny"
    run.mkdir(parents=True)
    network, meta = settled(genotype), describe(genotype)
    save_checkpoint(run / "model.safetensors", network, meta)
    (run / "run.json").write_text(json.dumps({"command": "train", "configuration": {"data": data}}))
    return Tiny(run, network, meta, data)


def misleading(made: Mapping[str, Made]) -> dict[str, Made]:
    """With the right layers, and other classes in the end."""
    parts = {}
    for part, one in made.items():
        assert one.model is not None
        model = onnx.ModelProto()
        model.CopyFrom(one.model)
        next(node for node in model.graph.node if "classes" in node.output).output[0] = "right"
        model.graph.initializer.append(numpy_helper.from_array(np.uint8(1), "one"))
        model.graph.node.append(onnx.helper.make_node("BitwiseAnd", ["right", "one"], ["classes"]))
        parts[part] = replace(one, model=model)
    return parts
