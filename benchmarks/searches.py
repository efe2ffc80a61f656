"""What searches came to: a line of figures for every run, and the best network of each.

    python benchmarks/searches.py NAME RUN [RUN …]

The figures go into results/NAME.json, each run under its folder's name. Quarters are of the scored trials in their
order.
"""

import statistics
from itertools import pairwise
from pathlib import Path
from typing import Any

from record import write_of_runs
from segsmith.data.open import without_path
from segsmith.study.results import Results, load_results
from segsmith.training.runfolder import RunFolder

ASKED = (
    *("space", "space_options", "sampler", "sampler_settings", "proxy", "trials", "minutes", "size", "meta"),
    *("flops", "parameters", "latency", "workers", "seed"),
)


def quarters(found: Results) -> list[float]:
    rewards = [record.reward for record in found.records if record.reward is not None]
    places = [len(rewards) * n // 4 for n in range(5)]
    return [round(statistics.mean(rewards[a:b]), 4) for a, b in pairwise(places) if b > a]


def figures(run: Path) -> dict[str, Any]:
    found, record = load_results(run), RunFolder(run).record()
    best, asked = found.best, found.configuration
    assert best is not None
    trained = found.ranked()
    return {
        "data": without_path(asked["data"]),
        "asked": {name: asked[name] for name in ASKED if asked[name]},
        "state": found.state,
        "settled": bool(record.get("settled")),
        "minutes": round(record["seconds"] / 60, 1),
        "trials": len(found.records),
        "counts": found.counts,
        "share_of_repeats": round(found.share_of_repeats, 3),
        "seconds_a_candidate": round(statistics.median(one.seconds for one in trained), 1),
        "trained_an_hour": round(3600 * len(trained) / record["seconds"]),
        "reward_by_quarters": quarters(found),
        "median_reward": round(statistics.median(one.reward or 0.0 for one in trained), 4),
        "best": {
            "trial": best.number,
            "reward": round(best.reward or 0.0, 4),
            "miou": round(best.stages[-1]["miou"], 4),
            "parameters": best.parameters,
            "flops": best.flops,
            "genotype": best.genotype,
        },
        "machine": {name: record["machine"].get(name) for name in ("processor", "cores")},
    }


if __name__ == "__main__":
    write_of_runs(__doc__, "searches", figures)
