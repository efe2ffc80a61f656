"""What a user waits for: the help, a frame of a network that ships, a trial of the quick proxy, and the two commands.

    python benchmarks/waits.py [--static RUN] [--trials 6] [--commands demo test]

``--static`` is what the trials' cells stand on. ``--commands`` are targets of the Makefile, timed after its setup;
the demo's folder must not be there yet.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from record import segsmith, write

ROOT = Path(__file__).parent.parent
MODEL = "street-still"


def seconds(command: list[str], times: int = 1) -> list[float]:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        found.append(round(time.perf_counter() - start, 2))
    return found


def help_seconds() -> float:
    command = [str(Path(sys.executable).parent / "segsmith"), "--help"]
    return median(seconds(command, 10)[1:])


def frame(minutes: float) -> dict[str, Any]:
    told = json.loads(segsmith("benchmark", MODEL, "--minutes", str(minutes), "--json"))
    (whole,) = [row for row in told["results"] if row["scope"] == "frame"]
    return {"model": MODEL, "threads": told["threads"]} | {
        key: whole[key] for key in ("size", "backend", "p50_ms", "p95_ms", "stable")
    }


def trials(static: str, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        words = ["--sampler", "random", "--no-early-stopping", "--proxy", "quick", "--quiet", "--data", "toy"]
        segsmith("search", "dynamic", *words, "--static", static, "--trials", str(count), "-o", f"{folder}/s")
        scored = [t for t in json.loads(segsmith("study", f"{folder}/s", "--json"))["trials"] if t["state"] == "scored"]
    return {"scored": len(scored), "median_s": median(trial["seconds"] for trial in scored)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--static", default=MODEL)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=1.0, help="for the frame")
    parser.add_argument("--commands", nargs="*", default=[])
    given = parser.parse_args()
    seconds(["make", "setup"])
    write(
        "waits",
        help_s=help_seconds(),
        frame=frame(given.minutes),
        quick_trial=trials(given.static, given.trials),
        commands_s={f"make {name}": seconds(["make", name])[0] for name in given.commands},
    )


if __name__ == "__main__":
    main()
