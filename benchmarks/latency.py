"""A table for this machine and how well it predicts 30 networks that it has not seen, for ``lgc`` and ``dynamic``.

    python benchmarks/latency.py --tables FOLDER [--spaces lgc dynamic] [--threads 2] [--size 360x480]

The tables stay in FOLDER; what was stopped goes on. Nothing else should run meanwhile.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from record import write
from segsmith.cli.output import say
from segsmith.cli.parse import size
from segsmith.latency.check import check
from segsmith.latency.job import begun, measure_table
from segsmith.latency.reach import reach
from segsmith.latency.rounds import Effort
from segsmith.latency.table import Table
from segsmith.latency.target import Target, this_machine


def table_of(space: str, target: Target, asked: argparse.Namespace) -> dict[str, Any]:
    path, effort = asked.tables / f"{space}.json", Effort(asked.tolerance)
    start = time.monotonic()
    table, job = begun(path, space, [], target, "arch2", asked.classes, missing=False)
    measure_table(table, job, path, asked.fit, effort, say)
    minutes = (time.monotonic() - start) / 60
    verdict = check(table, asked.check, path, effort, say)
    return {
        "pieces": len(table.pieces),
        "minutes": round(minutes, 1),
        "check": verdict,
        "range": ends(Table.load(path)),
    }


def ends(table: Table) -> dict[str, float | bool]:
    found = reach(table.subject.open(), lambda one: table.predict(one).mix(table.target.key_every))
    return {"fastest_ms": found.fastest.ms, "slowest_ms": found.slowest.ms, "exact": found.exact}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spaces", nargs="+", default=["lgc", "dynamic"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", default="360x480")
    parser.add_argument("--backend", default="onnxruntime")
    parser.add_argument("--classes", type=int, default=11)
    parser.add_argument("--fit", type=int, default=14, help="networks that the model is fitted to")
    parser.add_argument("--check", type=int, default=30, help="networks that it is checked on")
    parser.add_argument("--tolerance", type=float, default=0.02)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--name", default="latency")
    asked = parser.parse_args()
    target = replace(this_machine(asked.backend), threads=asked.threads, size=size(asked.size) or (360, 480))
    found = {space: table_of(space, target, asked) for space in asked.spaces}
    write(asked.name, target=target.record(), spaces=found)


if __name__ == "__main__":
    main()
