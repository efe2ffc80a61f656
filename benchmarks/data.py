"""What a batch for training costs: decoded for every sample with Pillow or OpenCV, or from the frame cache.

    python benchmarks/data.py [--with-step] [--simulator]

Eight clips of three labelled frames, 360x480, with scale, crop, mirror, colour jitter and normalisation, alike for
the frames of a clip. The ways take turns, so that whatever else the machine does falls on all of them.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from plain_loaders import JITTER, SCALE, SIZE, Arrays, with_opencv, with_pillow
from segsmith.data.augment import Augment, on_device, stack
from segsmith.data.base import Classes, Clip, Dataset, Frame, FrameSequence, Image
from segsmith.data.batches import Batches
from segsmith.data.cache import open_cache

CLIPS, LENGTH, SEQUENCES = 8, 3, 48  # an epoch of as many batches as are made at a stretch
BATCHES = 6  # that are made at a stretch, for one figure
RESULT = Path(__file__).parent / "results" / "data.json"
Way = Callable[[int], None]
"""Makes BATCHES batches with this many threads."""


class Files:
    """Reads the files made here."""

    def image(self, frame: Frame) -> Image:
        return np.asarray(cv2.cvtColor(cv2.imread(frame.image), cv2.COLOR_BGR2RGB), np.uint8)

    def mask(self, frame: Frame) -> Image:
        return np.asarray(cv2.imread(frame.mask, cv2.IMREAD_UNCHANGED), np.uint8)


def make_frames(folder: Path, sequences: int, rng: np.random.Generator) -> Dataset:
    """Frames about as rich in detail as a street's: JPEG files of quality 95, masks of large and small areas."""
    made = []
    for sequence in range(sequences):
        frames = []
        for index in range(LENGTH):
            name = f"{sequence:03d}_{index}"
            image, mask = folder / f"{name}.jpg", folder / f"{name}.png"
            cv2.imwrite(str(image), _detail(rng), [cv2.IMWRITE_JPEG_QUALITY, 95])
            coarse = rng.integers(0, 11, (24, 32), np.uint8)
            cv2.imwrite(str(mask), cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_NEAREST))
            frames.append(Frame(name, str(image), str(mask), index))
        made.append(FrameSequence(str(sequence), tuple(frames)))
    classes = Classes(tuple(map(str, range(11))), tuple((n, n, n) for n in range(11)))
    return Dataset("made", "made", classes, {"train": tuple(made)}, Files())


