"""A budget that one random cell in five meets: what PPO finds under it, against chance among the cells that meet it.

    python benchmarks/budget.py --data camvid:PATH --static RUN [--trials 60] [--seeds 3] --runs FOLDER [KEY=VALUE …]

The budget is the 20th percentile of 1,000 random cells' mix of frames. Both searches turn away what does not meet it,
so that both train equally many cells; with a table, what it lets through is timed, too. The searches stay in FOLDER,
and go on where they were stopped. With a table the costliest of the trained cells are timed once more, alone, behind
all searches.
"""

import argparse
import json
import statistics
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from record import write
from segsmith.cli.parse import size as parse_size
from segsmith.genotype.jsonform import from_json
from segsmith.latency.table import Table
from segsmith.study.clock import Clock
from segsmith.study.limits import value_of
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import prepare
from segsmith.study.results import Results
from segsmith.study.search import meter_of, run_search

CELLS, SHARE = 1000, 0.2
COSTLIEST, TIMES = 10, 3
"""Of each search, so many are timed once more; what is above the budget so many times."""


def budget_of(asked: SearchOptions, kept: Path) -> float:
    """Milliseconds where there is a table, else FLOPs. Counting a thousand cells takes a minute: the figure is kept."""
    if not kept.exists():
        ready, chance = prepare(asked, lambda what, done, total: None), Random(0)
        meter, what = meter_of(asked, ready), "latency" if asked.table else "flops"
        mixes = sorted(value_of(what, meter(ready.space.decode(ready.space.random(chance)))) for _ in range(CELLS))
        kept.write_text(json.dumps(mixes[int(SHARE * CELLS)]))
    return float(json.loads(kept.read_text()))


def figures(found: Results, what: str, budget: float) -> dict[str, Any]:
    trained_ones = found.ranked()
    best = found.best
    assert best is not None
    return {
        "trained": len(trained_ones),
        "turned_away": found.counts.get("infeasible", 0),
        "above_the_budget": sum(record.value(what) > budget for record in trained_ones),
        "best_reward": best.reward,
        f"best_{what}": best.value(what),
        "mean_reward_of_last_third": statistics.mean(
            record.reward or 0.0
            for record in sorted(trained_ones, key=lambda record: record.number)[-(len(trained_ones) // 3) :]
        ),
    }


def timed_alone(asked: SearchOptions, runs: list[Results], budget: float) -> dict[str, Any]:
    """How many of the costliest trained cells take more than the budget, and the worst share of it: timed once, and
    those that were above it twice more, the median of the three."""
    clock = Clock.beside(Table.load(asked.table), asked.key_every)
    once, settled = [], []
    for found in runs:
        for record in sorted(found.ranked(), key=lambda record: -(record.latency_ms or 0.0))[:COSTLIEST]:
            genotype = from_json(json.dumps(record.genotype))
            shares = [clock(genotype) / budget]
            once += shares
            while shares[0] > 1 and len(shares) < TIMES:
                shares.append(clock(genotype) / budget)
            settled.append(statistics.median(shares))
    return {"timed": len(once), "once": above(once), f"median_of_{TIMES}": above(settled)}


def above(shares: list[float]) -> dict[str, Any]:
    over = sorted(round(share, 4) for share in shares if share > 1)
    return {"above_the_budget": len(over), "shares": over, "worst": round(max(shares), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", nargs="*", help="KEY=VALUE of the space")
    parser.add_argument("--data", required=True)
    parser.add_argument("--static", required=True, help="a trained network: run or checkpoint")
    parser.add_argument("--table", default="", help="a latency table; where not given, FLOPs stand in")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--size", type=parse_size, help="HxW of the frames that the proxy sees")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--name", default="budget", help="of the file in results/")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    words = tuple((key, value) for key, _, value in (word.partition("=") for word in options.space))
    plain = SearchOptions(
        *("dynamic", options.data, "", options.static),
        trials=options.trials,
        table=options.table,
        size=options.size,
        space_options=words,
    )
    budget, what = budget_of(plain, options.runs / "budget.json"), "latency" if options.table else "flops"
    rows, searches = [], []
    for seed in range(options.seeds):
        for sampler in ("ppo", "random"):
            out = str(options.runs / f"{sampler}-{seed}")
            changes = {what: str(budget), "sampler": sampler, "seed": seed, "workers": options.workers, "out": out}
            found = run_search(replace(plain, **changes, measure=bool(options.table)))
            searches.append(found)
            rows.append({"sampler": sampler, "seed": seed, **figures(found, what, budget)})
    best = {name: [row["best_reward"] for row in rows if row["sampler"] == name] for name in ("ppo", "random")}
    means = {name: round(statistics.mean(values), 4) for name, values in best.items()}
    alone = timed_alone(plain, searches, budget) if options.table else None
    write(
        options.name, what=what, budget=budget, trials=options.trials, best_reward=means, timed_alone=alone, rows=rows
    )


if __name__ == "__main__":
    main()
