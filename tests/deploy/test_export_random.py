"""Random genotypes of all three spaces, exported and equal in ONNX Runtime and OpenVINO over clips of 30 frames.

``SEGSMITH_RANDOM_EXPORTS`` says how many of each space; the first tell the most, for every space begins with another of
its variants. ``benchmarks/exports.py`` does it for 200 of them.
"""

import json
import os
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from export_help import SIZE

from segsmith.data.base import Dataset
from segsmith.data.open import open_dataset
from segsmith.genotype.check import validate

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COUNT = int(os.environ.get("SEGSMITH_RANDOM_EXPORTS", "4"))


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return import_module("exports")


@pytest.fixture(scope="module")
def streets() -> Dataset:
    return open_dataset(f"streets:clips=3,frames=30,size={SIZE[0]}x{SIZE[1]}")


@pytest.mark.slow
@pytest.mark.parametrize("family", ["dynamic", "template", "lgc"])
@pytest.mark.parametrize("seed", range(COUNT))
def test_equal_over_clips(family: str, seed: int, exports: Any, streets: Dataset) -> None:
    found = exports.tried(family, seed, streets, SIZE)
    print(found)
    assert set(found["equal"]) == {"onnxruntime", "openvino"}
    assert min(found["equal"].values()) >= 0.999


def test_all_spaces_have_their_share(exports: Any) -> None:
    chosen = list(exports.wanted(200))
    assert Counter(family for family, _ in chosen) == {"dynamic": 67, "template": 67, "lgc": 66}
    samples = [exports.genotype(family, seed) for family, seed in chosen[:15]]
    assert [validate(sample) for sample in samples] == samples
    assert len({repr(sample) for sample in samples}) == 15


def test_a_log_that_was_cut_short_goes_on(exports: Any, tmp_path: Path) -> None:
    log = tmp_path / "exports.jsonl"
    assert exports.done(log) == {}
    whole = [json.dumps({"family": "lgc", "seed": seed}) for seed in range(3)]
    log.write_text("\n".join(whole)[:-5])
    assert sorted(exports.done(log)) == [("lgc", 0), ("lgc", 1)]


def test_the_summary_names_what_differs(exports: Any) -> None:
    lines = [
        {
            "family": family,
            "equal": {"onnxruntime": 1.0, "openvino": least},
            "logits_off": {"onnxruntime": 0.01, "openvino": 0.02},
            "largest_logit": 10.0,
            "cpu_seconds": 4.0,
        }
        for family, least in (("lgc", 0.998), ("template", 0.9999))
    ]
    found = exports.summary(lines)
    assert found["least_equal"] == {"onnxruntime": 1.0, "openvino": 0.998}
    assert [line["family"] for line in found["below"]] == ["lgc"]
    assert found["largest_relative_logit_difference"]["openvino"] == pytest.approx(0.002)
