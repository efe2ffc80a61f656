"""Frames and a static network that whole searches share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from study_help import TINY, make_frames, make_static


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("searches")
    make_frames(root / "data")
    make_static(root)
    patch = pytest.MonkeyPatch()
    patch.setenv("SEGSMITH_CACHE", str(root / "cache"))
    patch.setattr("segsmith.study.proxy.presets.PRESETS", TINY)
    yield root
    patch.undo()
