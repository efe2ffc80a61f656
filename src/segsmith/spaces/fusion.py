"""Which edges a searched fusion cell has. Branch 0 is the finest; each has an in, a mid and an out node."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """From one node to another, ``levels`` resolutions up."""

    source: str
    target: str
    levels: int = 0


def doubling(branches: int) -> tuple[Route, ...]:
    """Every branch by itself, also past its mid node, and from each branch to the next finer one."""
    own = range(branches)
    return (
        *(Route(f"in{b}", f"mid{b}") for b in own),
        *(Route(f"in{b + 1}", f"mid{b}", 1) for b in own[:-1]),
        *(Route(f"mid{b}", f"out{b}") for b in own),
        *(Route(f"mid{b + 1}", f"out{b}", 1) for b in own[:-1]),
        *(Route(f"in{b}", f"out{b}") for b in own),
    )


def dense(branches: int) -> tuple[Route, ...]:
    """Every branch by itself, from each coarser branch to each finer one, and past the finest branch's mid node."""
    return (*_all_finer(branches, "in", "mid"), *_all_finer(branches, "mid", "out"), Route("in0", "out0"))


def _all_finer(branches: int, source: str, target: str) -> Iterator[Route]:
    yield from (Route(f"{source}{b}", f"{target}{b}") for b in range(branches))
    yield from (Route(f"{source}{b}", f"{target}{a}", b - a) for a in range(branches) for b in range(a + 1, branches))


# The two-branch cell stands for searched multi-scale modules that leave the finest resolution alone.
LAYOUTS: dict[str, tuple[Route, ...]] = {"x2": doubling(3), "dense": dense(3), "multiscale": doubling(2)}
BRANCHES = {"x2": 3, "dense": 3, "multiscale": 2}
