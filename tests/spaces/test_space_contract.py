"""What every space must hold to. A new one is picked up through the table of spaces."""

import math
import pickle
from random import Random

import pytest

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node, fingerprint, preset, validate
from segsmith.spaces import Space, make_space
from segsmith.spaces.make import SPACES

OTHERS = [
    ("dynamic", {"rows": "1", "operations": "skip", "step_scales": "1,0.5"}),
    ("template", {"rows": "2", "templates": "1", "adapt": "48", "head": "48"}),
    ("lgc", {"fusion": "dense", "shared": "yes"}),
    ("lgc", {"fusion": "multiscale", "cells": "4", "reductions": "1,2"}),
    ("lgc", {"fusion": "aspp", "operations": "none,skip"}),
]
CASES = [(name, {}) for name in SPACES] + OTHERS


@pytest.fixture(params=CASES, ids=lambda case: " ".join([case[0], *(f"{k}={v}" for k, v in case[1].items())]))
def space(request: pytest.FixtureRequest) -> Space:
    name, options = request.param
    return make_space(name, options, preset("arch2"))


def test_decisions_of_one_kind_can_share_a_head(space: Space) -> None:
    by_kind: dict[str, set[tuple[object, ...]]] = {}
    for decision in space.decisions:
        assert len(set(decision.options)) == len(decision.options) > 0
        by_kind.setdefault(decision.kind, set()).add(decision.options)
    assert all(len(options) == 1 for options in by_kind.values())
    assert len({decision.name for decision in space.decisions}) == len(space.decisions)


def test_size_counts_the_combinations(space: Space) -> None:
    assert space.size == math.prod(len(decision.options) for decision in space.decisions)


def test_every_combination_is_a_network(space: Space) -> None:
    rng = Random(0)
    corners = [tuple(pick(range(len(d.options))) for d in space.decisions) for pick in (min, max)]
    for choices in [*corners, *(space.random(rng) for _ in range(50))]:
        genotype = validate(space.decode(choices))
        again = space.decode(space.encode(genotype))
        assert fingerprint(again) == fingerprint(genotype)


def test_every_decision_matters(space: Space) -> None:
    rng = Random(0)
    for place, decision in enumerate(space.decisions):
        if len(decision.options) > 1:
            assert any(changes_by(space, place, rng) for _ in range(100)), decision.name


def changes_by(space: Space, place: int, rng: Random) -> bool:
    first = list(space.random(rng))
    second = first.copy()
    second[place] = (first[place] + 1) % len(space.decisions[place].options)
    return space.decode(first) != space.decode(second)


def test_random_choices_follow_from_the_seed(space: Space) -> None:
    first, second = ([space.random(rng) for _ in range(20)] for rng in (Random(3), Random(3)))
    assert first == second
    assert space.size == 1 or len(set(first)) > 1


def test_a_space_can_be_sent_to_another_process(space: Space) -> None:
    choices = space.random(Random(0))
    copy = pickle.loads(pickle.dumps(space))
    assert copy == space
    assert copy.decode(choices) == space.decode(choices)


def test_the_wrong_number_of_choices_is_refused(space: Space) -> None:
    with pytest.raises(ValueError, match="decisions"):
        space.decode(space.random(Random(0))[1:])


def test_a_network_of_another_space_is_refused(space: Space) -> None:
    other = Genotype("external", Graph((), (), ()), settings={"source": "timm:resnet18"})
    with pytest.raises(UserError):
        space.encode(other)


def test_a_network_with_other_settings_is_refused(space: Space) -> None:
    genotype = space.decode(space.random(Random(0)))
    setting = {"dynamic": "channels", "template": "head", "lgc": "branch"}[space.name]
    changed = Genotype(genotype.kind, genotype.net, genotype.cells, {**genotype.settings, setting: 31}, genotype.static)
    with pytest.raises(UserError, match="settings"):
        space.encode(changed)


def test_the_same_network_written_otherwise_is_read() -> None:
    space = make_space("dynamic", {"rows": "2"}, preset("arch2"))
    nodes = (
        Node("z", "attention", ("z.a", "z.b")),
        Node("z.a", "skip", ("y",)),
        Node("z.b", "gap", ("prev:dec",)),
        Node("y.b", "sep3", ("prev:dec",)),
        Node("y.a", "deform3", ("layer2",)),
        Node("y", "wsum", ("y.a", "y.b")),
    )
    genotype = Genotype("dynamic", Graph(("prev:dec", "layer2"), nodes, ("z",)), static=preset("arch2"))
    picks = space.picks(space.encode(genotype))
    assert [picks[f"n1.{what}"] for what in ("loc1", "loc2", "op1", "op2", "agg")] == [
        "n0",
        "prev:dec",
        "skip",
        "gap",
        "attention",
    ]
