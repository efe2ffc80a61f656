"""The encoder's taps and where it stops."""

import json
from pathlib import Path

import pytest
import torch
from network_help import runs
from torch.utils.flop_counter import FlopCounterMode

from segsmith.networks.encoder import MobileNetV2

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "costs.json").read_text())["encoder"]
TAPS = ("layer1", "layer2", "layer3", "layer4")


@pytest.mark.parametrize("tap", TAPS)
def test_published_size_and_cost(tap: str) -> None:
    with torch.device("meta"):
        encoder = MobileNetV2(deepest=tap).eval()
        with FlopCounterMode(display=False) as counter:
            encoder(torch.empty(1, 3, 1024, 2048))
    assert sum(p.numel() for p in encoder.parameters()) == GOLDEN[tap]["parameters"]
    assert counter.get_total_flops() == pytest.approx(GOLDEN[tap]["gflops"] * 1e9, rel=1e-3)


def test_taps_are_what_they_say_at_an_odd_size() -> None:
    encoder = MobileNetV2(in_channels=4).eval()
    features = encoder(torch.randn(2, 4, 67, 101))
    assert list(features) == list(TAPS)
    for name, tap in encoder.taps.items():
        assert features[name].shape == (2, tap.channels, -(-67 // tap.stride), -(-101 // tap.stride))


def test_a_truncated_run_gives_the_same_features_and_runs_nothing_deeper() -> None:
    encoder = MobileNetV2().eval()
    frame = torch.randn(1, 3, 64, 96)
    whole = encoder(frame)
    counts = runs(encoder, [f"stages.{i}" for i in range(7)])
    for depth, (stages, tap) in enumerate(zip((2, 3, 5, 7), TAPS, strict=True), start=1):
        before = dict(counts)
        part = encoder(frame, upto=tap)
        assert list(part) == list(TAPS[:depth])
        for name in part:
            assert torch.equal(part[name], whole[name])
        assert [counts[name] - before[name] for name in counts] == [1] * stages + [0] * (7 - stages)


def test_trains_on_one_small_frame() -> None:
    encoder = MobileNetV2()
    encoder(torch.randn(1, 3, 17, 31))["layer4"].square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_a_good_start_keeps_the_scale_of_values() -> None:
    torch.manual_seed(0)
    features = MobileNetV2().train()(torch.randn(4, 3, 128, 128))
    for x in features.values():
        assert 0.3 < x.std() < 3
