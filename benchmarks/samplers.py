"""Samplers on a table of scored networks: what they propose, early and late, over many seeds.

    python benchmarks/samplers.py TABLE [--trials 1000] [--seeds 20] [--jobs 2]
    python benchmarks/samplers.py TABLE --choose [--seeds 3]

TABLE is a file that ``segsmith study table`` wrote; a network that it does not hold gets its surrogate's guess. What is
done stands in results/samplers-TABLE.jsonl and is not done again. ``--choose`` tries settings of PPO instead, and names
those with the highest mean over all trials: what is best on one table is to be judged on another.
"""

import argparse
import json
import statistics
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from optuna.samplers import BaseSampler

from record import RESULTS, write
from segsmith.search.named import make_sampler
from segsmith.search.ppo import QUICK, PPOSampler
from segsmith.search.trials import ask
from segsmith.spaces import Space
from segsmith.study.correlation import bootstrap
from segsmith.study.table import Table

NAMES = ("random", "ppo", "ppo-paper", "reinforce", "tpe", "nsga2")
BIN = 50
GRID = {"lr": (1e-3, 2e-3, 5e-3, 1e-2), "clip": (0.1, 0.2), "buffer": (16, 50), "entropy": (0.0, 0.03)}


@dataclass(frozen=True)
class Run:
    table: Path
    name: str
    seed: int
    trials: int

    @property
    def key(self) -> tuple[str, int, int]:
        return self.name, self.seed, self.trials


def sampler_of(name: str, space: Space, seed: int) -> BaseSampler:
    """``ppo lr=0.002 clip=0.1``: its quick settings but for those."""
    words = name.split()
    if len(words) > 1:
        changes = {key: float(value) for key, _, value in (word.partition("=") for word in words[1:])}
        size = int(changes.pop("buffer", QUICK.buffer))
        return PPOSampler(space, replace(QUICK, **changes, buffer=size, minibatch=min(size, 25)), seed)
    kind, _, settings = name.partition("-")
    return make_sampler(kind, space, seed, settings or "quick")


def drive(run: Run) -> dict[str, Any]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    torch.set_num_threads(1)
    table = Table.load(run.table)
    study = optuna.create_study(sampler=sampler_of(run.name, table.space, run.seed), direction="maximize")
    rewards = []
    for _ in range(run.trials):
        trial = study.ask()
        rewards.append(table(ask(trial, table.space)))
        study.tell(trial, rewards[-1])
    bins = [statistics.mean(rewards[start : start + BIN]) for start in range(0, run.trials, BIN)]
    return {
        "name": run.name,
        "seed": run.seed,
        "trials": run.trials,
        "last_quarter": statistics.mean(rewards[3 * run.trials // 4 :]),
        "best": max(rewards),
        "best_of_first_200": max(rewards[:200]),
        "bins": [round(value, 5) for value in bins],
    }


def all_rows(runs: Iterable[Run], kept: Path, jobs: int) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    wanted = {run.key: run for run in runs}
    known = {(row["name"], row["seed"], row["trials"]) for row in rows}
    missing = [run for key, run in wanted.items() if key not in known]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(drive, run) for run in missing]):
            rows.append(done.result())
            with kept.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
            print(f"{rows[-1]['name']} {rows[-1]['seed']}: {rows[-1]['last_quarter']:.4f}", flush=True)
    return [row for row in rows if (row["name"], row["seed"], row["trials"]) in wanted]


def summary(rows: list[dict[str, Any]], names: Iterable[str]) -> dict[str, Any]:
    """By name: means over seeds with bootstrap intervals; how far the last quarter lies above random's."""
    found: dict[str, Any] = {}
    by_name = {name: sorted((r for r in rows if r["name"] == name), key=lambda r: r["seed"]) for name in names}
    for name, own in by_name.items():
        last = [row["last_quarter"] for row in own]
        all_trials = [statistics.mean(row["bins"]) for row in own]
        found[name] = {
            "seeds": len(own),
            "last_quarter": round(statistics.mean(last), 4),
            "last_quarter_interval": rounded(bootstrap(mean, last)),
            "all_trials": round(statistics.mean(all_trials), 4),
            "best": round(statistics.mean(row["best"] for row in own), 4),
            "best_of_first_200": round(statistics.mean(row["best_of_first_200"] for row in own), 4),
        }
        if name != "random" and "random" in by_name:
            above = [a["last_quarter"] - b["last_quarter"] for a, b in zip(own, by_name["random"], strict=True)]
            found[name]["above_random_interval"] = rounded(bootstrap(mean, above))
    return found


def mean(values: Any) -> float:
    return float(values.mean())


def rounded(interval: tuple[float, float]) -> list[float]:
    return [round(value, 4) for value in interval]


def plot(rows: list[dict[str, Any]], path: Path, title: str) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name in NAMES:
        bins = np.array([row["bins"] for row in rows if row["name"] == name])
        if not len(bins):
            continue
        places = BIN * (np.arange(bins.shape[1]) + 0.5)
        intervals = np.array([bootstrap(mean, column) for column in bins.T])
        (line,) = axes.plot(places, bins.mean(0), label=name)
        axes.fill_between(places, intervals[:, 0], intervals[:, 1], alpha=0.2, color=line.get_color())
    axes.set(xlabel="trial", ylabel=f"mean reward of {BIN} trials", title=title)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=0, help="20, or 3 with --choose")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--samplers", nargs="+", default=list(NAMES))
    parser.add_argument("--choose", action="store_true")
    options = parser.parse_args()
    stem = options.table.stem
    names = options.samplers
    if options.choose:
        grid = (dict(zip(GRID, values, strict=True)) for values in product(*GRID.values()))
        names = [" ".join(["ppo", *(f"{key}={value:g}" for key, value in chosen.items())]) for chosen in grid]
    seeds = range(options.seeds or (3 if options.choose else 20))
    runs = [Run(options.table, name, seed, options.trials) for seed in seeds for name in names]
    RESULTS.mkdir(exist_ok=True)
    rows = all_rows(runs, RESULTS / f"samplers-{stem}.jsonl", options.jobs)
    about = {key: Table.load(options.table).about[key] for key in ("space", "options", "networks", "rank_correlation")}
    found = summary(rows, names)
    if options.choose:
        best = max(found, key=lambda name: float(found[name]["all_trials"]))
        write(f"samplers-{stem}-choice", table=about, trials=options.trials, best=best, settings=found)
        return
    plot(rows, RESULTS / f"samplers-{stem}.svg", f"{about['space']} space, {len(seeds)} seeds")
    write(f"samplers-{stem}", table=about, trials=options.trials, samplers=found)


if __name__ == "__main__":
    main()
