"""Every piece that the networks of a space can be made of."""

from random import Random

from segsmith.latency.piece import Piece
from segsmith.latency.pieces import Frames, pieces_of
from segsmith.spaces import Space
from segsmith.spaces.base import Choices

PATIENCE = 400
"""So many random networks without a new piece, and nothing more is looked for."""
MOST = 3_000


def pieces_of_space(space: Space, frames: Frames, patience: int = PATIENCE, seed: int = 0) -> list[Piece]:
    """Of networks that differ in a single choice, and of random ones until they bring nothing new.

    What is rarer than that is found when it is asked for: a table says what it lacks.
    """
    rng, found, last = Random(seed), set[Piece](), 0
    start = space.random(rng)
    for choices in _single(space, start):
        _add(found, space, choices, frames)
    for drawn in range(MOST):
        if drawn - last >= patience:
            break
        if _add(found, space, space.random(rng), frames):
            last = drawn
    return sorted(found, key=str)


def _single(space: Space, start: Choices) -> list[Choices]:
    return [
        (*start[:place], option, *start[place + 1 :])
        for place, decision in enumerate(space.decisions)
        for option in range(len(decision.options))
    ]


def _add(found: set[Piece], space: Space, choices: Choices, frames: Frames) -> bool:
    """Whether it brought anything."""
    work, before = pieces_of(space.decode(choices), frames), len(found)
    found.update(work.key, work.step)
    return len(found) > before
