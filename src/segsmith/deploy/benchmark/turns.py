"""Timing a stretch of a stream: a key frame, and the steps behind it, each with the state that the last one left."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from segsmith.deploy.benchmark.job import Ready, has_steps
from segsmith.runtimes.graphs import KEY, NEXT, STATE, STEP
from segsmith.runtimes.timing import turn

MIX = "mix"
MOST_STEPS, FEWEST_STEPS = 9, 3
"""Steps behind a key frame that are timed, however many there are."""

Times = dict[str, list[float]]
"""Milliseconds by part."""


def stretch(ready: Ready, key_every: int) -> Times:
    """What the parts took. ``mix`` is the mean of a frame when one in ``key_every`` is a key frame."""
    runner, inputs = ready
    if not has_steps(ready):
        return {KEY: turn(lambda: runner.run(KEY, inputs[KEY]))}
    runner.run(KEY, inputs[KEY])
    key, found = timed(lambda: runner.run(KEY, inputs[KEY]))
    steps = []
    for _ in range(min(MOST_STEPS, max(FEWEST_STEPS, key_every - 1))):
        given = {**inputs[STEP], **carried(found)}
        took, found = timed(partial(runner.run, STEP, given))
        steps.append(took)
    mix = (key + (key_every - 1) * sum(steps) / len(steps)) / key_every
    return {KEY: [key], STEP: steps, MIX: [mix]}


def first_calls(ready: Ready) -> dict[str, float]:
    """What the very first calls took, which are no usual ones."""
    runner, inputs = ready
    key, found = timed(lambda: runner.run(KEY, inputs[KEY]))
    if not has_steps(ready):
        return {KEY: key}
    return {KEY: key, STEP: timed(lambda: runner.run(STEP, {**inputs[STEP], **carried(found)}))[0]}


def carried(found: Mapping[str, Any]) -> dict[str, Any]:
    """The state that an answer hands on."""
    return {STATE + name.removeprefix(NEXT): value for name, value in found.items() if name.startswith(NEXT)}


def timed(call: Callable[[], Mapping[str, Any]]) -> tuple[float, Mapping[str, Any]]:
    start = time.perf_counter()
    found = call()
    return 1000 * (time.perf_counter() - start), found
