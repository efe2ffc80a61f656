"""Random genotypes of all three spaces, exported and equal in ONNX Runtime and OpenVINO over clips of 30 frames.

``SEGSMITH_RANDOM_EXPORTS`` says how many of each space; the first tells the most, for every space begins with
another of its variants.
"""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random

import pytest
from export_help import SIZE, Tiny, describe, settled

from segsmith.deploy.clips import Clips
from segsmith.deploy.export import ExportOptions, make, write
from segsmith.deploy.parity import compare
from segsmith.deploy.targets import TARGETS
from segsmith.genotype import Genotype, preset, to_text
from segsmith.runtimes.card import Card
from segsmith.runtimes.graphs import KEY
from segsmith.runtimes.opening import Settings, open_runner
from segsmith.runtimes.torch_runner import TorchRunner
from segsmith.spaces import DynamicSpace, LgcSpace, Space, TemplateSpace

COUNT = int(os.environ.get("SEGSMITH_RANDOM_EXPORTS", "4"))
FAMILIES = ("dynamic", "template", "lgc")


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
    choices = spaces(family)
    space = choices[seed % len(choices)]
    return space.decode(space.random(Random(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(COUNT))
def test_equal_over_clips(family: str, seed: int, tiny: Tiny, tmp_path: Path) -> None:
    sample = genotype(family, seed)
    print(to_text(sample))
    network, meta = settled(sample, length=15), describe(sample)
    card = Card(meta, KEY, SIZE)
    options = ExportOptions(tmp_path, size=SIZE, deform="grid", logits=True)
    made = make(options, network, card, TARGETS["onnx"], tiny.dataset, print)
    files = write(made, card, TARGETS["onnx"], tmp_path / "net.onnx", True)
    reference = TorchRunner(network, meta, folded=False)
    for backend in ("onnxruntime", "openvino"):
        runner = open_runner(files[KEY], backend, Settings(threads=1))
        parity = compare(reference, runner, Clips(tiny.dataset, "val", 1, 30))
        print(f"{family} {seed} {backend}: {parity.words()}")
        assert parity.equal_pixels >= 0.999
