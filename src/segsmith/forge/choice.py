"""Which of the candidates that were searched are trained to their end, and which one stands by."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from segsmith.forge.facts import price_of
from segsmith.forge.job import Job
from segsmith.forge.options import LGC
from segsmith.forge.reachable import leanest, space_of
from segsmith.forge.supernet import fitted
from segsmith.genotype import Genotype, fingerprint, preset
from segsmith.genotype.jsonform import from_json, to_json
from segsmith.latency.table import Table
from segsmith.study.clock import Clock
from segsmith.study.results import Results, load_results, pareto
from segsmith.study.trial import Record
from segsmith.training.runfolder import read_json, replacing, write_json

LOOKED_AT = 4
"""Of the best candidates, for each that is to be trained, so many are timed once more at most."""
QUICKER = 0.85
"""What stands by, should the best be too slow once they are deployed, takes no more than this of what they take."""
LEAN = "lean"
"""In place of a trial's number: the leanest network of the space, which nobody had to propose."""

Chosen = dict[str, Any]
Price = Callable[[Genotype], float]


def choose(job: Job, count: int) -> tuple[list[Chosen], Chosen | None]:
    """The best ``count`` candidates that are quick enough when they are timed once more, and a quicker one that stands
    by; kept in a file, so that a forge that goes on chooses the same."""
    kept = job.out / "chosen.json"
    if not kept.exists():
        price = price_now(job)
        chosen = list(chosen_by(job, price, count))
        write_json(kept, {"chosen": chosen, "reserve": reserve_of(job, chosen, price)})
    found = read_json(kept)
    return list(found["chosen"]), found["reserve"]


def price_now(job: Job) -> Price:
    """Milliseconds as the machine was when the latency was set: it may be slower now, and quicker again."""
    facts = job.facts
    price = price_of(facts.target, facts.classes, Table.load(job.table) if job.table else None)
    if not isinstance(price, Clock):
        return price
    pace = facts.static_ms / price(preset(facts.static))
    return lambda genotype: pace * price(genotype)


def chosen_by(job: Job, price: Price, count: int) -> Iterator[Chosen]:
    """The leanest network where none of the others is quick enough."""
    found = 0
    for trial, genotype, reward in candidates(job, LOOKED_AT * count):
        ms = price(genotype)
        job.say(f"trial {trial}: {ms:.1f} ms of {job.facts.limit_ms:.1f}")
        if ms <= job.facts.limit_ms:
            yield entered(job, trial, genotype, ms, reward)
            found += 1
        if found == count:
            return
    if not found:
        job.say("none of them is quick enough: the leanest network of the space is taken")
        lean = lean_of(job)
        yield entered(job, LEAN, lean, price(lean), None)


def candidates(job: Job, most: int) -> Iterator[tuple[int, Genotype, float | None]]:
    """Trial, network and reward, in the order in which they are worth a whole training."""
    if job.facts.space == LGC:
        different = {fingerprint(genotype): genotype for genotype in fitted(job)}
        yield from ((number, genotype, None) for number, genotype in enumerate(different.values()))
        return
    for record in in_order(load_results(job.search))[:most]:
        yield record.number, network_of(record), record.reward


def network_of(record: Record) -> Genotype:
    return from_json(json.dumps(record.genotype))


def in_order(found: Results) -> list[Record]:
    """Candidates as they are worth a whole training: those of the Pareto front first, then the others, the best
    rewards first. Demands that were missed go last."""
    ranked = found.ranked()
    front = {record.number for record in pareto(ranked, ("reward", "latency"))}
    return sorted(ranked, key=lambda record: (bool(record.missed), record.number not in front))


def reserve_of(job: Job, chosen: list[Chosen], price: Price) -> Chosen | None:
    """The next best that is clearly quicker than all that were chosen, or the leanest; nothing is quicker than that."""
    if any(one["trial"] == LEAN for one in chosen):
        return None
    wanted = QUICKER * min(one["ms"] for one in chosen)
    taken = {one["trial"] for one in chosen}
    for record in in_order(load_results(job.search)) if job.facts.space != LGC else ():
        if record.number not in taken and record.latency_ms is not None and record.latency_ms <= wanted:
            return entered(job, record.number, network_of(record), record.latency_ms, record.reward)
    lean = lean_of(job)
    known = {fingerprint(from_json((job.out / one["genotype"]).read_text())) for one in chosen}
    return None if fingerprint(lean) in known else entered(job, LEAN, lean, price(lean), None)


def lean_of(job: Job) -> Genotype:
    return leanest(space_of(job.facts.space, job.facts.static, job.options.budget))


def entered(job: Job, trial: int | str, genotype: Genotype, ms: float, reward: float | None) -> Chosen:
    name = f"chosen/trial{trial}.json"
    with replacing(job.out / name) as beside:
        beside.write_text(to_json(genotype) + "\n")
    return {"trial": trial, "genotype": name, "ms": round(ms, 3), "reward": reward}
