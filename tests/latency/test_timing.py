"""Timing several calls beside each other."""

import time
from collections.abc import Callable, Sequence
from random import Random

import pytest

from segsmith.runtimes import timing
from segsmith.runtimes.timing import BURST, FEWEST, Timing, measure, percentile, spread_of


class Clock:
    """Time passes only where something is said to take it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.order: list[str] = []
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def call(self, name: str, milliseconds: Sequence[float]) -> Callable[[], None]:
        """Takes each of these times in turn, again and again."""
        taken = 0

        def run() -> None:
            nonlocal taken
            self.order.append(name)
            self.now += milliseconds[taken % len(milliseconds)] / 1000
            taken += 1

        return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_steady_calls_are_soon_known(clock: Clock) -> None:
    found = measure({"a": clock.call("a", [2.0]), "b": clock.call("b", [5.0])}, seconds=60)
    assert {name: t.median_ms for name, t in found.items()} == pytest.approx({"a": 2, "b": 5})
    assert all(t.stable and t.count == FEWEST and t.spread == pytest.approx(0) for t in found.values())
    assert clock.now < 1


def test_unsteady_calls_end_with_the_time(clock: Clock) -> None:
    rng = Random(0)
    odd = [rng.uniform(1, 30) for _ in range(997)]
    found = measure({"even": clock.call("even", [2.0]), "odd": clock.call("odd", odd)}, seconds=1)
    assert found["even"].stable
    assert not found["odd"].stable
    assert found["odd"].count > found["even"].count
    assert 1 < clock.now < 1.3


def test_the_fewest_are_timed_even_without_time(clock: Clock) -> None:
    found = measure({"a": clock.call("a", [100.0])}, seconds=0, warmup=1)
    assert found["a"].count == FEWEST


def test_calls_take_turns_in_changing_order(clock: Clock) -> None:
    calls = {name: clock.call(name, [1.0, 3.0]) for name in "abcd"}
    measure(calls, seconds=0.5, warmup=0)
    turns = clock.order[:: BURST + 1]
    rounds = ["".join(turns[place : place + 4]) for place in range(0, len(turns), 4)]
    assert all(sorted(one) == list("abcd") for one in rounds)
    assert len(set(rounds)) > 3


def test_the_first_call_of_a_turn_is_not_timed(clock: Clock) -> None:
    """What ran before leaves the caches cold and its threads spinning."""
    slow_start = [50.0, *[2.0] * BURST]
    found = measure({"a": clock.call("a", slow_start), "b": clock.call("b", [1.0])}, seconds=60, warmup=0)
    assert found["a"].p99_ms == pytest.approx(2)


def test_progress_is_told(clock: Clock) -> None:
    said: list[tuple[int, int]] = []
    measure({"a": clock.call("a", [1.0])}, seconds=1, told=lambda stable, calls: said.append((stable, calls)))
    assert said[-1] == (1, 1)
    assert len(said) == FEWEST // BURST


def test_spread_covers_the_true_median() -> None:
    rng, inside = Random(0), 0
    for _ in range(300):
        drawn = sorted(rng.expovariate(1.0) for _ in range(60))
        timing_of = Timing.of(drawn, 1.0)
        # half of a lopsided interval is not a bound to either side; twice the half is its whole width
        inside += abs(timing_of.median_ms - 0.6931) <= 2 * timing_of.spread * timing_of.median_ms
    assert inside >= 285


def test_more_timings_narrow_the_spread() -> None:
    rng = Random(1)
    drawn = [rng.gauss(10, 1) for _ in range(400)]
    assert spread_of(sorted(drawn)) < spread_of(sorted(drawn[:25])) / 2


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_percentiles(share: float, value: float) -> None:
    assert percentile(range(1, 101), share) == value


def test_records_are_plain() -> None:
    assert Timing.of([1.0] * FEWEST, 0.1).record() == {
        "median_ms": 1.0,
        "p95_ms": 1.0,
        "p99_ms": 1.0,
        "spread": 0.0,
        "count": FEWEST,
        "stable": True,
    }
    assert timing.Z > 0
