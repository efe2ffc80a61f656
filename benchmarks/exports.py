"""Random genotypes of all three spaces, exported and run beside torch on clips of 30 frames.

    python benchmarks/exports.py [--count 200] [--size 72x104] [--log exports.jsonl]

Every genotype is a line of the log as soon as it is done; those that are there are passed over, so that the command
goes on where it was stopped. Frames are the simulator's. Weights are random, batch norms have seen clips: fresh ones
answer nearly the same everywhere. What a step hands on is damped to a quarter, for an untrained cell may let its state
grow beyond all bounds in 30 steps. One that does so even then differs after any rounding: beside exports below the
bound stands how equal torch is to itself, ``folded`` (batch norms in the convolutions) against not.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, cast

import torch
from torch import Tensor, nn

from record import RESULTS, write
from segsmith.cli.output import say
from segsmith.cli.parse import size as parse_size
from segsmith.data.base import Dataset
from segsmith.data.open import open_dataset
from segsmith.deploy.clips import Clips
from segsmith.deploy.export import LENGTH, ExportOptions, make
from segsmith.deploy.export import write as write_files
from segsmith.deploy.parity import BOUNDS, compare
from segsmith.deploy.targets import TARGETS
from segsmith.genotype import Genotype, preset, to_text
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.meta import Meta
from segsmith.runtimes.card import Card
from segsmith.runtimes.graphs import KEY
from segsmith.runtimes.opening import Settings, open_runner
from segsmith.runtimes.prepare import Prepare
from segsmith.runtimes.torch_runner import TorchRunner
from segsmith.spaces import DynamicSpace, LgcSpace, Space, TemplateSpace

FAMILIES = ("dynamic", "template", "lgc")
BACKENDS = ("onnxruntime", "openvino")
CALIBRATED = (2, 8)
"""Batch norms see so many clips of so many frames."""


@cache
def spaces(family: str) -> Sequence[Space]:
    chain = LgcSpace(cells=6, reductions=(1, 3), width=8)
    return {
        "dynamic": (
            DynamicSpace(preset("template-arch0"), rows=3),
            DynamicSpace(preset("arch2"), step_scales=(0.5,)),
            DynamicSpace(chain.decode(chain.random(Random(1))), rows=2, channels=24),
            DynamicSpace(preset("arch2"), rows=5),
        ),
        "template": (TemplateSpace(), TemplateSpace(adapt=48, head=48), TemplateSpace(templates=2, rows=5, repeats=2)),
        "lgc": (LgcSpace(width=8), *(LgcSpace(width=4, fusion=fusion) for fusion in ("dense", "aspp", "ppm", "none"))),
    }[family]


def genotype(family: str, seed: int) -> Genotype:
    """Every space of the family in turn."""
    choices = spaces(family)
    space = choices[seed % len(choices)]
    return space.decode(space.random(Random(seed)))


def settled(sample: Genotype, dataset: Dataset) -> tuple[VideoNetwork, Meta]:
    torch.manual_seed(0)
    network = build(sample, len(dataset.classes))
    meta = Meta(sample, dataset.classes.names, dataset.classes.colours)
    clips = shown(Clips(dataset, "train", *CALIBRATED), meta)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = None
                part.reset_running_stats()
        network.train()
        network.clip(clips)
        if isinstance(network, DynamicNetwork):
            cast(nn.BatchNorm2d, network.cell.join.reduce[1]).weight.mul_(0.25)
    return network.eval(), meta


def shown(clips: Clips, meta: Meta) -> Tensor:
    """As the network sees them: N x T x C x H x W."""
    prepare = Prepare(meta)
    return torch.stack([torch.cat([prepare(torch.from_numpy(image[None])) for image, _ in clip]) for clip in clips])


def tried(family: str, seed: int, dataset: Dataset, size: tuple[int, int]) -> dict[str, Any]:
    """Exported, and its share of equal pixels by runtime."""
    began = time.process_time()
    sample = genotype(family, seed)
    network, meta = settled(sample, dataset)
    card = Card(meta, KEY, size)
    with tempfile.TemporaryDirectory() as folder:
        options = ExportOptions(Path(folder), size=size, deform="grid", logits=True)
        made = make(options, network, card, TARGETS["onnx"], dataset, lambda line: None)
        files = write_files(made, card, TARGETS["onnx"], Path(folder) / "net.onnx", True)
        reference = TorchRunner(network, meta, folded=False)
        clips = Clips(dataset, "val", 1, LENGTH)
        found = {
            backend: compare(reference, open_runner(files[KEY], backend, Settings(1)), clips) for backend in BACKENDS
        }
    equal = {backend: parity.equal_pixels for backend, parity in found.items()}
    if min(equal.values()) < BOUNDS["fp32"]:
        equal["folded"] = compare(reference, TorchRunner(network, meta, folded=True), clips).equal_pixels
    return {
        "family": family,
        "seed": seed,
        "genotype": to_text(sample),
        "equal": equal,
        "logits_off": {backend: parity.largest_logit_difference for backend, parity in found.items()},
        "largest_logit": found[BACKENDS[0]].largest_logit,
        "logit_growth": found[BACKENDS[0]].logit_growth,
        "cpu_seconds": round(time.process_time() - began, 1),
    }


def done(log: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """By family and seed. A line that a kill cut short is done again."""
    found = {}
    for line in log.read_text().splitlines() if log.exists() else []:
        try:
            one = json.loads(line)
        except ValueError:
            continue
        found[one["family"], one["seed"]] = one
    return found


def wanted(count: int) -> Iterator[tuple[str, int]]:
    return ((FAMILIES[n % len(FAMILIES)], n // len(FAMILIES)) for n in range(count))


def summary(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    bound = BOUNDS["fp32"]
    return {
        "genotypes": {family: sum(line["family"] == family for line in lines) for family in FAMILIES},
        "frames_per_clip": LENGTH,
        "bound": bound,
        "least_equal": {backend: min(line["equal"][backend] for line in lines) for backend in BACKENDS},
        "mean_equal": {backend: sum(line["equal"][backend] for line in lines) / len(lines) for backend in BACKENDS},
        "largest_relative_logit_difference": {
            backend: max(line["logits_off"][backend] / line["largest_logit"] for line in lines) for backend in BACKENDS
        },
        "below": [line for line in lines if min(line["equal"][backend] for backend in BACKENDS) < bound],
        "cpu_seconds": round(sum(line["cpu_seconds"] for line in lines), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--size", default="72x104")
    parser.add_argument("--log", type=Path, default=RESULTS / "exports.jsonl")
    given = parser.parse_args()
    size = parse_size(given.size) or (72, 104)
    dataset = open_dataset(f"streets:clips=3,frames={LENGTH},size={size[0]}x{size[1]}")
    known = done(given.log)
    for family, seed in wanted(given.count):
        if (family, seed) in known:
            continue
        known[family, seed] = one = tried(family, seed, dataset, size)
        with given.log.open("a") as log:
            log.write(json.dumps(one) + "\n")
        say(f"{family} {seed}: {one['equal']} in {one['cpu_seconds']} CPU-s")
    write("exports", size=given.size, **summary([known[one] for one in wanted(given.count)]))


if __name__ == "__main__":
    main()
