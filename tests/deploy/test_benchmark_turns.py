"""What is timed, and how often: streams with their state, models in turns, until medians are known."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from segsmith.cli.benchmark import tables
from segsmith.deploy.benchmark.job import Job, Ready
from segsmith.deploy.benchmark.rounds import measured
from segsmith.deploy.benchmark.run import Asked, Report
from segsmith.deploy.benchmark.subjects import GENOTYPE, Subject
from segsmith.deploy.benchmark.turns import MOST_STEPS, Times, first_calls, stretch
from segsmith.deploy.benchmark.worker import Worker
from segsmith.runtimes.graphs import KEY, STEP
from segsmith.runtimes.runner import Runner
from segsmith.runtimes.timing import FEWEST


class Counting(Runner):
    """Its state says how many frames ago the key frame was."""

    def __init__(self, parts: Sequence[str], key: float = 0.004, step: float = 0.001) -> None:
        self.parts, self.seconds = parts, {KEY: key, STEP: step}
        self.asked: list[tuple[str, int]] = []

    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        age = inputs["state_age"] if part == STEP else 0
        self.asked.append((part, age))
        time.sleep(self.seconds[part])
        return {"classes": inputs["frame"], "next_age": age + 1}


def ready(runner: Runner) -> Ready:
    return Ready(runner, {part: {"frame": 0} for part in runner.parts})


def test_a_stretch_is_a_key_frame_and_the_steps_behind_it() -> None:
    runner = Counting((KEY, STEP))
    found = stretch(ready(runner), key_every=5)
    assert runner.asked[1:] == [(KEY, 0), *((STEP, age) for age in range(1, 5))]
    assert {part: len(times) for part, times in found.items()} == {KEY: 1, STEP: 4, "mix": 1}
    assert found["mix"] == [pytest.approx((found[KEY][0] + sum(found[STEP])) / 5)]
    assert found[KEY][0] > 3.9, "milliseconds"


def test_a_long_period_is_not_run_to_its_end() -> None:
    found = stretch(ready(Counting((KEY, STEP))), key_every=1000)
    assert len(found[STEP]) == MOST_STEPS
    assert found["mix"] == [pytest.approx(sum(found[STEP]) / MOST_STEPS, rel=0.05)], "nearly all of it are steps"


def test_with_key_frames_alone_the_mix_is_the_key_frame() -> None:
    found = stretch(ready(Counting((KEY, STEP))), key_every=1)
    assert found["mix"] == found[KEY]
    assert found[STEP], "steps are timed all the same"


def test_an_image_network_has_key_frames_alone() -> None:
    runner = Counting((KEY,))
    assert list(stretch(ready(runner), key_every=10)) == [KEY]
    assert list(first_calls(ready(runner))) == [KEY]
    assert {part for part, _ in runner.asked} == {KEY}


class Steady:
    """In place of a process: answers with the next of its milliseconds."""

    def __init__(self, name: str, milliseconds: Sequence[float], log: list[str]) -> None:
        self.job = Job(Subject(name, GENOTYPE), "onnxruntime", (8, 16))
        self.scopes, self.log, self.turns = ("frame",), log, 0
        self.milliseconds = milliseconds

    def turn(self, scope: str) -> Times:
        self.log.append(self.job.subject.name)
        self.turns += 1
        return {KEY: [self.milliseconds[self.turns % len(self.milliseconds)]]}


def workers(*given: Steady) -> list[Worker]:
    return cast(list[Worker], list(given))


def test_models_take_turns_until_their_medians_are_known() -> None:
    log: list[str] = []
    one, other = Steady("one", [10.0, 10.1], log), Steady("other", [20.0, 20.1], log)
    results = measured(workers(one, other), tolerance=0.02, seconds=60, told=lambda line: None)
    assert [(r.job.subject.name, r.part, r.timing.count) for r in results] == [
        ("one", KEY, FEWEST),
        ("other", KEY, FEWEST),
    ]
    assert all(r.timing.stable for r in results)
    rounds = [tuple(log[place : place + 2]) for place in range(0, len(log), 2)]
    assert set(rounds) == {("one", "other"), ("other", "one")}, "in both orders"
    assert results[0].record()["fps"] == pytest.approx(1000 / results[0].timing.median_ms)


def test_one_that_is_known_waits_for_no_other() -> None:
    log: list[str] = []
    calm, wild = Steady("calm", [10.0], log), Steady("wild", [10.0, 30.0], log)
    results = measured(workers(calm, wild), tolerance=0.02, seconds=0.05, told=lambda line: None)
    assert log.count("calm") == FEWEST < log.count("wild")
    assert [r.timing.stable for r in results] == [True, False]


def test_what_will_not_be_stable_is_said_so() -> None:
    wild = Steady("wild", [10.0, 30.0, 90.0], [])
    results = measured(workers(wild), tolerance=0.02, seconds=0, told=lambda line: None)
    assert [r.timing.count for r in results] == [FEWEST], "as many as it takes to say anything"
    report = Report(Asked(["wild"]), results, [], 0.0)
    assert report.unstable == results
    record = report.record()
    assert (record["stable"], record["results"][0]["stable"]) == (False, False)
    assert record["threads"] == "as the runtime decides"
    assert next(str(cell) for cell in tables(report)[0].columns[-1].cells).endswith("!")
