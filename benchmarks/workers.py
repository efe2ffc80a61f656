"""Candidates per hour with one worker process and with several, which share the cores.

    python benchmarks/workers.py --data toy --static RUN [--candidates 12] [--workers 1 2]

The same random cells, nobody stopped early; the start of the processes is not counted. On a GPU, several at once:

    python benchmarks/workers.py --data camvid:PATH --static RUN --proxy paper-camvid --device cuda --workers 1 4 8 12
"""

import argparse
import time
from random import Random
from typing import Any

from record import write
from segsmith.genotype import fingerprint
from segsmith.machine import cores
from segsmith.study.options import SearchOptions
from segsmith.study.pool import Hands, each, open_pool, threads_for
from segsmith.study.prepare import Prepared, prepare
from segsmith.study.proxy.scoring import Job, seed_of


def hourly(ready: Prepared, workers: int, candidates: int) -> dict[str, Any]:
    chance = Random(0)
    pool = open_pool(ready.opener, Hands(workers))
    genotypes = [ready.space.decode(ready.space.random(chance)) for _ in range(candidates + workers)]
    jobs = [Job(n, genotype, seed_of(0, fingerprint(genotype))) for n, genotype in enumerate(genotypes)]
    try:
        list(each(pool, jobs[candidates:]))  # every process is up, and has seen a network
        start = time.perf_counter()
        outcomes = [outcome for _, outcome in each(pool, jobs[:candidates])]
        seconds = time.perf_counter() - start
    finally:
        pool.close()
    assert all(outcome.kind == "scored" for outcome in outcomes)
    return {
        "threads_each": threads_for(workers),
        "candidates_per_hour": round(3600 * candidates / seconds, 1),
        "seconds_of_a_candidate": round(sum(outcome.seconds for outcome in outcomes) / candidates, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="toy")
    parser.add_argument("--static", required=True, help="a trained network: run or checkpoint")
    parser.add_argument("--space", default="dynamic")
    parser.add_argument("--proxy", default="quick")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--candidates", type=int, default=12)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--name", default="workers", help="of the file in results/")
    options = parser.parse_args()
    asked = SearchOptions(
        options.space, options.data, "", options.static, proxy=options.proxy, trials=1, device=options.device
    )
    ready = prepare(asked, lambda what, done, total: None)
    found = {str(count): hourly(ready, count, options.candidates) for count in options.workers}
    write(options.name, cores=cores(), proxy=options.proxy, candidates=options.candidates, workers=found)


if __name__ == "__main__":
    main()
