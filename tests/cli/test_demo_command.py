"""``segsmith demo`` and ``segsmith forge`` as commands: what they ask for and what they tell, without the forging."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from segsmith.cli import demo as demo_command
from segsmith.cli.forge import plan_table
from segsmith.cli.main import app
from segsmith.errors import UserError
from segsmith.forge.budget import LOOK, STAGES, TABLE, Speeds, divide
from segsmith.forge.facts import Facts
from segsmith.forge.options import ForgeOptions
from segsmith.latency.target import Target

RUNNER = CliRunner()
FORGE = ["forge", "toy", "--latency", "12ms", "--budget", "10m", "-o", "run"]
FOUND = {
    "trial": 7,
    "miou": 0.512,
    "missed": ["Pedestrian"],
    "latency_ms": 9.3,
    "limit_ms": 10.0,
    "measured": True,
    "equal_pixels": 1.0,
    "files": ["run/export/run-key.onnx"],
    "seconds": 571.0,
}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ForgeOptions, bool]]:
    made: list[tuple[ForgeOptions, bool]] = []

    def run_forge(options: ForgeOptions, say: object, show: object, plan_only: bool = False) -> dict[str, Any]:
        made.append((options, plan_only))
        return {} if plan_only else dict(FOUND)

    monkeypatch.setattr("segsmith.forge.drive.run_forge", run_forge)
    monkeypatch.setattr(demo_command, "_sheet", lambda out: None)
    monkeypatch.setattr(demo_command, "_film", lambda out: None)
    return made


def test_the_demo_opens_with_what_it_will_do_and_ends_with_what_to_look_at(
    calls: list[tuple[ForgeOptions, bool]], tmp_path: Path
) -> None:
    out = tmp_path / "demo"
    done = RUNNER.invoke(app, ["demo", "-o", str(out)], catch_exceptions=False)
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert [line[:1] for line in lines[:5]] == list("12345")
    assert [line.strip() for line in lines[-8:-4]] == [
        str(out / name) for name in ("street.mp4", "report.html", "frames.png", "cell.svg")
    ]
    assert all(line.startswith("  segsmith ") for line in lines[-3:])
    (options, _), *_ = calls
    assert (options.data, options.space, options.out) == ("toy", "dynamic", str(out))
    assert options.budget < 300


def test_the_demo_touches_nothing_that_is_not_its_own(calls: list[tuple[ForgeOptions, bool]], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(UserError, match="is there already"):
        RUNNER.invoke(app, ["demo", "-o", str(tmp_path)], catch_exceptions=False)
    with pytest.raises(UserError, match="too short for a demo"):
        RUNNER.invoke(app, ["demo", "-o", str(tmp_path / "new"), "--budget", "5s"], catch_exceptions=False)
    assert not calls


def test_a_demo_that_was_stopped_goes_on(calls: list[tuple[ForgeOptions, bool]], tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    RUNNER.invoke(app, ["demo", "-o", str(tmp_path)], catch_exceptions=False)
    assert len(calls) == 1


def test_forge_asks_for_what_the_words_say(calls: list[tuple[ForgeOptions, bool]]) -> None:
    words = "forge folder:data --latency 12ms --budget 1h30m -o run --space template --floor Car=0.5 --floor Tree=0.4"
    done = RUNNER.invoke(app, words.split(), catch_exceptions=False)
    (options, plan_only), *_ = calls
    assert options == ForgeOptions(
        "folder:data", "run", "12ms", 5400.0, space="template", floors=("Car=0.5", "Tree=0.4")
    )
    assert not plan_only
    for part in ("trial 7", "9.3 ms", "10.0 were allowed", "misses Pedestrian", "run-key.onnx", "report.html"):
        assert part in done.stderr


def test_forge_plan_stops_there(calls: list[tuple[ForgeOptions, bool]]) -> None:
    done = RUNNER.invoke(app, [*FORGE, "--plan"], catch_exceptions=False)
    assert calls[0][1]
    assert "Done" not in done.stderr


def test_forge_json_is_what_was_found(calls: list[tuple[ForgeOptions, bool]]) -> None:
    done = RUNNER.invoke(app, [*FORGE, "--json"], catch_exceptions=False)
    assert json.loads(done.stdout) == FOUND


def test_the_plan_names_every_stage_and_adds_up_to_the_budget() -> None:
    speeds = Speeds(0.02, candidate_s=5, collect_s=4, start_s=10, export_s=12, benchmark_s=20, judge_s=6, report_s=8)
    limits = {"limit_ms": 10.0, "held_ms": 9.7, "static_ms": 15.0, "lean_ms": 4.0}
    facts = Facts(
        "dynamic", "arch2", Target("here", "a CPU"), 3, False, **limits, split="test", controls=True, speeds=speeds
    )
    options = ForgeOptions("toy", "run", "10ms", 7200.0)
    shares = divide(7200, 60, [LOOK], speeds, True)
    table = plan_table(options, facts, 60.0, shares)
    screen = Console(width=200, file=StringIO())
    screen.print(table)
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    for stage in (*STAGES, TABLE, "in reserve", "arch2", "9.7 ms", "the best 3", "a CPU"):
        assert stage in text
    reserve = 7200 - 60 - sum(share.seconds for share in shares)
    assert 0 < reserve < 0.1 * 7200
