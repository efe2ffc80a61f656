"""What stands beside every figure: the command, the commit, the kind of machine and how busy it was."""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from segsmith.data.open import KINDS, without_path
from segsmith.training.runfolder import machine, versions

RESULTS = Path(__file__).parent / "results"


def record(**figures: Any) -> dict[str, Any]:
    script = f"benchmarks/{Path(sys.argv[0]).name}"
    kind = machine() | {"load": round(os.getloadavg()[0], 1)}
    origin = {"command": " ".join(["python", script, *map(public, sys.argv[1:])]), "commit": commit()}
    return origin | {"machine": kind, "versions": versions()} | figures


def public(word: str) -> str:
    """Without the folders of this machine: of a path that begins at its root the last part."""
    if word.partition(":")[0] in KINDS:
        return without_path(word)
    return re.sub(r"(^|[:=])/(?:[^/?]*/)*", r"\1", word)


def write(name: str, **figures: Any) -> None:
    """Into benchmarks/results, and on stdout."""
    text = json.dumps(record(**figures), indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)


def write_of_runs(words: str | None, key: str, figures: Callable[[Path], Any]) -> None:
    """The whole of a script that is given a name and runs. ``words``: what it says of itself."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="of the file in results/")
    parser.add_argument("runs", nargs="+", type=Path)
    options = parser.parse_args()
    write(options.name, **{key: {run.name: figures(run) for run in options.runs}})


def segsmith(*words: str) -> str:
    """What the command says on stdout."""
    command = [sys.executable, "-m", "segsmith", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def commit() -> str:
    """The commit, with a + where files have changed since."""
    git = ["git", "-C", str(Path(__file__).parent)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "../src"]).returncode
    return (head or "unknown") + ("+" if changed else "")
