"""The scripts in results/ lead from nothing to figures, and leave alone what is done."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALL = ROOT / "results" / "all.sh"
SCRIPTS = sorted(path for path in (ROOT / "results").glob("*.sh") if path.name not in ("steps.sh", ALL.name))
DATA = "streets:clips=4,frames=4,size=64x96"
TINY = {
    "MINUTES": "0.02",
    "PRETRAIN": "0.02",
    "STREETS": DATA,
    "TRIALS": "2",
    "TEACHER": "",
    "SEARCH": "0.02",
    "SPACE": "cells=4 reductions=1,2 width=8 --no-measure --size 32x48",
    "EXTRA": "--batch 2",
    "DEVICES": "1",
    "SECONDS_TIMED": "0.2",
    "PYTHON": sys.executable,
}


def run(script: Path, folder: Path) -> None:
    words = ["sh", str(script), DATA, str(folder / "runs")]
    done = subprocess.run(words, env=bare() | TINY, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def bare() -> dict[str, str]:
    """The environment without what is meant for the scripts."""
    known = set(read_variables())
    return {name: value for name, value in os.environ.items() if name not in known}


def stamps(folder: Path) -> dict[str, int]:
    return {
        str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix in (".safetensors", ".json")
    }


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_whole_way_and_nothing_twice(script: Path, tmp_path: Path) -> None:
    run(script, tmp_path)
    figures = [json.loads(path.read_text()) for path in tmp_path.glob("runs/figures/*.json")]
    assert figures
    assert all(0 <= one["scores"]["val"]["miou"] <= 1 for one in figures)
    before = stamps(tmp_path)
    run(script, tmp_path)
    assert stamps(tmp_path) == before


@pytest.mark.parametrize("script", [*SCRIPTS, ALL], ids=lambda path: path.stem)
def test_a_script_says_what_it_wants(script: Path) -> None:
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True)
    assert done.returncode != 0
    assert "KIND:PATH" in done.stderr


STUB = r"""#!/bin/sh
# Writes down what it was asked; a search's best are made at once.
[ "$1" = -c ] && exit
echo "$0 $*" >> "$LOG"
if [ "$5" = --top ]; then
    mkdir -p "$4/top"
    for number in $(seq "$6"); do echo {} > "$4/top/trial$number.json"; mkdir -p "$4-best/trial$number"; done
fi
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository that holds the scripts and an interpreter that only writes down what it was asked."""
    shutil.copytree(ROOT / "results", tmp_path / "results")
    stub = tmp_path / ".venv" / "bin" / "python"
    stub.parent.mkdir(parents=True)
    stub.write_text(STUB)
    stub.chmod(0o755)
    return tmp_path


def asked(folder: Path, script: str, **variables: str) -> list[str]:
    """What the script asks of its interpreter."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    words = ["sh", f"results/{script}.sh", "camvid:PATH?holdout=0006R0"]
    env = bare() | {"LOG": str(log), **variables}
    done = subprocess.run(words, env=env, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


def read_variables() -> list[str]:
    """Those that may be given to a script."""
    return re.findall(r"\$\{([A-Z_]+):?-", "".join(path.read_text() for path in (ROOT / "results").glob("*.sh")))


def test_the_header_lists_every_variable() -> None:
    text = (ROOT / "results" / "steps.sh").read_text()
    header = text[: text.index("set -eu")]
    assert [name for name in read_variables() if not re.search(rf"\b{name}\b", header)] == []


def test_the_interpreter_is_the_repositorys_where_it_has_one(copy: Path) -> None:
    assert asked(copy, "template_arch0")[0].startswith("results/../.venv/bin/python -m segsmith train")
    other = shutil.move(copy / ".venv" / "bin", copy / "bin") / "python3"
    other.symlink_to("python")
    path = f"{other.parent}:{os.environ['PATH']}"
    assert asked(copy, "template_arch0", PATH=path)[0].startswith(f"{other} -m segsmith train")
    assert asked(copy, "template_arch0", PYTHON="bin/python3")[0].startswith("bin/python3 -m segsmith train")


def test_figures_lie_beside_the_runs(copy: Path) -> None:
    assert "-o runs/figures/template_arch0.json" in asked(copy, "template_arch0")[-1]
    assert "-o results/template_arch0.json" in asked(copy, "template_arch0", FIGURES="results")[-1]


def options(command: str) -> tuple[str, dict[str, str]]:
    """What is trained, and how."""
    what, *words = shlex.split(command.partition("segsmith train ")[2])
    return what, {"--seed": "0", **dict(zip(words[::2], words[1::2], strict=True))}


def plain(command: str) -> str:
    """Where only the first trial of a search was found."""
    return re.sub(r"trial\d+", "trial1", command)


def test_what_was_recorded_is_what_the_scripts_do(copy: Path) -> None:
    lines = asked(copy, "all")
    trained = [options(line) for line in lines if " segsmith train " in line]
    searched = {line.partition("-m ")[2].replace(" --seed 0", "") for line in lines if " segsmith search " in line}
    judged = {line.partition(" --data ")[0].partition(" results/judge.py ")[2] for line in lines}
    files = sorted((ROOT / "results").glob("*.json"))
    assert files
    for file in files:
        *_, own, judging = json.loads(file.read_text())["commands"]
        assert options(plain(own)) in trained
        assert plain(judging).partition(" results/judge.py ")[2].partition(" --data ")[0] in judged
        for command in json.loads(file.read_text())["commands"]:
            if command.startswith("segsmith search "):
                assert command.replace("'", "").replace(" --seed 0", "") in searched


def test_the_table_is_made_of_all_rows(copy: Path) -> None:
    *rows, timed, told = asked(copy, "all")
    names = [line.split()[3] for line in rows if "judge.py" in line]
    assert sorted(word.partition("=")[0] for word in timed.split() if "=runs/" in word) == sorted(names)
    assert len(names) == len(SCRIPTS)
    assert told.endswith("table.py runs/figures")


def test_what_chance_found_lies_beside_what_was_searched(copy: Path) -> None:
    def places(sampler: str) -> set[str]:
        lines = asked(copy, "dynamic_arch0", SAMPLER=sampler)
        return {word for line in lines for word in line.split() if "arch0-cell" in word}

    assert not places("ppo") & places("random")


def test_below_street_is_the_image_network_that_ships(copy: Path) -> None:
    *still, _ = asked(copy, "street_still")
    assert asked(copy, "street")[: len(still)] == still


def minutes(copy: Path, **variables: str) -> list[str]:
    """Of the trainings of street.sh, one after the other."""
    lines = asked(copy, "street", **variables)
    return [options(line)[1]["--minutes"] for line in lines if " segsmith train " in line]


def test_minutes_are_those_of_the_cell_unless_it_has_its_own(copy: Path) -> None:
    assert minutes(copy) == ["15", "30", "28"]
    assert minutes(copy, MINUTES="5") == ["15", "5", "5"]
    assert minutes(copy, MINUTES="5", CELL_MINUTES="7") == ["15", "5", "7"]


def test_without_the_simulator_there_are_two_trainings(copy: Path) -> None:
    assert minutes(copy, PRETRAIN="0") == ["30", "28"]


def test_a_larger_top_adds_to_the_smaller(copy: Path) -> None:
    def judged(top: str) -> tuple[bool, int]:
        lines = asked(copy, "template_search", TOP=top)
        return any(f"--top {top}" in line for line in lines), sum("judge.py" in line for line in lines)

    assert judged("1") == (True, 1)
    assert judged("1") == (False, 1)
    assert judged("3") == (True, 3)
