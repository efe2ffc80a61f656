"""A table of scored networks, and guesses for the rest of their space: samplers are compared on it in seconds.

A table is a file of JSON lines: what it is of, then a line for every network. It holds numbers and structures alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segsmith.errors import UserError
from segsmith.genotype.jsonform import from_json, to_json
from segsmith.spaces import Choices, Space
from segsmith.spaces.make import make_space
from segsmith.study.options import SearchOptions
from segsmith.study.results import Results, load_results
from segsmith.study.surrogate import Surrogate, features_of, fit, held_out
from segsmith.study.trial import SCORED, Record
from segsmith.training.runfolder import replacing

FORMAT = 1
LEAST, WANTED = 20, 0.7
"""So many networks are a table; a rank correlation of guesses that is good enough."""
DEMANDS = ("flops", "parameters", "latency", "soft", "floors", "flicker")


@dataclass(frozen=True)
class Table:
    """``rewards`` by choices; ``about`` is the file's first line. Called with choices it gives a score: the measured
    one where there is one, else the surrogate's guess."""

    space: Space
    rewards: Mapping[Choices, float]
    about: Mapping[str, Any]
    surrogate: Surrogate
    _known: dict[Choices, float] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, path: Path) -> "Table":
        about, *rows = _lines(path)
        static = None if about["static"] is None else from_json(json.dumps(about["static"]))
        space = make_space(about["space"], about["options"], static)
        rewards = {tuple(row["choices"]): float(row["reward"]) for row in rows}
        features, scores = features_of(space, list(rewards)), np.array(list(rewards.values()))
        return cls(space, rewards, about, fit(features, scores), dict(rewards))

    def __call__(self, choices: Choices) -> float:
        if choices not in self._known:
            self._known[choices] = float(self.surrogate(features_of(self.space, [choices]))[0])
        return self._known[choices]


def write_table(run: Path, out: Path) -> dict[str, Any]:
    """The table of a search by chance that stopped nobody; what its first line says."""
    found = load_results(run)
    options = SearchOptions.of_record(found.configuration)
    _check(options, found)
    scored = [record for record in found.records if record.state == SCORED]
    if len(scored) < LEAST:
        raise UserError(
            f"{len(scored)} scored networks are too few for a table",
            fix=f"go on with the search: at least {LEAST}, better some hundreds",
            path=run,
        )
    static = from_json(json.dumps(scored[0].genotype)).static
    space = make_space(options.space, options.words, static)
    features = features_of(space, [record.choices for record in scored])
    rank = held_out(features, np.array([record.reward for record in scored], float))
    about = {
        "format": FORMAT,
        "space": options.space,
        "options": options.words,
        "static": None if static is None else json.loads(to_json(static)),
        "data": options.data.partition(":")[0],
        "proxy": options.proxy,
        "seed": options.seed,
        "split": options.split,
        "meta": options.meta,
        "size": options.size,
        "versions": scored[0].versions,
        "networks": len(scored),
        "rank_correlation": round(rank, 4),
    }
    with replacing(out) as beside:
        beside.write_text("".join(json.dumps(line) + "\n" for line in (about, *map(_row, scored))))
    return about


def _row(record: Record) -> dict[str, Any]:
    assert record.reward is not None
    return {
        "choices": record.choices,
        "fingerprint": record.fingerprint,
        "reward": round(record.reward, 6),
        "parameters": record.parameters,
        "flops": record.flops,
        "seconds": record.seconds,
    }


def _check(options: SearchOptions, found: Results) -> None:
    """What turns networks away, stops them or changes what they earn makes the table one of something else."""
    demands = any(getattr(options, name) for name in DEMANDS)
    if options.sampler != "random" or options.early_stopping or demands or len(options.objectives) > 1:
        words = f"segsmith search {options.space} … --sampler random --no-early-stopping"
        raise UserError(
            "a table is made of a search by chance that turns away and stops nobody, and asks nothing but a reward",
            fix=words,
            path=found.run,
        )


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", path=path) from None
    except ValueError as error:
        raise UserError(f"is no table: {error}", path=path) from None
    if not lines or not isinstance(lines[0], dict) or lines[0].get("format") != FORMAT:
        raise UserError("is no table that can be read here", fix="make one with segsmith study table", path=path)
    return lines
