"""The scripts in results/ lead from nothing to figures, and leave alone what is done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(path for path in (ROOT / "results").glob("*.sh") if path.name != "steps.sh")
TINY = {
    "MINUTES": "0.02",
    "TRIALS": "2",
    "SEARCH": "0.02",
    "SPACE": "cells=4 reductions=1,2 width=8 --no-measure --size 32x48",
    "EXTRA": "--batch 2 --devices 1",
    "SECONDS_TIMED": "0.2",
    "TOP": "1",
    "PYTHON": sys.executable,
}
DATA = "streets:clips=4,frames=4,size=64x96"


def run(script: Path, folder: Path) -> None:
    words = ["sh", str(script), DATA, str(folder / "runs")]
    done = subprocess.run(
        words, env={**os.environ, **TINY, "FIGURES": str(folder)}, capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def stamps(folder: Path) -> dict[str, int]:
    return {
        str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix in (".safetensors", ".json")
    }


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_whole_way_and_nothing_twice(script: Path, tmp_path: Path) -> None:
    run(script, tmp_path)
    figures = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert figures
    assert all(0 <= one["scores"]["val"]["miou"] <= 1 for one in figures)
    before = stamps(tmp_path)
    run(script, tmp_path)
    assert stamps(tmp_path) == before


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_says_what_it_wants(script: Path) -> None:
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True)
    assert done.returncode != 0
    assert "KIND:PATH" in done.stderr
