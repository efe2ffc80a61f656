"""Exported files are judged by the same command as the network that they were made from."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from export_help import Tiny

import segsmith
from segsmith.training.assess import assess


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_an_export_scores_as_its_network(
    target: str, tiny: Tiny, data: str, exported: Mapping[str, Mapping[str, Path]], tmp_path: Path
) -> None:
    def scored(model: Path) -> dict[str, object]:
        split = next(iter(tiny.dataset.splits))
        done = assess(
            model,
            data,
            split,
            key_every=3,
            controls=False,
            device="cpu",
            pictures=tmp_path / model.name,
            say=lambda line: None,
        )
        return done.record()

    ours, theirs = scored(tiny.run), scored(exported[target]["key"])
    assert theirs["miou"] == pytest.approx(ours["miou"], abs=2e-3)
    assert theirs["ceiling"] == ours["ceiling"]
    assert (tmp_path / exported[target]["key"].name / "metrics.json").is_file()


def test_load_opens_runs_and_exports_alike(tiny: Tiny, exported: Mapping[str, Mapping[str, Path]]) -> None:
    frames = [tiny.dataset.reader.image(frame) for frame in tiny.dataset.frames(next(iter(tiny.dataset.splits)))[:5]]
    run, export = segsmith.load(tiny.run), segsmith.load(exported["onnx"]["key"], threads=1)
    assert run.classes == export.classes
    assert run.video
    assert export.video
    one, other = run.stream(key_every=3), export.stream(key_every=3)
    for frame in frames:
        assert (one(frame) != other(frame)).mean() < 1e-3
    assert run.network.meta == run.meta
