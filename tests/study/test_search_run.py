"""Whole searches: from flags to a run's folder, killed and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from random import Random

import pytest
import typer
from filelock import FileLock
from optuna.exceptions import StorageInternalError
from study_help import SMALL, asked, make_table
from typer.testing import CliRunner

from segsmith.cli import study
from segsmith.cli.search import search
from segsmith.errors import UserError
from segsmith.genotype import fingerprint, load_genotype
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import look_up
from segsmith.study.results import load_results
from segsmith.study.search import clock_of, goals_of, meter_of, run_search
from segsmith.training.runfolder import LOCK, RunFolder
from segsmith.training.start import start

app = typer.Typer()
app.command()(search)
app.add_typer(study.app, name="study")


def rewards(out: Path) -> list[float | None]:
    return [record.reward for record in load_results(out).records]


def test_a_search_leaves_a_run_that_training_takes(root: Path, tmp_path: Path) -> None:
    found = run_search(asked(root, tmp_path / "s", flops="90%", trials=2))
    assert found.state == "finished"
    assert found.best is not None
    record = json.loads((tmp_path / "s" / "run.json").read_text())
    assert (record["command"], record["state"], record["trials"]) == ("search", "finished", 2)
    genotype = load_genotype(str(tmp_path / "s"))
    assert fingerprint(genotype) == found.best.fingerprint
    begun = start(str(tmp_path / "s"), _classes(root), static=str(root / "arch2.safetensors"))
    assert fingerprint(begun.genotype) == found.best.fingerprint
    assert found.best.flops is not None
    assert all(one.flops is not None and one.reward is not None for one in found.ranked())


def _classes(root: Path):
    from segsmith.data.open import open_dataset

    return open_dataset(f"folder:{root / 'data'}").classes


@pytest.mark.parametrize("space", ["dynamic", pytest.param("template", marks=pytest.mark.slow)])
def test_asked_again_a_search_goes_on_where_it_was(root: Path, tmp_path: Path, space: str) -> None:
    whole = run_search(asked(root, tmp_path / "whole", space, trials=3))
    for trials in (1, 3):
        run_search(asked(root, tmp_path / "parts", space, trials=trials))
    assert rewards(tmp_path / "parts") == rewards(tmp_path / "whole")
    assert len(whole.records) == 3
    assert RunFolder(tmp_path / "parts").record()["configuration"]["trials"] == 3


def test_without_a_table_candidates_are_timed_here(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segsmith.study.clock.SECONDS", 0.2)
    found = run_search(asked(root, tmp_path / "run", trials=1, latency="10000ms"))
    assert all(record.latency_ms is not None and 0 < record.latency_ms < 10000 for record in found.records)
    assert RunFolder(tmp_path / "run").record()["key_ms"] > 0


def test_timed_candidates_are_held_to_a_little_less(root: Path, tmp_path: Path) -> None:
    def most(**changes: object) -> float:
        options = asked(root, tmp_path / "run", latency="10ms", **changes)
        known = look_up(options)
        meter = meter_of(options, known)
        (limit,) = goals_of(options, known, meter, clock_of(options, known, meter)).limits
        return limit.most

    assert most() == pytest.approx(9.7)
    assert most(soft=0.5) == 10
    assert most(table=str(make_table(tmp_path / "t.json"))) == 10


def test_a_latency_that_nothing_keeps_ends_the_search(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segsmith.study.driver.REFUSALS", 2)
    monkeypatch.setattr("segsmith.study.clock.Clock.__call__", lambda clock, genotype: 5.0)
    with pytest.raises(UserError, match="none of 2 candidates in a row met the budget"):
        run_search(asked(root, tmp_path / "run", trials=1, latency="0.001ms"))


def test_a_killed_search_is_told_from_one_that_runs(root: Path, tmp_path: Path) -> None:
    options = asked(root, tmp_path / "run", trials=1)
    assert run_search(options).state == "finished"
    folder = RunFolder(Path(options.out))
    folder.update(state="running")  # as a kill leaves it
    assert load_results(folder.path).state == "interrupted"
    with FileLock(folder.path / LOCK):
        assert load_results(folder.path).state == "running"


def test_another_search_is_not_mixed_into_a_run(root: Path, tmp_path: Path) -> None:
    run_search(asked(root, tmp_path / "s", trials=1))
    for changes, words in (
        ({"sampler": "tpe"}, "holds a search with --sampler random, not tpe"),
        ({"floors": ("box=0.5",)}, r"--floors \(none\), not \['box=0.5'\]"),
    ):
        with pytest.raises(UserError, match=words):
            run_search(asked(root, tmp_path / "s", **changes))
    with FileLock(tmp_path / "s" / ".lock"), pytest.raises(UserError, match="another search is running"):
        run_search(asked(root, tmp_path / "s"))


@pytest.mark.slow
def test_workers_find_what_a_single_process_finds(root: Path, tmp_path: Path) -> None:
    """Spawned processes do not see patched presets, but their opener carries the settings."""
    run_search(asked(root, tmp_path / "one", trials=3, early_stopping=False))
    run_search(asked(root, tmp_path / "two", trials=3, early_stopping=False, workers=2, memory_gb=0.0))
    one, two = ({r.fingerprint: r.reward for r in load_results(tmp_path / name).records} for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(one[key] == pytest.approx(two[key], abs=1e-3) for key in one)


def test_the_commands(root: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "s")
    flags = ["search", "dynamic", "channels=8", "--rows", "2", "--data", f"folder:{root / 'data'}", "-o", out]
    flags += ["--static", str(root / "arch2.safetensors"), "--sampler", "nsga2", "--objectives", "reward,flops"]
    flags += ["--trials", "3", "--workers", "0", "--device", "cpu", "--floor", "ground=0.01", "--soft", "0.5"]
    shown = CliRunner().invoke(app, [*flags, "--flops", "200%", "--parameters", "0.01M"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "trial 3/3" in shown.stderr
    assert "budget: 10,000 parameters" in shown.stderr
    assert "Pareto front, reward against flops" in shown.stderr
    answer = CliRunner().invoke(app, ["study", out, "--json"], catch_exceptions=False)
    data = json.loads(answer.stdout)
    assert len(data["trials"]) == sum(data["counts"].values()) == 3
    keys = {"number", "state", "reward", "latency_ms", "parameters", "seconds", "genotype", "reason", "flops"}
    assert keys <= data["trials"][0].keys()
    assert data["trials"][0]["latency_ms"] is None
    assert data["best"]["reward"] == max(trial["reward"] for trial in data["trials"])
    assert data["best"]["number"] in data["pareto"]
    assert CliRunner().invoke(app, ["study", out], catch_exceptions=False).exit_code == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "--data is missing"),
        (["--data", "toy"], "-o RUN is missing"),
        (["--data", "toy", "-o", "x"], "needs --trials or --minutes"),
        (["--data", "toy", "-o", "x", "--trials", "3", "--objectives", "flops"], "objectives flops"),
        (["--data", "toy", "-o", "x", "--trials", "3", "--workers", "-1"], "--workers -1"),
        (["--data", "toy", "-o", "x", "--trials", "3", "--measure"], "--measure, and no latency is asked for"),
        (["--data", "toy", "-o", "x", "--trials", "3", "--cpus", "0"], "cannot take 0 CPUs"),
    ],
)
def test_mistakes_of_the_command_line(flags: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["search", "dynamic", *flags])
    assert isinstance(result.exception, UserError)
    assert words in str(result.exception)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"flops": "much"}, "'much' is no amount"),
        ({"floors": ("box",)}, "no class and IoU"),
        ({"floors": ("cat=0.3",)}, "no such class"),
        ({"sampler": "ppo", "objectives": ("reward", "flops")}, "learns from one score"),
        ({"sampler": "random", "objectives": ("reward", "speed")}, "no objective 'speed'"),
        ({"space": "template", "space_options": SMALL["template"], "flops": "60%"}, "60% of what"),
        ({"space": "template", "space_options": SMALL["template"], "flicker": 0.1}, "do not flicker"),
        ({"flops": "50%", "table": "none.json"}, "none.json"),
        ({"sampler": "pp"}, "did you mean ppo"),
        ({"storage": "there"}, "no URL"),
        ({"storage": "sqlite:////no/such/folder/study.db"}, "cannot open the study's storage"),
    ],
)
def test_mistakes_in_what_is_asked(root: Path, tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        run_search(asked(root, tmp_path / "s", **changes))
    assert not (tmp_path / "s" / "run.json").exists(), "what cannot begin leaves the folder free"


def test_a_storage_that_fails_is_said_in_one_line(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageInternalError from OSError("database or disk is full")

    monkeypatch.setattr("optuna.trial.Trial.set_user_attr", full)
    with pytest.raises(UserError, match="storage failed: database or disk is full"):
        run_search(asked(root, tmp_path / "s"))
    assert json.loads((tmp_path / "s" / "run.json").read_text())["state"] == "failed"


def test_a_folder_that_holds_no_search(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        load_results(tmp_path)
    (tmp_path / "run.json").write_text('{"command": "train"}')
    with pytest.raises(UserError, match="is a run of segsmith train"):
        load_results(tmp_path)


DRIVER = """
import json, sys
from segsmith.study.proxy import presets
from segsmith.study.options import SearchOptions
from segsmith.study.proxy.presets import ProxySettings, Stage
from segsmith.study.search import run_search