def _detail(rng: np.random.Generator) -> Image:
    picture = np.full((*SIZE, 3), 127.0, np.float32)
    for cells in (4, 16, 64, 256):
        noise = rng.normal(0, 60 / cells**0.5, (cells * 3 // 4, cells, 3)).astype(np.float32)
        picture += cv2.resize(noise, SIZE[::-1], interpolation=cv2.INTER_LINEAR)
    return picture.clip(0, 255).astype(np.uint8)


def decoding(make: Callable[[Clip, np.random.Generator], tuple[Arrays, Arrays]], clips: list[Clip]) -> Way:
    """A loader that decodes every sample; each thread makes whole batches."""

    def batch(number: int) -> tuple[torch.Tensor, torch.Tensor]:
        rng = np.random.default_rng(number)
        chosen = [make(clips[index], rng) for index in rng.choice(len(clips), CLIPS, replace=False)]
        frames = np.stack([np.stack(frames) for frames, _ in chosen])
        return torch.from_numpy(frames), torch.from_numpy(np.stack([np.stack(masks) for _, masks in chosen]))

    def run(threads: int) -> None:
        if threads == 1:
            consume(map(batch, range(BATCHES)))
        else:
            with ThreadPoolExecutor(threads) as pool:
                consume(pool.map(batch, range(BATCHES)))

    return run


def from_cache(batches: Batches) -> Way:
    """Ours: the same loader for every figure, as in training, where memory is used again."""
    made = {1: replace(batches, workers=0), 2: replace(batches, workers=2)}
    return lambda threads: consume(islice(made[threads].endless(), BATCHES))


def sampled_in_batches(batches: Batches) -> Way:
    """The way that GPUs take, here on the CPU: one grid_sample for the whole batch."""

    def run(threads: int) -> None:
        torch.set_num_threads(threads)
        for position in range(BATCHES):
            _, samples = batches._samples((0, position))
            on_device(*stack(samples), [sample.draw for sample in samples], SIZE)
        torch.set_num_threads(1)

    return run


def consume(batches: Iterable[object]) -> None:
    for _ in batches:
        pass


def measure(ways: dict[str, Way], repeats: int) -> dict[str, dict[str, float]]:
    """Milliseconds for a batch, by way and threads: median and best of repeats that take turns.

    The best is what the machine can do when nothing else runs on it.
    """
    figures: dict[tuple[str, int], list[float]] = {(way, threads): [] for way in ways for threads in (1, 2)}
    for repeat in range(repeats + 1):
        for (way, threads), taken in figures.items():
            start = time.perf_counter()
            ways[way](threads)
            if repeat:  # the first one warms up
                taken.append((time.perf_counter() - start) / BATCHES * 1000)
    kept = {"median": statistics.median, "best": min}
    return {
        way: {f"threads_{n}_{name}_ms": round(of(figures[way, n]), 1) for n in (1, 2) for name, of in kept.items()}
        for way in ways
    }


def training_step(batches: Batches, steps: int = 1) -> float:
    """Milliseconds that arch2 takes to learn from a batch, on all cores."""
    from segsmith.genotype.presets import PRESETS
    from segsmith.networks.build import build

    torch.set_num_threads(os.cpu_count() or 1)
    network = build(PRESETS["arch2"](), classes=11).train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters())
    taken = []
    for batch in islice(batches.endless(), steps + 1):
        start = time.perf_counter()
        logits = network.clip(batch.frames).flatten(0, 1)
        labels = batch.masks.flatten(0, 1)[:, None].float()
        labels = torch.nn.functional.interpolate(labels, logits.shape[2:], mode="nearest-exact")[:, 0].long()
        loss = torch.nn.functional.cross_entropy(logits, labels, ignore_index=255)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        taken.append((time.perf_counter() - start) * 1000)
    torch.set_num_threads(1)
    return statistics.median(taken[1:])


def simulator_rate(count: int = 24) -> float:
    """Frames with their masks that the street simulator draws in a second, at its small size, by one thread."""
    from segsmith.data.open import open_dataset

    dataset = open_dataset("toy")
    frames = dataset.frames("train")[:count]
    dataset.reader.image(frames[0])
    start = time.perf_counter()
    for frame in frames:
        dataset.reader.image(frame)
        dataset.reader.mask(frame)
    return len(frames) / (time.perf_counter() - start)


def machine() -> dict[str, Any]:
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    versions = {"python": platform.python_version(), "torch": torch.__version__, "opencv": cv2.__version__}
    return {"system": platform.system(), "arch": platform.machine(), "cpu": model, "cores": os.cpu_count()} | versions


def commit() -> str:
    answer = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent)
    return answer.stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--with-step", action="store_true", help="also an arch2 training step on the same batch")
    parser.add_argument("--simulator", action="store_true", help="also the street simulator's frames per second")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)

    with tempfile.TemporaryDirectory() as folder:
        dataset = make_frames(Path(folder), SEQUENCES, np.random.default_rng(0))
        start = time.perf_counter()
        cache = open_cache(dataset, "train", folder=Path(folder) / "cache")
        made = time.perf_counter() - start
        clips = dataset.clips("train", LENGTH)
        augment = Augment(crop=SIZE, scale=SCALE, mirror=True, jitter=JITTER)
        ours = Batches(clips=clips, reader=cache, batch=CLIPS, augment=augment, length=LENGTH)
        ways = {
            "decode with Pillow": decoding(with_pillow, clips),
            "decode with OpenCV": decoding(with_opencv, clips),
            "cache, batched sampling": sampled_in_batches(ours),
            "cache, synthetic motion": from_cache(replace(ours, synthetic=1.0)),
            "cache (ours)": from_cache(ours),
        }
        figures = measure(ways, options.repeats)
        result = {
            "command": " ".join(["python", "benchmarks/data.py", *sys.argv[1:]]),
            "commit": commit(),
            "machine": machine(),
            "batch": f"{CLIPS} clips of {LENGTH} frames, {SIZE[0]}x{SIZE[1]}, JPEG frames and PNG masks",
            "ways": figures,
            "cache_made_frames_per_s": round(len(cache) / made),
        }
        if options.with_step:
            step = training_step(replace(ours, workers=0))
            result["arch2_step_ms"] = round(step)
            result["share_of_step"] = round(figures["cache (ours)"]["threads_1_median_ms"] / step, 4)
    if options.simulator:
        result["simulator_frames_per_s"] = round(simulator_rate(), 1)
    report(result)
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    fastest = min(figures, key=lambda way: figures[way]["threads_1_median_ms"])
    if fastest != "cache (ours)":
        raise SystemExit(f"the fastest way is {fastest}, not ours")


def report(result: dict[str, Any]) -> None:
    ours = result["ways"]["cache (ours)"]
    print(f"{'milliseconds for a batch':26}{'1 thread':>9}{'best':>8}{'2 threads':>11}{'best':>8}{'of ours':>9}")
    for way, taken in result["ways"].items():
        one, best, two, best_two = taken.values()
        print(f"{way:26}{one:9.1f}{best:8.1f}{two:11.1f}{best_two:8.1f}{one / ours['threads_1_median_ms']:8.1f}x")
    print(f"the cache was made at {result['cache_made_frames_per_s']} frames/s")
    if "simulator_frames_per_s" in result:
        print(f"the simulator draws {result['simulator_frames_per_s']} frames/s")
    if "arch2_step_ms" in result:
        print(
            f"an arch2 training step on it: {result['arch2_step_ms']} ms; ours is {result['share_of_step']:.2%} of it"
        )


if __name__ == "__main__":
    main()
