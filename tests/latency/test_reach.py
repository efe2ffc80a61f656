"""The ends of a space, against all of its networks where those can be counted."""

import itertools

import pytest

from segsmith.genotype import Genotype, fingerprint
from segsmith.latency.reach import reach
from segsmith.spaces import LgcSpace

SMALL = LgcSpace(cells=3, reductions=(1, 2), fusion="none", operations=("conv3", "skip"), shared=True)
COST = {"conv3": 5.0, "skip": 0.5, "pool3": 1.0, "none": 0.0, "dw3": 2.0}


def ops(genotype: Genotype) -> list[str]:
    return [node.op for cell in genotype.cells.values() for node in cell.nodes if node.op in COST]


def added(genotype: Genotype) -> float:
    return 10.0 + sum(COST[op] for op in ops(genotype))


def tangled(genotype: Genotype) -> float:
    """Many dear operations are cheaper together than a few."""
    found = ops(genotype)
    return added(genotype) - (30.0 if found.count("conv3") >= 6 else 0.0)


def test_costs_that_add_up_are_exact() -> None:
    found = reach(SMALL, added)
    every = [added(SMALL.decode(c)) for c in itertools.product(*(range(len(d.options)) for d in SMALL.decisions))]
    assert found.exact
    assert (found.fastest.ms, found.slowest.ms) == (pytest.approx(min(every)), pytest.approx(max(every)))


def test_costs_that_do_not_are_searched() -> None:
    found = reach(SMALL, tangled, samples=100)
    every = [tangled(SMALL.decode(c)) for c in itertools.product(*(range(len(d.options)) for d in SMALL.decisions))]
    assert not found.exact
    assert (found.fastest.ms, found.slowest.ms) == (pytest.approx(min(every)), pytest.approx(max(every)))


def test_an_end_is_its_network() -> None:
    found = reach(SMALL, added)
    for end in (found.fastest, found.slowest):
        assert fingerprint(end.genotype) == fingerprint(SMALL.decode(end.choices))
        assert end.ms == added(end.genotype)


def test_dead_edges_do_not_add_up() -> None:
    """Where an edge may be none, what lies behind it may cost nothing."""
    space = LgcSpace(cells=3, reductions=(1, 2), fusion="none", operations=("conv3", "skip", "none"))
    found = reach(space, added, samples=60, starts=2)
    assert not found.exact
    assert found.slowest.ms == 10 + 5 * len(space.edges)
    drawn = [added(space.decode(tuple(0 if n == k else 2 for n in range(len(space.edges))))) for k in range(5)]
    assert found.fastest.ms <= min(drawn)


def test_it_is_the_same_again() -> None:
    assert reach(SMALL, tangled, samples=50) == reach(SMALL, tangled, samples=50)
