"""What a forge looks at before it plans."""

from pathlib import Path

import pytest
import torch

from segsmith.data.open import open_dataset
from segsmith.forge.material import Material
from segsmith.forge.rehearse import Few
from segsmith.latency.target import Target, processor
from segsmith.study.proxy.presets import proxy_named

STREETS = "streets:clips=4,frames=6,size=64x96"


@pytest.mark.parametrize("size", [(48, 64), (64, 96), (80, 120)])
def test_candidates_rehearse_on_frames_of_the_targets_size(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "cache"))
    target, settings = Target("here", processor(), size=size), proxy_named("quick", "dynamic")
    dataset = open_dataset(STREETS)
    material = Material(dataset, "dynamic", target, size != (64, 96), settings, (9, 9), 9, "val", 9)
    few = Few.of(material, tmp_path, torch.device("cpu"))
    frame = few.learnt[0].frames[-1]
    assert few.source.normalised(frame, torch.device("cpu")).shape[2:] == size
    assert few.source.mask(frame, 1).shape == size
