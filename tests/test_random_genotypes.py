"""Random genotypes of every space: spellings, training at batch 1 and odd sizes, export.

A quick sample here; a thousand of each family, a hundred of them exported, are marked slow.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from segsmith.genotype import (
    Genotype,
    Graph,
    Node,
    fingerprint,
    from_json,
    from_text,
    preset,
    to_json,
    to_text,
    validate,
)
from segsmith.genotype.vocabulary import OPERATIONS
from segsmith.networks.build import build
from segsmith.spaces import DynamicSpace, LgcSpace, Space, TemplateSpace

FAMILIES = ("dynamic", "template", "lgc")
SIZE = (65, 97)
CHUNK = 50


@cache
def spaces(family: str) -> tuple[Space, ...]:
    small = LgcSpace(cells=6, reductions=(1, 3), width=8)
    lgc_static = small.decode(small.random(Random(1)))
    return {
        "dynamic": (
            DynamicSpace(preset("arch2")),
            DynamicSpace(preset("arch2"), rows=5, step_scales=(1.0, 0.5)),
            DynamicSpace(preset("template-arch0"), rows=3),
            DynamicSpace(lgc_static, rows=2, channels=24, operations=("conv1", "sep5", "gap5", "maxpool3", "skip")),
        ),
        "template": (
            TemplateSpace(),
            TemplateSpace(adapt=48, head=48),
            TemplateSpace(templates=2, rows=5, repeats=2, multiplier=1),
        ),
        "lgc": (
            LgcSpace(width=8),
            *(LgcSpace(width=4, fusion=fusion) for fusion in ("dense", "multiscale", "aspp", "ppm", "none")),
            LgcSpace(width=8, shared=True, aggregate=(0, 5, 11)),
            LgcSpace(width=4, reductions=(2, 9)),
            replace(small, operations=("none", "skip", "conv3")),
        ),
    }[family]


def genotype(family: str, seed: int) -> Genotype:
    choices = spaces(family)
    space = choices[seed % len(choices)]
    return space.decode(space.random(Random(seed)))


def check_forms(genotype: Genotype, seed: int) -> None:
    validate(genotype)
    assert from_json(to_json(genotype)) == genotype
    assert from_text(to_text(genotype)) == genotype
    other = respelled(genotype, Random(seed))
    assert other != genotype
    assert fingerprint(validate(other)) == fingerprint(genotype)


def respelled(genotype: Genotype, rng: Random) -> Genotype:
    """Other names, other orders, and in an LGC network edges of ``none`` wherever any number of edges may arrive."""
    cells = {name: name if name == "fusion" else f"other-{name}" for name in genotype.cells}
    nones = genotype.kind == "lgc"
    parameters = {name: [f"in-{i}" for i in range(len(cell.inputs))] for name, cell in genotype.cells.items()}
    return replace(
        genotype,
        net=respelled_graph(genotype.net, list(genotype.net.inputs), cells, False, rng),
        cells={
            cells[name]: respelled_graph(cell, parameters[name], {}, nones, rng)
            for name, cell in reversed(genotype.cells.items())
        },
        settings=dict(reversed(genotype.settings.items())),
    )


def respelled_graph(graph: Graph, inputs: list[str], cells: dict[str, str], nones: bool, rng: Random) -> Graph:
    names = dict(zip(graph.inputs, inputs, strict=True)) | {n.name: f"{n.name}.other" for n in graph.nodes}
    nodes: list[Node] = []
    for number, node in enumerate(graph.nodes):
        sources = [names[source] for source in node.inputs]
        op = OPERATIONS.get(node.op)
        if op and op.commutative:
            rng.shuffle(sources)
        if op and op.arity is None and nones:
            nodes.append(Node(f"nothing{number}", "none", (rng.choice(inputs),)))
            sources.append(f"nothing{number}")
        nodes.append(replace(node, name=names[node.name], op=cells.get(node.op, node.op), inputs=tuple(sources)))
    rng.shuffle(nodes)
    return Graph(tuple(inputs), tuple(nodes), tuple(names[name] for name in graph.outputs))


def check_training(genotype: Genotype, seed: int) -> None:
    """One clip of two frames at an odd size: finite logits, and a finite gradient for all that they depend on."""
    torch.manual_seed(seed)
    network = build(genotype, classes=5).train()
    clip = torch.randn(1, 2, 3, *SIZE)
    logits = network.clip(clip)
    assert logits.shape[:3] == (1, 2, 5)
    (logits * torch.randn_like(logits)).mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all(), f"the gradient of {name} is not finite"
    check_silent(network, clip)


@torch.no_grad()
def check_silent(network: nn.Module, clip: Tensor) -> None:
    """What got no gradient has no effect: an encoder's stage, say, that a template network does not read."""
    silent = {name: parameter for name, parameter in network.named_parameters() if parameter.grad is None}
    if silent:
        before = network.eval().clip(clip)
        for parameter in silent.values():
            parameter.normal_()
        assert torch.equal(network.clip(clip), before), f"no gradient for one of {', '.join(silent)}"


