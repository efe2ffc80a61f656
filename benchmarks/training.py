"""Images a second in training: ours against a plain loop, the two in turn.

    python benchmarks/training.py [--rounds 5] [--networks template-arch0 arch2]

Ours: cached frames, channels-last, the loop of ``segsmith train``. Plain: a loader that decodes and augments every
sample with OpenCV, torch's default memory format, eager; the same network, batch, size, loss and optimiser.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric

from data import make_frames
from plain_loaders import SIZE, with_opencv
from record import write
from segsmith.data.cache import open_cache
from segsmith.genotype.load import load_genotype
from segsmith.networks.build import build
from segsmith.training.budget import Budget
from segsmith.training.feed import Source, feed
from segsmith.training.loop import Loop
from segsmith.training.recipes import Phase, Rate, Recipe
from segsmith.training.runfolder import RunFolder

BATCH, STEPS = 8, 3
RECIPE = Recipe(
    "bench", (Phase(1.0, (Rate("all", "adamw", 1e-3),)),), epochs=1, batch=BATCH, scale=(0.5, 2.0), jitter=0.3
)


def plain(name: str, clips: list, seed: int) -> Iterator[float]:  # type: ignore[type-arg]
    """Seconds of one step after the other."""
    network = build(load_genotype(name), 11).train()
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    rng = np.random.default_rng(seed)
    while True:
        start = time.perf_counter()
        made = [with_opencv(clips[number], rng) for number in rng.choice(len(clips), BATCH, replace=False)]
        frames = torch.from_numpy(np.stack([frames[-1] for frames, _ in made]))
        masks = torch.from_numpy(np.stack([masks[-1] for _, masks in made])).long()
        logits = F.interpolate(network.key(frames)[0], SIZE, mode="bilinear")
        optimiser.zero_grad()
        F.cross_entropy(logits, masks, ignore_index=255).backward()
        optimiser.step()
        yield time.perf_counter() - start


def ours(name: str, loop: Loop) -> Iterator[float]:
    batches = loop.feeds[0].batches(0, 0)
    loop._enter(0)
    while True:
        start = time.perf_counter()
        frames, masks = next(batches)
        loop._fitting_step(frames, masks)
        yield time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", nargs="+", default=["template-arch0", "arch2"])
    options = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        dataset = make_frames(Path(folder), 12, np.random.default_rng(0))
        cache = open_cache(dataset, "train", folder=Path(folder) / "cache")
        source = Source(dataset, cache, "train", seed=0, workers=2, device="cpu")
        for name in options.networks:
            network = build(load_genotype(name), 11).to(memory_format=torch.channels_last)
            fabric = Fabric(accelerator="cpu", devices=1)
            feeds = [feed(source, RECIPE, 0)]
            loop = Loop(network, RECIPE, Budget(epochs=1), feeds, RunFolder(Path(folder)), fabric)
            ways = {"plain": plain(name, dataset.clips("train"), 0), "ours": ours(name, loop)}
            taken: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(options.rounds + 1):
                for way, steps in ways.items():
                    taken[way] += list(islice(steps, STEPS))
            rates = {way: BATCH / statistics.median(seconds[STEPS:]) for way, seconds in taken.items()}
            figures[name] = {f"{way}_images_per_s": round(rate, 2) for way, rate in rates.items()}
            figures[name]["ratio"] = round(rates["ours"] / rates["plain"], 2)
            print(name, figures[name], flush=True)
    write("training", size="x".join(map(str, SIZE)), batch=BATCH, threads=torch.get_num_threads(), networks=figures)


if __name__ == "__main__":
    main()
