"""Costs: the published figures, and the shares of a step."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from network_help import dynamic, small

from segsmith.genotype import Genotype, preset
from segsmith.networks.build import build
from segsmith.networks.cost import describe

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "costs.json").read_text())["networks"]
LARGE = (1024, 2048)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['preset']}-{row['classes']}")
def test_published_parameters_and_flops(row: dict[str, Any]) -> None:
    genotype, classes = preset(row["preset"]), row["classes"]
    with torch.device("meta"):
        assert sum(p.numel() for p in build(genotype, classes).parameters()) == row["parameters"]
    if "gflops" in row:
        height, width = row["size"]
        found = describe(genotype, (height, width), classes)
        assert found.parameters == row["parameters"]
        assert found.key_flops == pytest.approx(row["gflops"] * 1e9, rel=1e-3)
        assert found.step_flops is None


@pytest.mark.parametrize(
    ("genotype", "share"),
    [
        (preset("typical"), 0.55),
        (preset("light"), 0.28),
        (replace(preset("light"), settings={"step_scale": 0.5}), 0.16),
        (preset("copy"), 0.03),
    ],
    ids=["typical", "light", "light-half", "copy"],
)
def test_a_step_costs_a_share_of_a_key_frame(genotype: Genotype, share: float) -> None:
    found = describe(genotype, LARGE, 19)
    assert found.step_flops is not None
    assert found.key_flops == pytest.approx(53.8879e9, rel=1e-3), "a key frame is one of arch2"
    assert found.step_flops <= share * found.key_flops


def test_the_parts_add_up() -> None:
    genotype = dynamic(("predict", "deform3", "prev:layer4", "sep3", "layer3"), ("affine", "skip", "n0", "gap", "n0"))
    found = describe(genotype, (67, 101), 5)
    assert found.parameters == sum(item.parameters for item in found.items)
    assert found.parameters == sum(p.numel() for p in build(genotype, 5).parameters())
    assert found.key_flops == sum(item.key_flops for item in found.items)
    assert found.step_flops == sum(item.step_flops for item in found.items)
    ops = {item.name: item.op for item in found.items}
    assert ops["cell.net.n0.a"] == "deform3"
    assert ops["static.net.n1"] == "merge"


def test_sampling_and_predicted_filters_count() -> None:
    """Eight channels at 1/8 of 64x96, which is 8x12: what a table of multiplications says."""
    rows = (
        ("predict", "deform3", "prev:dec", "skip", "layer2"),
        ("affine", "skip", "n0", "skip", "prev:dec"),
    )
    found = describe(dynamic(*rows), (64, 96), 5)
    flops = {item.name: item.step_flops for item in found.items}
    pixels = 8 * 12
    offsets, samples, products = 2 * 9 * 8 * 27, 9 * 8 * 9, 2 * 9 * 8 * 8
    assert flops["cell.net.n0.a"] == (offsets + samples + products) * pixels
    # nine filters of eight channels by 1x1, and nine multiply-adds for each value
    assert flops["cell.net.n0"] == (2 * 8 * 9 + 9 * 2 * 8) * pixels
    # six numbers of eight, and four multiply-adds for each sample
    assert flops["cell.net.n1"] == 2 * 8 * 6 + 4 * 2 * 8 * pixels


def test_only_what_a_step_runs_counts() -> None:
    found = describe(preset("light"), (64, 96), 5)
    steps = {item.name: item.step_flops for item in found.items}
    keys = {item.name: item.key_flops for item in found.items}
    assert 0 < steps["static.encoder"] < keys["static.encoder"] / 2
    assert {name for name, flops in steps.items() if flops and name.startswith("static.")} == {"static.encoder"}
    assert not any(flops for name, flops in keys.items() if name.startswith("cell."))


def test_nothing_is_computed_or_drawn_at_random() -> None:
    state = torch.random.get_rng_state()
    describe(small(), (64, 96), 5, in_channels=1)
    assert torch.equal(state, torch.random.get_rng_state())
