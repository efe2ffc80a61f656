"""The real thing on a few small streets, killed in every stage."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from segsmith.forge.budget import STAGES, TABLE
from segsmith.networks.loading import load
from segsmith.training.runfolder import RunFolder

DATA, BUDGET_S = "streets:clips=9,frames=6,size=64x96,seed=3", 300
PATIENCE_S = 1800


def begin(out: Path, *more: str) -> "subprocess.Popen[bytes]":
    words = ["forge", DATA, "--latency", "95%", "--budget", f"{BUDGET_S}s", "-o", str(out), "--device", "cpu", *more]
    with (out.parent / "log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "segsmith", *words], stderr=log, start_new_session=True)


def stages(out: Path) -> dict[str, dict[str, Any]]:
    path = out / "forge.json"
    return dict(json.loads(path.read_text())["stages"]) if path.exists() else {}


def killed_in(stage: str, out: Path) -> None:
    """Let it come to the stage, and a little further."""
    process, end = begin(out), time.monotonic() + PATIENCE_S
    while stage not in stages(out):
        assert process.poll() is None, (out.parent / "log").read_text()[-2000:]
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(2)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills a group of processes, which this system has not")
def test_killed_in_every_stage_it_repeats_nothing_that_was_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "cache"))
    out, done = tmp_path / "run", dict[str, dict[str, Any]]()
    for stage in STAGES:
        if stage == TABLE:
            continue
        killed_in(stage, out)
        now = stages(out)
        assert {name: now[name] for name in done} == done
        done = {name: one for name, one in now.items() if one["done"]}
    assert begin(out).wait(PATIENCE_S) == 0, (out.parent / "log").read_text()[-2000:]
    final = stages(out)
    assert {name: final[name] for name in done} == done
    assert all(one["done"] for one in final.values())
    found, record = final["pick"]["found"], RunFolder(out).record()
    assert record["state"] == "finished"
    assert found["latency_ms"] <= found["limit_ms"]
    assert found["equal_pixels"] >= 0.999
    assert all(Path(path).exists() for path in found["files"])
    assert load(out).meta is not None
    page = (out / "report.html").read_text()
    for words in ("Forge a network for", "What was exported", "Where the time went", "Accuracy against latency"):
        assert words in page


@pytest.mark.slow
def test_the_lgc_space_is_forged_without_an_image_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "run"
    forging = begin(out, "--space", "lgc", "--latency", "200%", "--budget", "6m")
    assert forging.wait(PATIENCE_S) == 0, (out.parent / "log").read_text()[-2000:]
    final = stages(out)
    assert list(final) == ["look", "search", "train", "pick", "judge", "report"]
    assert load(out).meta is not None
    assert RunFolder(out).record()["result"]["equal_pixels"] >= 0.999