if __name__ == "__main__":
    stages = (Stage(1, 1e-2), Stage(1, 1e-2))
    presets.PRESETS = (ProxySettings("quick", "dynamic", stages, 4, length=3, clips=8, judged=2, learn_at=8),)
    run_search(SearchOptions.of_record(json.loads(sys.argv[1])))
"""


def driver(options: SearchOptions) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-c", DRIVER, json.dumps(asdict(options))]
    return subprocess.Popen(words, stderr=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["ppo"])
def test_twenty_kills_lose_nothing_and_change_nothing(root: Path, tmp_path: Path, sampler: str) -> None:
    options = asked(root, tmp_path / "killed", sampler=sampler, trials=60, workers=1)
    chance, killed, done = Random(0), 0, []
    while killed < 20:
        process = driver(options)
        known = len(done)
        while process.poll() is None and len(scored(options.out)) < known + chance.randrange(3):
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.5))
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        killed += 1
        now = scored(options.out)
        assert now[: len(done)] == done, "a finished trial was lost or changed"
        done = now
    assert killed == 20
    whole = replace(options, out=str(tmp_path / "whole"))
    for left in (options, whole):
        process = driver(left)
        words = process.communicate(timeout=600)[1].decode()
        assert process.returncode == 0, words
    assert scored(options.out) == scored(whole.out)
    assert [number for number, _, _ in scored(options.out)] == list(range(60))


def scored(out: str) -> list[tuple[int, str, float | None]]:
    if not (Path(out) / "study.db").exists():
        return []
    try:
        found = load_results(Path(out)).records
    except (UserError, KeyError):
        return []  # it is being made
    return [(record.number, record.fingerprint, record.reward) for record in found]


@pytest.mark.slow
def test_ctrl_c_stops_and_says_how_to_go_on(root: Path, tmp_path: Path) -> None:
    options = asked(root, tmp_path / "s", trials=500, workers=1)
    process = driver(options)
    while len(scored(options.out)) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    words = process.communicate(timeout=60)[1].decode()
    assert "everything is saved (go on: give the same command again)" in words
    assert load_results(tmp_path / "s").state == "stopped"
