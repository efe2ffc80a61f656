"""One small network for all tests, exported once."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from export_help import SIZE, Tiny, save_frames, save_run, video

from segsmith.deploy.export import ExportOptions, make, write
from segsmith.deploy.targets import TARGETS, Made
from segsmith.runtimes.card import Card
from segsmith.runtimes.graphs import KEY


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_frames(tmp_path_factory.mktemp("frames") / "set")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, data: str) -> Tiny:
    return save_run(tmp_path_factory.mktemp("video"), video(), data)


@pytest.fixture(scope="session")
def card(tiny: Tiny) -> Card:
    return Card(tiny.meta, KEY, SIZE, versions={"segsmith": "0"})


@pytest.fixture(scope="session")
def made(tiny: Tiny, card: Card) -> Mapping[str, Made]:
    """Both parts for frames of one size, recorded once for all tests."""
    options = ExportOptions(tiny.run, size=SIZE, deform="grid", logits=True, confidence=True)
    return make(options, tiny.network, card, TARGETS["onnx"], tiny.dataset, lambda line: None)


@pytest.fixture(scope="session")
def exported(
    tmp_path_factory: pytest.TempPathFactory, made: Mapping[str, Made], card: Card
) -> Mapping[str, Mapping[str, Path]]:
    """Files by target and part."""
    folder = tmp_path_factory.mktemp("exported")
    return {name: write(made, card, target, folder / f"net{target.suffix}", True) for name, target in TARGETS.items()}
