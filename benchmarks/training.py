"""Images a second in training: ours against a plain loop, the two in turn, each with the machine to itself.

    python benchmarks/training.py [--rounds 3] [--seconds 30] [--networks template-arch0 arch2]

Ours: cached frames, channels-last, the loop of ``segsmith train`` with as many processes as it takes by itself. Plain:
one process, a loader that decodes and augments every sample with OpenCV, torch's default memory format, eager. The
network, batch, size, loss and optimiser are the same. The first third of each turn warms up and does not count.

``share_of_peak``: of the FLOP/s that large matrix products reach here, taking three forward passes for a step.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric

from data import make_frames
from plain_loaders import SIZE, with_opencv
from record import write
from segsmith.data.base import Dataset
from segsmith.data.cache import open_cache
from segsmith.genotype.load import load_genotype
from segsmith.machine import cores
from segsmith.networks.build import build
from segsmith.networks.cost import describe
from segsmith.training.budget import Budget
from segsmith.training.feed import Source, feed
from segsmith.training.loop import Loop, Status, Watchers
from segsmith.training.recipes import Phase, Rate, Recipe
from segsmith.training.run import IMAGES_IN_PROCESS
from segsmith.training.runfolder import RunFolder
from segsmith.training.together import Together

BATCH = 8
RECIPE = Recipe(
    "bench", (Phase(1.0, (Rate("all", "adamw", 1e-3),)),), epochs=1, batch=BATCH, scale=(0.5, 2.0), jitter=0.3
)
WARM, FEWEST = 1 / 3, 6


def dataset_in(folder: Path) -> Dataset:
    folder.mkdir()
    return make_frames(folder, 12, np.random.default_rng(0))


def plain(name: str, folder: str, seconds: float) -> None:
    dataset = dataset_in(Path(folder) / "plain")
    clips, rng = dataset.clips("train"), np.random.default_rng(0)
    network = build(load_genotype(name), 11).train()
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    seen: list[tuple[float, int]] = []
    began, images = time.perf_counter(), 0
    while time.perf_counter() - began < seconds or len(seen) < FEWEST:
        made = [with_opencv(clips[number], rng) for number in rng.choice(len(clips), BATCH, replace=False)]
        frames = torch.from_numpy(np.stack([frames[-1] for frames, _ in made]))
        masks = torch.from_numpy(np.stack([masks[-1] for _, masks in made])).long()
        logits = F.interpolate(network.key(frames)[0], SIZE, mode="bilinear")
        optimiser.zero_grad()
        F.cross_entropy(logits, masks, ignore_index=255).backward()
        optimiser.step()
        images += BATCH
        seen.append((time.perf_counter() - began, images))
    keep(folder, seen)


def ours(fabric: Fabric, name: str, folder: str, seconds: float) -> None:
    torch.set_num_threads(max(1, cores() // fabric.world_size))
    dataset = dataset_in(Path(folder) / f"ours-{fabric.global_rank}")
    cache = open_cache(dataset, "train", folder=Path(folder) / f"cache-{fabric.global_rank}")
    source = Source(dataset, cache, "train", 0, 1, "cpu", fabric.global_rank, fabric.world_size)
    network = build(load_genotype(name), 11).to(memory_format=torch.channels_last)
    seen: list[tuple[float, int]] = []

    def told(status: Status) -> None:
        seen.append((status.seconds, status.images))

    run = RunFolder(Path(folder) / f"run-{time.time_ns()}")
    run.path.mkdir()
    budget = Budget(minutes=seconds / 60)
    Loop(network, RECIPE, budget, [feed(source, RECIPE, 0)], run, fabric, watchers=Watchers(told)).train()
    if fabric.is_global_zero:
        keep(folder, seen)
    if fabric.world_size > 1:
        fabric.barrier()
        torch.distributed.destroy_process_group()


def ours_together(name: str, folder: str, seconds: float) -> None:
    os.environ["OMP_WAIT_POLICY"] = "passive"  # as ``segsmith`` sets it for itself
    processes = max(1, min(cores(), BATCH // IMAGES_IN_PROCESS))
    strategy = Together("cpu") if processes > 1 else "auto"
    fabric = Fabric(accelerator="cpu", devices=processes, strategy=cast(Any, strategy))
    fabric.launch(cast(Any, ours), name, folder, seconds)


def keep(folder: str, seen: list[tuple[float, int]]) -> None:
    """Images a second once it is warm."""
    start = next(number for number, (when, _) in enumerate(seen) if when >= WARM * seen[-1][0])
    (first, before), (last, after) = seen[max(0, start - 1)], seen[-1]
    (Path(folder) / "rate.json").write_text(json.dumps((after - before) / (last - first)))


def peak(size: int = 2048, seconds: float = 3.0) -> float:
    """FLOP/s of matrix products on all cores."""
    torch.set_num_threads(cores())
    left, right = torch.randn(size, size), torch.randn(size, size)
    rates, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        torch.mm(left, right)
        rates.append(2 * size**3 / (time.perf_counter() - began))
    return statistics.median(rates)


def turn(way: str, name: str, seconds: float) -> float:
    """In a process of its own, which is gone when the next has its turn."""
    with tempfile.TemporaryDirectory() as folder:
        target = {"plain": plain, "ours": ours_together}[way]
        process = multiprocessing.get_context("spawn").Process(target=target, args=(name, folder, seconds))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{way}, {name}: ended with {process.exitcode}")
        return float(json.loads((Path(folder) / "rate.json").read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--networks", nargs="+", default=["template-arch0", "arch2"])
    options = parser.parse_args()
    figures, most = {}, peak()
    for name in options.networks:
        rates: dict[str, list[float]] = {"plain": [], "ours": []}
        for _ in range(options.rounds):
            for way in rates:
                rates[way].append(turn(way, name, options.seconds))
        middle = {way: statistics.median(found) for way, found in rates.items()}
        work = 3 * describe(load_genotype(name), SIZE, 11).key_flops
        figures[name] = {
            "images_per_s": {way: round(rate, 2) for way, rate in middle.items()},
            "ratio": round(middle["ours"] / middle["plain"], 2),
            "ratios": [round(a / b, 2) for a, b in zip(rates["ours"], rates["plain"], strict=True)],
            "share_of_peak": {way: round(rate * work / most, 3) for way, rate in middle.items()},
        }
        print(name, figures[name], flush=True)
    write("training", size="x".join(map(str, SIZE)), batch=BATCH, peak_gflops=round(most / 1e9, 1), networks=figures)


if __name__ == "__main__":
    os.environ.pop("OMP_WAIT_POLICY", None)
    main()
