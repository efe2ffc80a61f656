"""Whether a sampler has learnt, and whether a short training tells good networks from bad ones: networks that it now
proposes and networks drawn by chance, scored as in the search and again in a longer training."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import optuna

from segsmith.errors import UserError
from segsmith.genotype import Genotype, fingerprint
from segsmith.search.named import make_sampler
from segsmith.search.trials import ask
from segsmith.spaces import Space
from segsmith.study.correlation import bootstrap, spearman
from segsmith.study.options import SearchOptions
from segsmith.study.pool import Pool, each, open_pool
from segsmith.study.prepare import prepare
from segsmith.study.proxy.collect import Say
from segsmith.study.proxy.scoring import Job, Outcome, seed_of
from segsmith.study.results import Results, load_results
from segsmith.study.storage import directions_of
from segsmith.study.trial import FAILED

FILE = "rank.jsonl"
DRAWS = 50
"""At most so many for each network that is wanted: a controller may propose the same ones again and again."""

FEWEST = 3

Key = tuple[str, float]
"""A network's fingerprint, and how many times the search's epochs it was trained."""


@dataclass(frozen=True)
class RankOptions:
    """``sampled`` networks of the sampler, ``random`` ones by chance; ``factor`` times the epochs in the longer
    training. The others as SearchOptions': the machines of the search need not be there any more."""

    sampled: int = 20
    random: int = 20
    factor: float = 2.0
    workers: int | None = None
    device: str = "auto"
    ray: str = ""
    cpus: float = 1.0
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if not 1 < self.factor < float("inf"):
            raise UserError(f"--longer {self.factor:g}x is not some times as long", fix="--longer 2x")
        if min(self.sampled, self.random) < 3:
            raise UserError(
                "a rank correlation of fewer than three networks says nothing", fix="--sampled 20 --random 20"
            )


@dataclass(frozen=True)
class Scores:
    """Rewards of one set of networks, in the same order in both setups."""

    name: str
    fingerprints: tuple[str, ...]
    search: tuple[float, ...]
    longer: tuple[float, ...]

    def data(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "networks": len(self.search),
            "search": _figures(self.search),
            "longer": _figures(self.longer),
            "spearman": spearman(self.search, self.longer),
            "spearman_interval": bootstrap(spearman, self.search, self.longer),
        }


def rank(run: Path, asked: RankOptions, say: Say) -> list[Scores]:
    """What the run's folder holds of it already is not scored again; what failed before is."""
    found = load_results(run)
    here = {name: getattr(asked, name) for name in ("workers", "device", "ray", "cpus", "gpus")}
    options = replace(SearchOptions.of_record(found.configuration), **here)
    prepared = prepare(options, say)
    space, seed = prepared.space, options.seed
    sets = {
        "sampled": _distinct(_proposed(found, options, space), asked.sampled),
        "random": _distinct(_by_chance(seed, space), asked.random),
    }
    everything = sets["sampled"] | sets["random"]
    book = _Book(run / FILE)
    for factor in (1.0, asked.factor):
        wanted = {mark: genotype for mark, genotype in everything.items() if book.rewards.get((mark, factor)) is None}
        if wanted:
            pool = open_pool(prepared.opener.longer(factor), options.hands)
            try:
                _score(book, pool, wanted, factor, seed, say)
            finally:
                pool.close()
    return [_scores(name, list(drawn), book, asked.factor) for name, drawn in sets.items()]


def _score(book: "_Book", pool: Pool, wanted: dict[str, Genotype], factor: float, seed: int, say: Say) -> None:
    """A network has other luck in the longer training, lest luck make the two alike."""
    marks = list(wanted)
    jobs = [
        Job(number, wanted[mark], seed_of(seed, mark if factor == 1 else f"{mark} {factor:g}"))
        for number, mark in enumerate(marks)
    ]
    for done, (number, outcome) in enumerate(each(pool, jobs), start=1):
        book.add((marks[number], factor), outcome)
        say(f"networks trained {factor:g} times as long" if factor > 1 else "networks", done, len(jobs))


def _proposed(found: Results, options: SearchOptions, space: Space) -> Iterator[Genotype]:
    """What the sampler would propose next, without telling it anything."""
    sampler = make_sampler(options.sampler, space, options.seed, options.sampler_settings, len(options.objectives))
    study = optuna.create_study(sampler=sampler, directions=directions_of(options.objectives))
    study.add_trials([trial for trial in found.trials if trial.state.is_finished()])
    while True:
        yield space.decode(ask(study.ask(), space))


def _by_chance(seed: int, space: Space) -> Iterator[Genotype]:
    chance = Random(f"rank {seed}")
    while True:
        yield space.decode(space.random(chance))


def _distinct(networks: Iterator[Genotype], count: int) -> dict[str, Genotype]:
    found: dict[str, Genotype] = {}
    for genotype in islice(networks, DRAWS * count):
        found.setdefault(fingerprint(genotype), genotype)
        if len(found) == count:
            break
    return found


class _Book:
    """Rewards in a file, a line for each as soon as it is known; None for a network that failed."""

    def __init__(self, path: Path) -> None:
        self.path, self.rewards = path, dict[Key, float | None]()
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            self.rewards[row["fingerprint"], row["factor"]] = row["reward"]

    def add(self, key: Key, outcome: Outcome) -> None:
        self.rewards[key] = None if outcome.kind == FAILED else outcome.stages[-1].marks.reward
        row = {"fingerprint": key[0], "factor": key[1], "reward": self.rewards[key], "reason": outcome.reason}
        with self.path.open("a") as file:
            file.write("\n" + json.dumps(row))  # ahead of it, for a kill may have cut the last line short


def _scores(name: str, marks: list[str], book: _Book, factor: float) -> Scores:
    both = [(mark, book.rewards[mark, 1.0], book.rewards[mark, factor]) for mark in marks]
    whole = [(mark, short, long) for mark, short, long in both if short is not None and long is not None]
    if len(whole) < FEWEST:
        raise UserError(f"of the {name} networks {len(both) - len(whole)} of {len(both)} failed: too few are left")
    return Scores(name, *(tuple(column) for column in zip(*whole, strict=True)))


def _figures(rewards: tuple[float, ...]) -> dict[str, Any]:
    return {
        "mean": statistics.mean(rewards),
        "mean_interval": bootstrap(lambda sample: float(sample.mean()), rewards),
        "median": statistics.median(rewards),
        "lowest": min(rewards),
        "highest": max(rewards),
        "rewards": rewards,
    }
