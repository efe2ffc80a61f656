"""The lgc space in a forge: searched by gradient, and the network that fits the latency read off the supernet."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from segsmith.forge.job import Job
from segsmith.forge.reachable import leanest, lgc_settings, space_of
from segsmith.genotype import Genotype
from segsmith.search.fitting import within
from segsmith.study.gradient.loop import SearchLoop
from segsmith.study.gradient.prepare import prepare_gradient
from segsmith.study.gradient.run import run_gradient
from segsmith.study.gradient.settings import GradientOptions
from segsmith.study.meter import FlopsMeter
from segsmith.training.runfolder import RunFolder, read_json, write_json

STEPS, SHRINK = 10, 0.9
"""How often the network is made leaner that turns out to be too slow, and to what share of what it was allowed."""

Price = Callable[[Genotype], float]


def search_supernet(job: Job, seconds: float, price: Callable[[], Price]) -> dict[str, Any]:
    """Without a table FLOPs stand in for the latency: as many as go with it on a straight line between two networks
    that are timed."""
    goal = job.out / "goal.json"
    if not goal.exists():
        write_json(goal, {"flops": 0.0 if job.table else flops_for(job, price())})
    found = run_gradient(options_of(job, seconds))
    return {"steps": found["steps"], "predicted": found["predicted"], "unit": found["unit"]}


def options_of(job: Job, seconds: float) -> GradientOptions:
    options, facts = job.options, job.facts
    flops = 0.0 if job.table else read_json(job.out / "goal.json")["flops"]
    return GradientOptions(
        space=facts.space,
        data=options.data,
        out=str(job.search),
        settings=lgc_settings(options.budget),
        minutes=seconds / 60,
        size=facts.work_size,
        seed=options.seed,
        measure=False,
        device=options.device,
        quiet=options.quiet,
        table=job.table,
        latency=f"{facts.held_ms:.6g}ms" if job.table else "",
        flops="" if job.table else f"{flops / 1e6:.6g}M",
    )


def flops_for(job: Job, price: Price) -> float:
    facts = job.facts
    space = space_of(facts.space, facts.static, job.options.budget)
    meter = FlopsMeter(facts.target.size, facts.classes)
    lean, other = leanest(space), space.decode(space.random(Random(job.options.seed)))
    least, more = meter(lean).flops, meter(other).flops
    slope = (more - least) / max(price(other) - facts.lean_ms, 1e-3)
    return max(1.05 * least, least + slope * (facts.held_ms - facts.lean_ms))


def fitted(job: Job) -> Iterator[Genotype]:
    """The most probable network within what the search was allowed, then leaner and leaner ones."""
    prepared = prepare_gradient(options_of(job, 60.0), lambda what, done, total: None)
    searched, space, allowed = prepared.searched, prepared.space, prepared.goal
    assert allowed is not None
    run = RunFolder(job.search)
    SearchLoop(searched, prepared.lesson, prepared.settings, prepared.budget, run, job.options.seed).resume()
    best, chances = searched.architecture.picks(), searched.architecture.log_chances()
    for step in range(STEPS):
        yield space.build(within(space.decisions, best, chances, searched.costs.price, allowed * SHRINK**step))
