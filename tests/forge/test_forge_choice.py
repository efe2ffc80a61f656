"""Which candidates are trained to their end, and which of them gets the forge's name."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from forge_help import asked, facts

from segsmith.errors import UserError
from segsmith.forge import choice, finish, work
from segsmith.forge.choice import LEAN, QUICKER
from segsmith.forge.finish import Timed
from segsmith.forge.job import Job
from segsmith.forge.work import judged
from segsmith.genotype import Genotype, fingerprint, preset
from segsmith.genotype.jsonform import to_json
from segsmith.study.driver import NothingFits
from segsmith.study.options import SearchOptions
from segsmith.study.results import Results
from segsmith.study.trial import Record
from segsmith.training.runfolder import RunFolder

GENOTYPES = [preset(name) for name in ("arch0", "arch1", "arch2", "template-arch0")]


def record(number: int, reward: float, ms: float, missed: tuple[str, ...] = ()) -> Record:
    genotype = GENOTYPES[number]
    made = Record(number, "scored", "", reward, (reward,), json.loads(to_json(genotype)), fingerprint(genotype), ())
    return Record(**{**made.data(), "latency_ms": ms, "flops": 1.0, "missed": missed})


RECORDS = (record(0, 0.5, 9.0), record(1, 0.6, 9.5), record(2, 0.55, 9.6), record(3, 0.9, 9.6, ("box below 0.3",)))
"""By reward 3, 1, 2, 0; number 2 is beaten in both, and number 3 misses a demand."""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    results = Results(tmp_path / "search", "finished", {}, (), RECORDS, ("reward", "flops"))
    monkeypatch.setattr(choice, "load_results", lambda run: results)
    return Job(asked(tmp_path, floors=("box=0.3",)), facts(), lambda line: None)


def timed(monkeypatch: pytest.MonkeyPatch, ms: Mapping[int, float]) -> None:
    """The leanest network of the space, which is no trial, takes 4 ms."""
    by_mark = {fingerprint(GENOTYPES[number]): value for number, value in ms.items()}

    def price(genotype: Genotype) -> float:
        return by_mark.get(fingerprint(genotype), 4.0)

    monkeypatch.setattr(choice, "price_of", lambda target, classes, table: price)


def numbers(chosen: list[dict[str, Any]]) -> list[int]:
    return [one["trial"] for one in chosen]


def test_the_front_goes_first_and_what_misses_a_demand_last() -> None:
    results = Results(Path(), "finished", {}, (), RECORDS, ("reward", "flops"))
    ranked = [one.number for one in choice.in_order(results)]
    assert ranked[-1] == 3
    assert ranked[0] == 1


def test_what_is_too_slow_when_timed_again_leaves_its_place_to_the_next(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, {0: 9.0, 1: 10.5, 2: 9.9, 3: 9.0})
    chosen, reserve = choice.choose(job, 2)
    assert len(chosen) == 2
    assert set(numbers(chosen)) == {0, 2}
    timed(monkeypatch, {})
    assert choice.choose(job, 2) == (chosen, reserve), "a forge that goes on chooses the same"


def test_where_none_is_quick_enough_the_leanest_network_is_taken(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, {0: 12.0, 1: 11.0, 2: 13.0, 3: 14.0})
    chosen, reserve = choice.choose(job, 1)
    assert (numbers(chosen), reserve) == ([LEAN], None)
    assert chosen[0]["ms"] <= job.facts.limit_ms


@pytest.mark.parametrize(("third", "stands_by"), [(0.99 * QUICKER * 9.6, 0), (9.0, LEAN)])
def test_what_stands_by_is_clearly_quicker(
    job: Job, monkeypatch: pytest.MonkeyPatch, third: float, stands_by: int | str
) -> None:
    records = (replace(RECORDS[0], latency_ms=third), *RECORDS[1:])
    results = Results(job.search, "finished", {}, (), records, ("reward", "flops"))
    monkeypatch.setattr(choice, "load_results", lambda run: results)
    timed(monkeypatch, {0: third, 1: 9.6, 2: 9.6, 3: 9.6})
    chosen, reserve = choice.choose(job, 1)
    assert numbers(chosen) == [1]
    assert reserve is not None
    assert reserve["trial"] == stands_by
    assert (job.out / reserve["genotype"]).exists()


def test_finalists_are_ranked_by_demands_and_then_by_accuracy(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, {0: 9.0, 1: 9.0, 2: 9.0, 3: 9.0})
    scores = {0: (0.4, 0.5), 1: (0.7, 0.1), 2: (0.5, 0.4)}
    minutes = []

    def trained(job: Job, options: Any) -> dict[str, Any]:
        minutes.append(options.minutes)
        miou, box = scores[int(Path(options.out).name.removeprefix("trial"))]
        return {"miou": miou, "per_class": {"box": box}}

    monkeypatch.setattr(work, "trained", trained)
    found = work.train_best(job, 180, 3)["trained"]
    assert numbers(found) == [2, 0, 1]
    assert minutes == [1, 1, 1]
    assert found[-1]["missed"] == ["box"]


def test_without_a_labelled_val_split_the_order_of_the_search_holds(job: Job) -> None:
    assert judged(job, {"made": {}}) == {"miou": None, "missed": []}


def test_a_class_that_val_does_not_show_is_asked_of_nobody(job: Job) -> None:
    assert judged(job, {"miou": 0.5, "per_class": {"box": None}})["missed"] == []
    assert judged(job, {"miou": 0.5, "per_class": {"box": 0.2}})["missed"] == ["box"]


def test_a_search_in_which_nothing_fits_leaves_the_leanest(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def searched(options: SearchOptions) -> Results:
        raise NothingFits("none of 2000 candidates in a row met the budget", fix="allow more")

    monkeypatch.setattr(work, "run_search", searched)
    monkeypatch.setattr(work, "load_results", choice.load_results)
    costed = replace(job, facts=replace(job.facts, flops=1e9))
    assert work.search(costed, 60.0) == {"trials": 4, "scored": 4}


def test_the_same_network_of_a_supernet_is_trained_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "fitted", lambda job: iter([GENOTYPES[0], GENOTYPES[0], GENOTYPES[1]]))
    lgc = replace(job, facts=replace(job.facts, space="lgc"))
    assert [number for number, _, _ in choice.candidates(lgc, 9)] == [0, 1]


@pytest.fixture
def finalists(tmp_path: Path) -> list[dict[str, Any]]:
    made = []
    for number in range(2):
        run = RunFolder(tmp_path / "trained" / f"trial{number}")
        run.create("train", {}, 0)
        run.model.write_text(f"weights {number}")
        run.genotype.write_text(to_json(GENOTYPES[number]))
        made.append({"run": str(run.path), "trial": number, "miou": 0.6 - 0.1 * number, "missed": []})
    return made


def exported(monkeypatch: pytest.MonkeyPatch, latencies: Mapping[str, float]) -> None:
    parity = SimpleNamespace(words=lambda: "equal", equal_pixels=1.0)
    done = SimpleNamespace(parity=parity, files={"key": Path("net.onnx")})
    monkeypatch.setattr(finish, "export", lambda options, say: done)
    monkeypatch.setattr(finish, "apart", finish.deployed)

    def took(job: Job, seconds: float) -> Timed:
        return Timed(latencies[RunFolder(job.out).model.read_text()], 10.0)

    monkeypatch.setattr(finish, "latency_of", took)


@pytest.mark.parametrize(("first", "picked"), [(9.9, 0), (10.4, 1)])
def test_the_best_that_keeps_to_the_latency_gets_the_name(
    job: Job, finalists: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, first: float, picked: int
) -> None:
    exported(monkeypatch, {"weights 0": first, "weights 1": 9.0})
    found = finish.pick(job, finalists, 1.0)
    assert found["trial"] == picked
    assert found["latency_ms"] <= job.facts.limit_ms
    assert RunFolder(job.out).model.read_text() == f"weights {picked}"


def test_none_that_keeps_to_the_latency_is_no_result(
    job: Job, finalists: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(monkeypatch, {"weights 0": 11.0, "weights 1": 12.0})
    with pytest.raises(UserError, match=r"of 2 trained networks none keeps to 10\.0 ms, the quickest takes 11\.0"):
        finish.pick(job, finalists, 1.0)


def test_what_stands_by_is_not_asked_for_where_the_first_is_quick_enough(
    job: Job, finalists: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(monkeypatch, {"weights 0": 9.0})
    one_by_one = iter(finalists)
    assert finish.pick(job, one_by_one, 1.0)["trial"] == 0
    assert [one["trial"] for one in one_by_one] == [1]


@pytest.mark.parametrize(("asked_for", "allowed"), [("50%", 12.0), ("10ms", 10.0)])
def test_a_share_is_one_of_what_the_key_frame_takes_at_the_same_time(
    job: Job, monkeypatch: pytest.MonkeyPatch, asked_for: str, allowed: float
) -> None:
    rows = [("key", "whole frame", 24.0), ("mix", "whole frame", 11.0), ("mix", "graph", 3.0)]
    rows = [(part, finish.WHOLE if scope == "whole frame" else scope, ms) for part, scope, ms in rows]
    results = [SimpleNamespace(part=p, scope=s, timing=SimpleNamespace(median_ms=ms)) for p, s, ms in rows]
    monkeypatch.setattr(finish, "benchmark", lambda asked: SimpleNamespace(results=results, record=dict))
    one = Job(replace(job.options, latency=asked_for), job.facts, job.say)
    assert finish.measured(one, 1.0) == Timed(11.0, allowed)
