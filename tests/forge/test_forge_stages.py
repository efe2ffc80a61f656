"""Stages are done once, whatever happens between them."""

import json
import os
import time
from pathlib import Path

import pytest
from forge_help import Stages, asked, facts
from typer.testing import CliRunner

from segsmith.cli.main import app
from segsmith.errors import UserError
from segsmith.forge.budget import LOOK, SEARCH, STAGES, STATIC, TABLE, TABLE_FROM, TRAIN
from segsmith.report.run_page import USUAL as USUAL_OF
from segsmith.training.runfolder import RunFolder

USUAL = [stage for stage in STAGES if stage != TABLE]


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    return Stages().put(monkeypatch)


def test_all_stages_in_their_order_each_once(stages: Stages, tmp_path: Path) -> None:
    found = stages.run(asked(tmp_path))
    assert stages.log == USUAL
    assert found["trial"] == 3
    record = RunFolder(tmp_path).record()
    assert record["state"] == "finished"
    assert record["result"]["latency_ms"] == 9.0
    assert [stage["name"] for stage in record["stages"]] == USUAL
    stages.run(asked(tmp_path))
    assert stages.log == USUAL


def test_a_long_budget_measures_a_table_first(stages: Stages, tmp_path: Path) -> None:
    stages.run(asked(tmp_path, budget=TABLE_FROM))
    assert stages.log == list(STAGES)


@pytest.mark.parametrize("fault", USUAL)
def test_a_forge_that_was_stopped_repeats_nothing(stages: Stages, tmp_path: Path, fault: str) -> None:
    stages.fault = fault
    with pytest.raises(UserError, match="stopped in"):
        stages.run(asked(tmp_path))
    assert RunFolder(tmp_path).record()["state"] == "stopped"
    stages.fault = ""
    stages.run(asked(tmp_path))
    place = USUAL.index(fault)
    assert stages.log == [*USUAL[: place + 1], *USUAL[place:]]
    assert RunFolder(tmp_path).record()["state"] == "finished"


def test_a_stage_that_was_killed_counts_as_far_as_it_wrote_and_keeps_its_time(stages: Stages, tmp_path: Path) -> None:
    """As a kill leaves it: the stage is entered as begun, and there are files that tell how long it worked."""
    stages.fault = SEARCH
    with pytest.raises(UserError, match="stopped in"):
        stages.run(asked(tmp_path))
    path = tmp_path / "forge.json"
    kept = json.loads(path.read_text())
    now = time.time()
    kept["stages"][SEARCH] |= {"seconds": 5.0, "begun": now - 100}
    path.write_text(json.dumps(kept))
    (tmp_path / "search").mkdir()
    (tmp_path / "search/study.db").write_text("")
    os.utime(tmp_path / "search/study.db", (now - 60, now - 60))
    (tmp_path / "report.html").write_text("made long after")
    stages.fault = ""
    stages.run(asked(tmp_path))
    done = json.loads(path.read_text())["stages"]
    assert 44 < done[SEARCH]["seconds"] < 47
    first, again = (given[1] for given in stages.given if given[0] == SEARCH)
    assert first == pytest.approx(again)
    training = next(given[1] for given in stages.given if given[0] == TRAIN)
    assert training < kept["stages"][SEARCH]["planned"] + 600 - 45


def test_only_the_plan(stages: Stages, tmp_path: Path) -> None:
    plan = stages.run(asked(tmp_path), plan_only=True)
    assert stages.log == [LOOK]
    assert [share.stage for share in stages.plans[0]] == USUAL[1:]
    assert plan["facts"] == facts().record()
    assert (plan["budget"], plan["spent"]) == (600.0, pytest.approx(0, abs=1))
    assert [stage["stage"] for stage in plan["stages"]] == USUAL[1:]
    for stage, share in zip(plan["stages"], stages.plans[0], strict=True):
        assert (stage["fixed"], stage["learning"], stage["seconds"]) == (share.fixed, share.learning, share.seconds)
    assert RunFolder(tmp_path).record()["state"] == "stopped"
    stages.run(asked(tmp_path))
    assert stages.log == USUAL
    assert stages.run(asked(tmp_path), plan_only=True)["stages"] == []
    assert RunFolder(tmp_path).record()["state"] == "finished"


def test_the_plan_as_json(stages: Stages, tmp_path: Path) -> None:
    words = ["forge", "toy", "--latency", "10ms", "--budget", "10m", "--plan", "--json", "-o", str(tmp_path)]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert json.loads(done.stdout)["facts"]["space"] == "dynamic"
    assert "Done in" not in done.stderr


def test_every_flag_arrives(stages: Stages, tmp_path: Path) -> None:
    flags = "forge toy --latency 60% --budget 10m --space dynamic --static arch2 --key-every 5 --floor box=0.3 --seed 4"
    done = CliRunner().invoke(app, [*flags.split(), "--plan", "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    wanted = {"latency": "60%", "space": "dynamic", "static": "arch2", "key_every": 5, "seed": 4}
    assert stages.asked == [asked(tmp_path, floors=("box=0.3",), **wanted)]
    assert stages.log == [LOOK]


def test_the_page_knows_what_a_forge_is_asked_by_itself(tmp_path: Path) -> None:
    by_itself = asked(tmp_path)
    assert USUAL_OF["forge"] == {name: getattr(by_itself, name) for name in USUAL_OF["forge"]}


def test_a_plan_that_was_refused_may_be_another_one(stages: Stages, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="too short"):
        stages.run(asked(tmp_path, budget=70.0))
    assert RunFolder(tmp_path).record()["state"] == "stopped"
    stages.run(asked(tmp_path))
    assert stages.log == [LOOK, *USUAL]


@pytest.mark.parametrize("change", [{"latency": "20ms"}, {"budget": 900.0}, {"floors": ("box=0.3",)}])
def test_what_a_forge_is_about_cannot_change_once_it_learns(
    stages: Stages, tmp_path: Path, change: dict[str, object]
) -> None:
    stages.fault = SEARCH
    with pytest.raises(UserError, match="stopped in"):
        stages.run(asked(tmp_path))
    with pytest.raises(UserError, match="holds a forge with"):
        stages.run(asked(tmp_path, **change))
    assert stages.log == USUAL[: USUAL.index(SEARCH) + 1]


def test_a_folder_of_another_command_is_refused(stages: Stages, tmp_path: Path) -> None:
    RunFolder(tmp_path).create("train", {}, 0)
    with pytest.raises(UserError, match="run of segsmith train"):
        stages.run(asked(tmp_path))


def test_time_that_a_stage_leaves_over_goes_to_those_behind_it(stages: Stages, tmp_path: Path) -> None:
    """The stages here take none."""
    stages.run(asked(tmp_path))
    planned = {share.stage: share.learning for share in stages.plans[0]}
    given = {one[0]: one[1] for one in stages.given if one[0] in (STATIC, SEARCH, TRAIN)}
    assert given[STATIC] == pytest.approx(planned[STATIC], rel=0.01)
    assert given[SEARCH] > 1.5 * planned[SEARCH]
    assert 600 > given[TRAIN] > 2 * planned[TRAIN]
