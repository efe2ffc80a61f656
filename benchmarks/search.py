"""Candidates per hour of the proxy, against the plain way of scoring them, and whether both rank them alike.

    python benchmarks/search.py --data camvid:PATH --static RUN [--candidates 20] [--size 360x480]

The same random cells both ways, in turn, in one process. Plain: for every candidate and batch the frames are decoded
and augmented and the whole static network runs on them, all in float32, eager, on whole frames; losses and validation
at full resolution. Ours: what ``--proxy quick`` does. Both train for the same epochs on the same clips with the same
optimiser, and nobody is stopped early. What is computed once (features) is timed apart and counts for a thousandth.
Cells begin as copies of the key frame where they can, both ways; ``proxy_at_random`` is ours without that.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from record import write
from segsmith.cli.parse import size as parse_size
from segsmith.data.augment import Augment
from segsmith.data.base import Clip, Dataset
from segsmith.data.batches import Batches
from segsmith.data.open import open_dataset
from segsmith.genotype import Genotype, fingerprint, prune
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import prepare
from segsmith.study.proxy.dynamic import DynamicProxy
from segsmith.study.proxy.learning import Learning, mean_loss
from segsmith.study.proxy.marks import Judge, Marks, labels
from segsmith.study.proxy.presets import ProxySettings
from segsmith.study.proxy.scoring import Job, evaluate, seed_of
from segsmith.study.proxy.split import meta_split, thinned
from segsmith.training.start import checkpoint_of


@dataclass(frozen=True)
class Resized:
    """Decodes and resizes on every request, as a loader without a cache does."""

    dataset: Dataset
    size: tuple[int, int]

    def image(self, frame: Any) -> Any:
        return cv2.resize(self.dataset.reader.image(frame), self.size[::-1], interpolation=cv2.INTER_AREA)

    def mask(self, frame: Any) -> Any:
        mask = self.dataset.reader.mask(frame)
        return None if mask is None else cv2.resize(mask, self.size[::-1], interpolation=cv2.INTER_NEAREST)


@dataclass(frozen=True)
class Plain:
    """The way without a proxy. ``static`` is a checkpoint."""

    static: Path
    reader: Resized
    train: tuple[Clip, ...]
    val: tuple[Clip, ...]
    settings: ProxySettings

    def score(self, genotype: Genotype, seed: int) -> Marks:
        torch.manual_seed(seed)
        old, meta = load_checkpoint(self.static)
        network = DynamicNetwork(prune(genotype), old.static).eval()
        network.start_from(old.static)
        network.static.requires_grad_(False)
        batch = min(self.settings.batch, len(self.train))
        augment = Augment(crop=self.reader.size, mirror=True)
        made = Batches(
            clips=self.train, reader=self.reader, batch=batch, augment=augment, length=self.settings.length,
            seed=seed % 2**31, workers=0,
        )  # fmt: skip
        parts = [(list(network.cell.parameters()), lambda stage: stage.lr)]
        learning = Learning(self.settings, parts, len(made), torch.device("cpu"))
        epochs = iter(range(self.settings.epochs))

        def epoch() -> Iterator[tuple[Tensor, Tensor]]:
            network.cell.train()
            return ((batch.frames, batch.masks) for batch in made.epoch(next(epochs)))

        def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
            frames, masks = batch
            logits = network.clip(frames)
            return torch.stack([mean_loss(logits[:, t], masks[:, t]) for t in range(1, masks.shape[1])]).sum()

        for stage in range(len(self.settings.stages)):
            learning.stage(stage, epoch, loss)
        return self.judge(network.eval(), len(meta.classes))

    @torch.inference_mode()
    def judge(self, network: DynamicNetwork, classes: int) -> Marks:
        judge = Judge(classes, torch.device("cpu"))
        whole = Batches(
            clips=self.val, reader=self.reader, batch=1, augment=Augment(), length=self.settings.length,
            shuffle=False, workers=0,
        )  # fmt: skip
        for batch in whole.epoch():
            logits = network.clip(batch.frames)
            for t in range(1, batch.masks.shape[1]):
                judge.see(labels(logits[:, t], batch.masks[:, t]), batch.masks[:, t])
        return judge.marks()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--static", required=True, help="a trained network: run or checkpoint")
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--size", default="360x480")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="search", help="of the file in results/")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.set_float32_matmul_precision("highest")

    size = parse_size(options.size)
    assert size is not None
    asked = SearchOptions(
        "dynamic", options.data, "", options.static, trials=1, size=size, seed=options.seed, device="cpu"
    )
    start = time.perf_counter()
    ready = prepare(asked, lambda what, done, total: None)
    once = time.perf_counter() - start
    proxy = ready.opener.open()
    assert isinstance(proxy, DynamicProxy)
    at_random = replace(proxy, outline=replace(proxy.outline, norm=None))
    dataset, settings = open_dataset(options.data), ready.settings
    split = meta_split(dataset, "train", settings.length, seed=options.seed)
    static = checkpoint_of(options.static)
    assert static is not None
    train, val = thinned(split.train, settings.clips), thinned(split.val, settings.judged)
    plain = Plain(static, Resized(dataset, size), train, val, settings)

    chance = Random(options.seed)
    rows: list[dict[str, float]] = []
    for number in range(options.candidates):
        genotype = ready.space.decode(ready.space.random(chance))
        seed = seed_of(options.seed, fingerprint(genotype))
        start = time.perf_counter()
        outcome = evaluate(proxy, Job(number, genotype, seed))
        middle = time.perf_counter()
        marks = plain.score(genotype, seed)
        end = time.perf_counter()
        again = evaluate(proxy, Job(number, genotype, seed + 1))
        random = evaluate(at_random, Job(number, genotype, seed))
        row = {
            "proxy": outcome.stages[-1].marks.reward,
            "proxy_other_seed": again.stages[-1].marks.reward,
            "proxy_half_way": outcome.stages[0].marks.reward,
            "proxy_at_random": random.stages[-1].marks.reward,
            "plain": marks.reward,
            "proxy_s": middle - start,
            "plain_s": end - middle,
        }
        rows.append({name: round(value, 4) for name, value in row.items()})
        print(json.dumps({"candidate": number, **rows[-1]}), flush=True)

    write(options.name, settings=asdict(settings), threads=options.threads, **summary(rows, once))


def summary(rows: list[dict[str, float]], once: float) -> dict[str, Any]:
    def column(name: str) -> list[float]:
        return [row[name] for row in rows]

    def rank(one: str, other: str) -> float:
        return round(float(spearmanr(column(one), column(other)).statistic), 3)

    share = once / 1000  # of a search of so many candidates
    proxy, plain = (
        3600 / (statistics.mean(column(f"{way}_s")) + more) for way, more in (("proxy", share), ("plain", 0))
    )
    figures = {
        "candidates": len(rows),
        "proxy_candidates_per_hour": round(proxy, 1),
        "plain_candidates_per_hour": round(plain, 1),
        "times_faster": round(proxy / plain, 2),
        "spearman": rank("proxy", "plain"),
        "spearman_with_another_seed": rank("proxy_other_seed", "plain"),
        "spearman_of_two_seeds": rank("proxy", "proxy_other_seed"),
        "spearman_half_way": rank("proxy_half_way", "plain"),
        "spearman_at_random": rank("proxy_at_random", "plain"),
        "features_once_s": round(once, 1),
        "spread_of_plain_rewards": round(float(np.std(column("plain"))), 4),
    }
    return {"figures": figures, "rows": rows}


if __name__ == "__main__":
    main()
