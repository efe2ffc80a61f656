"""What share of the machine's peak the hot parts reach: a frame of the networks that ship, a trial of the quick proxy.

    python benchmarks/shares.py [--minutes 1] [--candidates 5]

The peak is what large matrix products reach here, measured before and after; frames are those of the exported graph
alone, all threads. Of a trial every convolution is counted three times, for its two backward passes, those of judging
too: its share is an upper bound. A training step's share is in training.json.
"""

import argparse
import json
import statistics
from random import Random
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from record import segsmith, write
from segsmith.genotype import fingerprint
from segsmith.models import locate
from segsmith.networks.checkpoint import read_meta
from segsmith.networks.cost import describe
from segsmith.study.options import SearchOptions
from segsmith.study.prepare import prepare
from segsmith.study.proxy.scoring import Job, evaluate, seed_of
from training import peak

MODELS = ("street-still", "street")


def milliseconds(model: str, minutes: float) -> dict[str, float]:
    told = json.loads(segsmith("benchmark", model, "--minutes", str(minutes), "--json"))
    return {row["part"]: row["p50_ms"] for row in told["results"] if row["scope"] == "graph"}


def flops(model: str) -> dict[str, float]:
    meta = read_meta(locate(model))
    cost = describe(meta.genotype, (360, 480), len(meta.classes))
    return {"key": cost.key_flops} | ({"step": cost.step_flops} if cost.step_flops else {})


def frames(model: str, minutes: float, most: float) -> dict[str, Any]:
    taken = milliseconds(model, minutes)
    return {
        part: {
            "gflops": round(work / 1e9, 3),
            "ms": round(taken[part], 2),
            "share": share(work, taken[part] / 1e3, most),
        }
        for part, work in flops(model).items()
    }


def trials(count: int, most: float) -> dict[str, Any]:
    """Cells drawn at random, on toy; the median of their shares."""
    options = SearchOptions("dynamic", "toy", "", MODELS[0], trials=1, device="cpu")
    ready = prepare(options, lambda what, done, total: None)
    proxy, chance, shares, seconds = ready.opener.open(), Random(0), [], []
    for number in range(count):
        genotype = ready.space.decode(ready.space.random(chance))
        job = Job(number, genotype, seed_of(0, fingerprint(genotype)))
        taken = evaluate(proxy, job).seconds
        with FlopCounterMode(display=False) as counter:
            evaluate(proxy, job)
        forward = counter.get_flop_counts()["Global"][torch.ops.aten.convolution]
        shares.append(share(3 * forward, taken, most))
        seconds.append(taken)
    return {
        "trials": count,
        "seconds": round(statistics.median(seconds), 2),
        "share_at_most": statistics.median(shares),
    }


def share(work: float, seconds: float, most: float) -> float:
    return round(work / seconds / most, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="for the times of each network")
    parser.add_argument("--candidates", type=int, default=5)
    given = parser.parse_args()
    most = peak()
    found = {model: frames(model, given.minutes, most) for model in MODELS}
    trial = trials(given.candidates, most)
    write("shares", peak_gflops=[round(one / 1e9, 1) for one in (most, peak())], frames=found, quick_trial=trial)


if __name__ == "__main__":
    main()
