"""A budget that one random cell in five meets: what PPO finds under it, against chance among the cells that meet it.

    python benchmarks/budget.py --data camvid:PATH --static RUN [--trials 60] [--seeds 3] --runs FOLDER

The budget is the 20th percentile of 1,000 random cells' mix of frames. Both searches turn away what does not meet it,
so that both train equally many cells. The searches stay in FOLDER, and go on where they were stopped.
"""

import argparse
import json
import statistics
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from record import write
from segsmith.study.limits import value_of
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import prepare
from segsmith.study.results import Results
from segsmith.study.search import meter_of, run_search

CELLS, SHARE = 1000, 0.2


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
    costs = [record.value(what) for record in trained_ones]
    best = found.best
    assert best is not None
    return {
        "trained": len(trained_ones),
        "turned_away": found.counts.get("infeasible", 0),
        "above_the_budget": sum(cost > budget for cost in costs),
        "best_reward": best.reward,
        f"best_{what}": best.value(what),
        "mean_reward_of_last_third": statistics.mean(
            record.reward or 0.0
            for record in sorted(trained_ones, key=lambda record: record.number)[-(len(trained_ones) // 3) :]
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--static", required=True, help="a trained network: run or checkpoint")
    parser.add_argument("--table", default="", help="a latency table; where not given, FLOPs stand in")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--name", default="budget", help="of the file in results/")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    plain = SearchOptions("dynamic", options.data, "", options.static, trials=options.trials, table=options.table)
    budget, what = budget_of(plain, options.runs / "budget.json"), "latency" if options.table else "flops"
    rows = []
    for seed in range(options.seeds):
        for sampler in ("ppo", "random"):
            out = str(options.runs / f"{sampler}-{seed}")
            changes = {what: str(budget), "sampler": sampler, "seed": seed, "workers": options.workers, "out": out}
            found = run_search(replace(plain, **changes))
            rows.append({"sampler": sampler, "seed": seed, **figures(found, what, budget)})
    best = {name: [row["best_reward"] for row in rows if row["sampler"] == name] for name in ("ppo", "random")}
    means = {name: round(statistics.mean(values), 4) for name, values in best.items()}
    write(options.name, what=what, budget=budget, trials=options.trials, best_reward=means, rows=rows)


if __name__ == "__main__":
    main()
