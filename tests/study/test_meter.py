"""Costs counted for a search are those that ``segsmith describe`` tells."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from study_help import cell_space

from segsmith.errors import UserError
from segsmith.genotype import Genotype, preset
from segsmith.latency.sample import Samples
from segsmith.latency.subject import Subject
from segsmith.latency.table import Network, Prediction, Table
from segsmith.latency.target import Target, this_machine
from segsmith.networks.cost import describe
from segsmith.runtimes.timing import Timing
from segsmith.spaces import Space, TemplateSpace
from segsmith.study.clock import Clock
from segsmith.study.limits import Goals, Limit, parse_amount, parse_floors, shown
from segsmith.study.meter import Cost, FlopsMeter, TableMeter

SIZE = (90, 130)


@pytest.mark.parametrize("space", [cell_space(3, step_scales=(1.0, 0.5)), TemplateSpace()], ids=["dynamic", "template"])
def test_as_a_whole_network(space: Space) -> None:
    meter, chance = FlopsMeter(SIZE, 11, key_every=5), Random(4)
    for _ in range(2):
        genotype = space.decode(space.random(chance))
        cost, expected = meter(genotype), describe(genotype, SIZE, 11)
        assert cost.parameters == expected.parameters
        assert cost.key_flops == expected.key_flops
        assert cost.step_flops == expected.step_flops
        step = expected.key_flops if expected.step_flops is None else expected.step_flops
        assert cost.flops == pytest.approx((expected.key_flops + 4 * step) / 5)
        assert cost.latency_ms is None


class Predicting:
    """A table that knows what a network without repeats takes."""

    def predict(self, genotype: Genotype) -> Prediction:
        if any(node.repeat > 1 for node in genotype.net.nodes):
            raise UserError("the table has no such piece", fix="measure it")
        return Prediction(30.0, 10.0)


def test_a_table_adds_latencies_and_says_where_it_cannot() -> None:
    space, chance = TemplateSpace(rows=1, repeats=2), Random(0)
    flops = FlopsMeter(SIZE, 11, key_every=5)
    meter = TableMeter(flops, Predicting())
    known = {}
    for genotype in (space.decode(space.random(chance)) for _ in range(6)):
        cost = meter(genotype)
        known[genotype.net.nodes[0].repeat] = (cost.latency_ms, cost.unknown)
        assert cost.flops == flops(genotype).flops
    assert known == {1: (14.0, ""), 2: (None, "the table has no such piece (measure it)")}


def test_amounts() -> None:
    assert parse_amount("2.5G", "flops") == 2.5e9
    assert parse_amount("900M", "flops") == 9e8
    assert parse_amount("300000", "parameters") == parse_amount("300k", "parameters") == 3e5
    assert parse_amount("60%", "latency", 200) == 120
    assert parse_amount("40ms", "latency") == parse_amount("40", "latency") == parse_amount("4e1 ms", "latency") == 40
    assert [shown(amount) for amount in (2.5e9, 9e8, 3e5, 120.0)] == ["2.5G", "900M", "300,000", "120"]
    assert parse_floors(["car=0.5", "sign=1"]) == {"car": 0.5, "sign": 1.0}


def test_a_limit_is_met_up_to_itself() -> None:
    goals = Goals((Limit("flops", 100.0), Limit("parameters", 10.0, soft=1.0)))
    cost = Cost(parameters=20, flops=100.0, key_flops=100, step_flops=100)
    assert goals.refusal(cost) == ""
    assert goals.excesses(cost) == {"flops": 0.0}
    assert goals.reward(0.8, cost, {}) == pytest.approx(0.4)
    assert "101 FLOPs a frame are above the budget of 100" in goals.refusal(Cost(1, 101.0, 1, 1))


def test_a_clock_times_key_frames_once_and_minds_no_machine_that_grows_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[str]] = []

    def timings(calls: dict[str, Callable[[], object]], seconds: float) -> dict[str, Timing]:
        asked.append(set(calls))
        for call in calls.values():
            call()
        slower = 1.0 + len(asked[1:])
        return {part: Timing(slower * {"step": 2.0}.get(part, 10.0), 0.0, 0.0, 0.0, 9, True) for part in calls}

    monkeypatch.setattr("segsmith.study.clock.measure", timings)
    clock = Clock(replace(this_machine("torch"), size=(32, 64), threads=1, key_every=4), 3)
    assert clock(preset("light")) == pytest.approx((10 + 3 * 2) / 4)
    assert clock(preset("copy")) == pytest.approx(4)
    assert clock(preset("arch2")) == pytest.approx(10)
    others = "arch2 keeps no state: its key frames are others"
    assert asked == [{"key", "step"}, {"step", "first"}, {"key", "first"}], others


def test_beside_a_table_a_clock_tells_what_the_table_would_have_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine takes three times as long now, for the network that the table knows as for others."""

    def timings(calls: dict[str, Callable[[], object]], seconds: float) -> dict[str, Timing]:
        return {part: Timing({"step": 6.0, "key": 45.0}.get(part, 30.0), 0.0, 0.0, 0.0, 9, True) for part in calls}

    monkeypatch.setattr("segsmith.study.clock.measure", timings)
    target = replace(this_machine("torch"), size=(32, 64), threads=1)
    known = Network(preset("light"), "fit", key=Samples((10.0,)), step=Samples((2.0,)))
    subject = Subject("dynamic", {}, 3, static=preset("arch2"))
    clock = Clock.beside(Table(target, subject, networks=[known]), key_every=4)
    assert clock(preset("copy")) == pytest.approx((15 + 3 * 2) / 4)
    plain = Clock.beside(Table(target, subject), key_every=4)
    assert plain(preset("copy")) == pytest.approx((45 + 3 * 6) / 4)


def test_a_clock_tells_nothing_of_another_machine() -> None:
    with pytest.raises(UserError, match="the target is Cortex-A78, and this machine is another"):
        Clock(Target("board", "Cortex-A78"), 3)
