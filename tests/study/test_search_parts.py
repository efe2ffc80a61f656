"""Whole searches of a space of one's own, and with settings of the sampler."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.samplers import BaseSampler
from study_help import asked

from segsmith.genotype import load_genotype
from segsmith.search.named import SAMPLERS, make_sampler
from segsmith.search.sampler import ControllerSampler
from segsmith.spaces.make import SPACES
from segsmith.study.search import run_search

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


def space_of_the_page() -> type[Any]:
    """The example of a space in docs/extending.md."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    (code,) = (block for block in blocks if "class WidthSpace" in block)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, PAGE.name, "exec"), names)
    made: type[Any] = names["WidthSpace"]
    return made


def test_the_space_of_the_page_is_searched(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the stem of a trained network, as templates are."""
    monkeypatch.setitem(SPACES, "width", space_of_the_page())
    options = (("heads", "8,16"), ("multipliers", "1"))
    found = run_search(replace(asked(root, tmp_path / "s", "template"), space="width", space_options=options, trials=4))
    assert {record.state for record in found.records} <= {"scored", "stopped", "repeated"}
    assert found.counts.keys() & {"scored", "stopped"}
    assert all(0 < (record.reward or 0) < 1 for record in found.records)
    genotype = load_genotype(str(tmp_path / "s"))
    assert genotype.kind == "template"
    assert genotype.settings["head"] in (8, 16)


@pytest.mark.parametrize("settings", ["paper", "quick"])
def test_settings_reach_the_sampler(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str) -> None:
    made: list[BaseSampler] = []

    def noted(*words: Any) -> BaseSampler:
        made.append(make_sampler(*words))
        return made[-1]

    monkeypatch.setattr("segsmith.study.search.make_sampler", noted)
    run_search(asked(root, tmp_path / "s", sampler="ppo", sampler_settings=settings, trials=1))
    (sampler,) = made
    assert isinstance(sampler, ControllerSampler)
    assert sampler._learner.settings == SAMPLERS["ppo"].settings[settings]
