"""A budget that one random cell in five meets: what PPO finds under it, against chance among the cells that meet it.

    python benchmarks/budget.py --data camvid:PATH --static RUN [--trials 60] [--seeds 3] --runs FOLDER

The budget is the 20th percentile of 1,000 random cells' mix of frames. Both searches turn away what does not meet it,
so that both train equally many cells. The searches stay in FOLDER, and go on where they were stopped.
"""

import argparse
import json
import statistics
from pathlib import Path
from random import Random
from typing import Any

from record import write
from segsmith.networks.checkpoint import load_checkpoint
from segsmith.spaces.make import make_space
from segsmith.study.meter import FlopsMeter
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import prepare
from segsmith.study.results import Results
from segsmith.study.search import run_search
from segsmith.training.start import trained

CELLS, SHARE = 1000, 0.2


def budget_of(asked: SearchOptions, kept: Path) -> float:
    """Counting a thousand cells takes a minute: the figure is kept."""
    if not kept.exists():
        meta = load_checkpoint(trained(asked.static))[1]
        ready = prepare(asked, lambda what, done, total: None)
        space, chance = make_space(asked.space, asked.words, meta.genotype.static or meta.genotype), Random(0)
        meter = FlopsMeter(ready.size, len(ready.classes), asked.key_every)
        mixes = sorted(meter(space.decode(space.random(chance))).flops for _ in range(CELLS))
        kept.write_text(json.dumps(mixes[int(SHARE * CELLS)]))
    return float(json.loads(kept.read_text()))


def figures(found: Results, budget: float) -> dict[str, Any]:
    trained_ones = found.ranked()
    costs = [record.flops or 0.0 for record in trained_ones]
    best = found.best
    assert best is not None
    return {
        "trained": len(trained_ones),
        "turned_away": found.counts.get("infeasible", 0),
        "above_the_budget": sum(cost > budget for cost in costs),
        "best_reward": best.reward,
        "best_flops": best.flops,
        "mean_reward_of_last_third": statistics.mean(
            record.reward or 0.0
            for record in sorted(trained_ones, key=lambda record: record.number)[-(len(trained_ones) // 3) :]
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--static", required=True, help="a trained network: run or checkpoint")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--name", default="budget", help="of the file in results/")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    plain = SearchOptions("dynamic", options.data, "", options.static, trials=options.trials)
    budget = budget_of(plain, options.runs / "budget.json")
    rows = []
    for seed in range(options.seeds):
        for sampler in ("ppo", "random"):
            asked = SearchOptions(
                "dynamic",
                options.data,
                str(options.runs / f"{sampler}-{seed}"),
                options.static,
                sampler=sampler,
                trials=options.trials,
                seed=seed,
                flops=str(budget),
                workers=options.workers,
            )
            rows.append({"sampler": sampler, "seed": seed, **figures(run_search(asked), budget)})
    best = {name: [row["best_reward"] for row in rows if row["sampler"] == name] for name in ("ppo", "random")}
    means = {name: round(statistics.mean(values), 4) for name, values in best.items()}
    write(options.name, budget_flops=budget, trials=options.trials, best_reward=means, rows=rows)


if __name__ == "__main__":
    main()