def check_export(genotype: Genotype, seed: int) -> None:
    """ONNX Runtime against torch on calibrated batch norms: on untrained ones the output would be nearly constant."""
    torch.manual_seed(seed)
    network = build(genotype, classes=5).train()
    with torch.no_grad():
        for _ in range(10):
            network.clip(torch.randn(2, 2, 3, *SIZE))
        module, inputs = exportable(network.eval())
        expected = module(*inputs)
    assert expected[0].std() > 1e-4
    for found, wanted in zip(run_onnx(module, inputs), expected, strict=True):
        # float32 alone is off by 5e-5 of the largest value in such networks, seen against float64
        np.testing.assert_allclose(found, wanted.numpy(), rtol=0, atol=1e-3 * wanted.abs().max().item())


class Step(nn.Module):
    """Tensors in, tensors out."""

    def __init__(self, network: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.names = network, names

    def forward(self, frame: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        logits, after = self.network.step(frame, dict(zip(self.names, state, strict=True)))
        return logits, *after.values()


def exportable(network: nn.Module) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """A step with its example inputs: for an image network it is the whole network."""
    _, state = network.key(torch.randn(1, 3, *SIZE))
    return Step(network, tuple(state)), (torch.randn(1, 3, *SIZE), *state.values())


def run_onnx(module: nn.Module, inputs: tuple[Tensor, ...]) -> list[np.ndarray]:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, inputs, dynamo=True, opset_version=18, verbose=False).save(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    feed = {given.name: value.numpy() for given, value in zip(session.get_inputs(), inputs, strict=True)}
    return session.run(None, feed)


def check_all(family: str, seeds: range, check: Callable[[Genotype, int], None]) -> None:
    for seed in seeds:
        sample = genotype(family, seed)
        print(f"\n{family}, seed {seed}:\n{to_text(sample)}")  # the last one printed is the one that fails
        check(sample, seed)


@pytest.mark.parametrize("family", FAMILIES)
def test_spellings(family: str) -> None:
    check_all(family, range(20), check_forms)


@pytest.mark.parametrize("family", FAMILIES)
def test_training(family: str) -> None:
    check_all(family, range(len(spaces(family))), check_training)


def test_export() -> None:
    tiny = LgcSpace(cells=3, reductions=(1, 2), width=4)
    check_export(tiny.decode(tiny.random(Random(0))), seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("first", range(0, 1000, CHUNK))
def test_a_thousand(family: str, first: int) -> None:
    check_all(family, range(first, first + CHUNK), check_forms)
    check_all(family, range(first, first + CHUNK), check_training)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("first", range(0, 100, 10))
def test_a_hundred_exports(family: str, first: int) -> None:
    check_all(family, range(first, first + 10), check_export)
