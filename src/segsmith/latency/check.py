"""How well a table predicts whole networks that it has not seen."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from segsmith.genotype import Genotype, fingerprint
from segsmith.latency.fit import judged
from segsmith.latency.measuring import fill
from segsmith.latency.opened import open_whole
from segsmith.latency.pieces import pieces_of
from segsmith.latency.rounds import Effort
from segsmith.latency.table import Network, Prediction, Table
from segsmith.latency.target import is_here
from segsmith.latency.whole import wholes_of
from segsmith.runtimes.timing import measure
from segsmith.spaces import Space

FIT, CHECK = "fit", "check"
SECONDS = 10.0
"""The most that timing one network takes."""
SEEDS = {FIT: 1, CHECK: 2}
"""Networks of either kind are drawn apart, so that none is fitted and checked."""


def draw(table: Table, space: Space, use: str, networks: int) -> None:
    """Add random networks until there are so many for this use, and none twice."""
    known = {fingerprint(network.genotype) for network in table.networks}
    rng = Random(SEEDS[use])
    lacking = networks - sum(network.use == use for network in table.networks)
    for _ in range(100 * max(0, lacking)):
        genotype = space.decode(space.random(rng))
        if lacking > 0 and fingerprint(genotype) not in known:
            table.networks.append(Network(genotype, use))
            known.add(fingerprint(genotype))
            lacking -= 1


def check(
    table: Table, networks: int, path: Path, effort: Effort, told: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Measure them, and say how far predictions lie from that; it stays in the table."""
    draw(table, table.subject.open(), CHECK, networks)
    pieces = {piece for one in table.networks for part in pieces_of(one.genotype, table.frames) for piece in part}
    fill(table, sorted(pieces, key=str), path, effort, told)
    table.checked = verdict(table)
    table.save(path)
    return dict(table.checked)


def verdict(table: Table) -> dict[str, Any]:
    """Of the mean frame, and of key frames and others by themselves."""
    rows = [(table.predict(one.genotype), measured(one)) for one in table.networks if one.use == CHECK]
    pairs = [(said, found) for said, found in rows if found is not None]
    if not pairs:
        return {}
    every = table.target.key_every
    found = dict(judged([(said.mix(every), was.mix(every)) for said, was in pairs]))
    steps = [(said.step_ms, was.step_ms) for said, was in pairs if said.step_ms is not None and was.step_ms is not None]
    if steps:
        found["step"] = judged(steps)
    found["rows"] = [{"predicted_ms": said.mix(every), "measured_ms": was.mix(every)} for said, was in pairs]
    return found


def measured(network: Network) -> Prediction | None:
    """What a network took, where all of it was timed."""
    video = network.genotype.static is not None
    if network.key is None or (video and network.step is None):
        return None
    return Prediction(network.key.ms, network.step.ms if network.step is not None else None)


def timed_here(table: Table, genotype: Genotype) -> float | None:
    """Milliseconds of the mean frame of a network as it runs on the table's target; None where that is elsewhere."""
    if not is_here(table.target):
        return None
    calls = open_whole(wholes_of(genotype, table.target.size, table.subject.classes), table.target)
    found = measure(calls, seconds=SECONDS)
    step = found["step"].median_ms if "step" in found else None
    return Prediction(found["key"].median_ms, step).mix(table.target.key_every)
