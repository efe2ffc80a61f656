"""What the step from logits at the network's stride to a class map costs: enlarging everything, or borders alone.

    python benchmarks/classmap.py [--size 1024x2048] [--classes 19] [--stride 8]

``numpy`` is the post-processing that torch networks get, ``graph`` the one inside exported files; ``naive`` enlarges
all logits and takes the largest. CPU milliseconds on one thread, medians of runs that take turns. Every class map is
compared with the naive one of torch, pixel by pixel.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.export import Dim

from record import write
from segsmith.runtimes.classmap import class_map, leaders, naive
from segsmith.runtimes.graphmap import class_map as graph_map
from segsmith.runtimes.onnx_runner import open_session, session_options
from segsmith.runtimes.trace import silent

Floats = npt.NDArray[np.float32]
Way = Callable[[Floats], npt.NDArray[np.uint8]]


def logits_of(kind: str, shape: tuple[int, int, int], rng: np.random.Generator) -> Floats:
    """``random``: every position by itself, the worst case. ``streets``: large regions with soft borders and a
    little noise, about as many borders as a street has; ``busy``: three times as many."""
    if kind == "random":
        return rng.normal(size=shape).astype(np.float32)
    cells = {"streets": (4, 7), "busy": (11, 19)}[kind]
    coarse = rng.normal(size=(*cells, shape[0])).astype(np.float32)
    channels = [cv2.resize(plane, shape[:0:-1], interpolation=cv2.INTER_CUBIC) for plane in coarse.transpose(2, 0, 1)]
    return np.asarray(5 * np.stack(channels) + rng.normal(0, 0.1, shape), np.float32)


def borders(logits: Floats) -> float:
    """The share of blocks whose corners have several best classes."""
    best = np.pad(leaders(logits)[0], 1, mode="edge")
    corners = np.stack([best[:-1, :-1], best[:-1, 1:], best[1:, :-1], best[1:, 1:]])
    return float((corners != corners[0]).any(0).mean())


class Cheap(nn.Module):
    def forward(self, logits: Tensor, like: Tensor) -> Tensor:
        return graph_map(logits, like.shape[0], like.shape[1])


class Naive(nn.Module):
    def forward(self, logits: Tensor, like: Tensor) -> Tensor:
        whole = F.interpolate(logits, (like.shape[0], like.shape[1]), mode="bilinear", align_corners=False)
        return whole.argmax(1).to(torch.uint8)


def in_onnx_runtime(module: nn.Module, shape: tuple[int, int, int], size: tuple[int, int]) -> Way:
    free = ({2: Dim.DYNAMIC, 3: Dim.DYNAMIC}, {0: Dim.DYNAMIC, 1: Dim.DYNAMIC})
    example = torch.zeros(1, shape[0], 9, 12), torch.zeros(70, 90, dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder, silent():
        made: Any = torch.onnx.export(
            module.eval(), example, dynamo=True, dynamic_shapes=free, opset_version=18, verbose=False
        )
        made.save(Path(folder) / "map.onnx")
        session = open_session(Path(folder) / "map.onnx", session_options(threads=1))
    names = [given.name for given in session.get_inputs()]
    like = np.zeros(size, np.uint8)

    def run(logits: Floats) -> npt.NDArray[np.uint8]:
        return np.asarray(session.run(None, dict(zip(names, (logits[None], like), strict=True)))[0][0])

    return run


def measure(ways: Mapping[str, Way], logits: Floats, repeats: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            start = time.process_time()
            way(logits)
            if repeat:  # the first one warms up
                taken[name].append((time.process_time() - start) * 1000)
    return {name: round(statistics.median(times), 1) for name, times in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1024x2048")
    parser.add_argument("--classes", type=int, default=19)
    parser.add_argument("--stride", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    height, width = map(int, options.size.split("x"))
    shape = options.classes, -(-height // options.stride), -(-width // options.stride)
    size = height, width
    ways: dict[str, Way] = {
        "naive in torch": lambda logits: naive(logits, size),
        "naive in ONNX Runtime": in_onnx_runtime(Naive(), shape, size),
        "graph in ONNX Runtime": in_onnx_runtime(Cheap(), shape, size),
        "numpy": lambda logits: class_map(logits, size),
    }
    rng = np.random.default_rng(0)
    kinds = {}
    for kind in ("streets", "busy", "random"):
        logits = logits_of(kind, shape, rng)
        wanted = ways["naive in torch"](logits)
        differing = {name: int((way(logits) != wanted).sum()) for name, way in ways.items()}
        kinds[kind] = {
            "border_blocks": round(borders(logits), 3),
            "cpu_ms": measure(ways, logits, options.repeats),
            "pixels_other_than_in_torch": differing,
        }
        if differing["numpy"]:
            raise SystemExit(f"{kind}: {differing['numpy']} pixels differ from the naive class map")
    asked = f"{options.classes} classes at 1/{options.stride} of {options.size}"
    write("classmap", logits=asked, unit="CPU milliseconds on one thread", kinds=kinds)


if __name__ == "__main__":
    main()
