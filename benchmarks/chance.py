"""Searched cells against random ones: the best of each search trained alike, and judged on the frames of val.

    python benchmarks/chance.py NAME --data camvid:PATH --static RUN --searches FOLDER [--minutes 8] [WORD …]

FOLDER holds searches called ppo-0, random-0, ppo-1 and so on, as ``benchmarks/budget.py --runs FOLDER`` leaves them:
each trained equally many candidates. WORDs go to every training, which takes the seed of its search. A training that is
finished is not repeated, one that was stopped goes on.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from record import segsmith, write
from segsmith.study.results import load_results
from segsmith.training.runfolder import RunFolder

FIGURES = ("miou", "fwiou", "flicker", "vc8_strict")
SAMPLERS = ("ppo", "random")


def trained(search: Path, words: list[str], seed: str) -> Path:
    run = search.with_name(f"{search.name}-best")
    if not run.exists():
        segsmith("train", str(search / "genotype.json"), *words, "--seed", seed, "-o", str(run))
    elif RunFolder(run).record()["state"] != "finished":
        segsmith("train", "--resume", str(run))
    return run


def judged(run: Path, data: str) -> dict[str, float]:
    told = json.loads(segsmith("evaluate", str(run), "--data", data, "--split", "val", "--no-controls", "--json"))
    return {name: told[name] for name in FIGURES}


def row(search: Path, data: str, words: list[str]) -> dict[str, Any]:
    sampler, seed = search.name.rsplit("-", 1)
    found = load_results(search)
    best = found.best
    assert best is not None
    proxy = {"trained": len(found.ranked()), "proxy_reward": round(best.reward or 0.0, 4)}
    cost = {"parameters": best.parameters, "flops": best.flops, "latency_ms": best.latency_ms}
    run = trained(search, words, seed)
    steps = RunFolder(run).record()["steps"]
    return {"sampler": sampler, "seed": int(seed), **proxy, **cost, "steps": steps, **judged(run, data)}


def mean(rows: list[dict[str, Any]], sampler: str) -> dict[str, float]:
    return {name: round(statistics.mean(row[name] for row in rows if row["sampler"] == sampler), 4) for name in FIGURES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="of the file in results/")
    parser.add_argument("--data", required=True)
    parser.add_argument("--static", required=True, help="what the cells stand on, as in the searches")
    parser.add_argument("--searches", type=Path, required=True)
    parser.add_argument("--minutes", default="8", help="of each training")
    options, more = parser.parse_known_args()
    words = ["--data", options.data, "--static", options.static, "--minutes", options.minutes, *more]
    searches = sorted(options.searches.glob("*-[0-9]"), key=lambda folder: folder.name.rsplit("-", 1)[::-1])
    rows = [row(search, options.data, words) for search in searches]
    write(options.name, minutes=float(options.minutes), rows=rows, mean={name: mean(rows, name) for name in SAMPLERS})


if __name__ == "__main__":
    main()
