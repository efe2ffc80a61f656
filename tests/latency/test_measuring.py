"""Tables: measured, continued, checked; with runs whose time is known."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from segsmith.errors import UserError
from segsmith.genotype import fingerprint
from segsmith.latency import measuring
from segsmith.latency.check import CHECK, FIT, check, draw, verdict
from segsmith.latency.job import begun, measure_table
from segsmith.latency.measuring import needed
from segsmith.latency.model import PLAIN
from segsmith.latency.piece import BASE, RUN, STEM, Piece
from segsmith.latency.pieces import Frames, pieces_of
from segsmith.latency.rounds import FEWEST, Effort
from segsmith.latency.sample import Samples
from segsmith.latency.table import Table
from segsmith.latency.target import Target

TARGET = Target("test", "A processor", threads=1, size=(64, 96))
EFFORT = Effort()
WORDS = ["cells=4", "reductions=1,2", "width=8", "branch=16"]
START, AROUND = 0.25, 0.5
"""What a run takes by itself, and what surrounds a piece."""


class World:
    """A machine on which pieces take what ``cost`` says, and time passes by nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.opened = 0.0, list[str]()
        self.noise: dict[str, float] = {}
        self.pace: Callable[[float], float] = lambda seconds: 1.0
        self.table: Table | None = None
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(measuring, "open_pieces", self.open_pieces)
        monkeypatch.setattr(measuring, "wholes_of", lambda genotype, size, classes: genotype)
        monkeypatch.setattr(measuring, "open_whole", self.open_whole)

    def cost(self, piece: Piece) -> float:
        if piece.op == RUN:
            return START
        return 1e-6 * piece.c_in * piece.c_out * piece.height * piece.width / piece.stride + 0.01

    def open_pieces(self, pieces: Sequence[Piece], *_: object) -> list[Callable[[], None]]:
        self.opened += map(str, pieces)
        return [self.run(str(piece), self._surrounded(piece)) for piece in pieces]

    def open_whole(self, genotype: Any, target: Target, known: dict[Any, Any]) -> Mapping[str, Callable[[], None]]:
        work = pieces_of(genotype, Frames(target.size, 11))
        parts = {name: part for name, part in zip(("key", "step"), work, strict=True) if part}
        self.opened.append(fingerprint(genotype))
        for part in parts.values():
            known.setdefault(part, self.run(str(part), sum(map(self.cost, part))))
        return {name: known[part] for name, part in parts.items()}

    def _surrounded(self, piece: Piece) -> float:
        if piece.op == RUN:
            return START
        if piece.op == BASE:
            return START + 2 * AROUND
        inputs = 0 if piece.starts else piece.count
        behind = 0 if piece.ends or piece.whole else 1
        return START + (inputs + behind) * AROUND + self.cost(piece)

    def run(self, name: str, ms: float) -> Callable[[], None]:
        def call() -> None:
            self.now += self.pace(self.now) * (ms + self.noise.get(name, 0.0)) / 1000

        return call


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def made(path: Path, networks: int = 4, effort: Effort = EFFORT) -> bool:
    table, job = begun(path, "lgc", WORDS, TARGET, "arch2", 11, missing=False)
    return measure_table(table, job, path, networks, effort, lambda line: None)


def test_a_table_predicts_what_adds_up(world: World, tmp_path: Path) -> None:
    assert made(tmp_path / "table.json")
    table = Table.load(tmp_path / "table.json")
    piece = next(piece for piece in table.pieces if piece.op == "conv3")
    assert table.net_ms(piece) == pytest.approx(world.cost(piece), rel=0.01)
    found = check(table, 10, tmp_path / "table.json", Effort())
    assert found["networks"] == 10
    assert found["median_error"] < 0.01
    assert found["rank_correlation"] > 0.98
    assert Table.load(tmp_path / "table.json").checked == json.loads(json.dumps(found))


def test_a_machine_that_becomes_slower_and_quicker_changes_nothing(world: World, tmp_path: Path) -> None:
    """A table is measured in seconds of this world, of which every other one is half as long again."""
    made(tmp_path / "steady.json")
    world.pace = lambda seconds: 1.5 if seconds % 2 > 1 else 1.0
    made(tmp_path / "unsteady.json")
    steady, unsteady = (Table.load(tmp_path / f"{name}.json") for name in ("steady", "unsteady"))
    ratios = [unsteady.pieces[piece].ms / samples.ms for piece, samples in steady.pieces.items()]
    assert max(ratios) / min(ratios) < 1.1
    found = check(unsteady, 10, tmp_path / "unsteady.json", Effort())
    assert found["median_error"] < 0.05
    assert found["rank_correlation"] > 0.95


def test_networks_are_fitted_or_checked(world: World, tmp_path: Path) -> None:
    made(tmp_path / "table.json", networks=3)
    table = Table.load(tmp_path / "table.json")
    draw(table, table.subject.open(), CHECK, 5)
    names = [fingerprint(network.genotype) for network in table.networks]
    assert [network.use for network in table.networks] == [FIT] * 3 + [CHECK] * 5
    assert len(set(names)) == 8


def test_a_stopped_measurement_goes_on(world: World, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    assert not made(path, effort=Effort(minutes=0.02))
    before = Table.load(path)
    assert before.pieces
    assert any(len(samples.values) < FEWEST for samples in before.pieces.values())
    assert made(path)
    after = Table.load(path)
    assert all(after.pieces[p].values[: len(s.values)] == s.values for p, s in before.pieces.items())
    world.opened.clear()
    assert made(path)
    assert world.opened == []


def test_missing_pieces_are_added(world: World, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    made(path)
    wider = ["cells=4", "reductions=1,2", "width=16", "branch=16"]
    with pytest.raises(UserError, match="--missing"):
        begun(path, "lgc", wider, TARGET, "arch2", 11, missing=False)
    before = set(Table.load(path).pieces)
    world.opened.clear()
    table, job = begun(path, "lgc", wider, TARGET, "arch2", 11, missing=True)
    assert measure_table(table, job, path, 4, Effort(), lambda line: None)
    after = set(Table.load(path).pieces)
    assert before < after
    assert {name for name in world.opened if name in set(map(str, after))} == set(map(str, after - before))


def test_a_table_says_what_it_lacks(world: World, tmp_path: Path) -> None:
    made(tmp_path / "table.json", networks=0)
    table = Table.load(tmp_path / "table.json")
    del table.pieces[next(piece for piece in table.pieces if piece.part == STEM)]
    space = table.subject.open()
    with pytest.raises(UserError, match="--missing"):
        table.predict(space.decode((0,) * len(space.decisions)))


def test_another_target_is_refused(world: World, tmp_path: Path) -> None:
    made(tmp_path / "table.json", networks=0)
    other = Target("test", "A processor", threads=2, size=(64, 96))
    with pytest.raises(UserError, match=r"threads .*segsmith latency measure lgc cells=4"):
        begun(tmp_path / "table.json", "lgc", WORDS, other, "arch2", 11, missing=False)


def test_what_is_out_of_line_is_measured_again(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow moment while the narrower one of two was timed."""
    path = tmp_path / "table.json"
    made(path, networks=0)
    table = Table.load(path)
    alike = [p for p in table.pieces if (p.op, p.stride) == ("conv3", 1) and p.c_in == p.c_out]
    small = min(alike, key=lambda p: p.height * p.width)
    slow = next(p for p in table.pieces if p.op == "conv3" and p.c_in < small.c_in)
    wide = Piece("conv3", 2 * slow.c_in, 2 * slow.c_out, slow.height, slow.width, stride=slow.stride)
    table.pieces[slow] = Samples((90.0,) * FEWEST)
    monkeypatch.setattr(measuring, "refit", lambda table: None)
    assert measuring.fill(table, [slow, wide], path, Effort())
    assert table.net_ms(slow) == pytest.approx(world.cost(slow), rel=0.01)
    marked = {piece for piece, samples in Table.load(path).pieces.items() if samples.again}
    assert marked == {slow, wide}


def test_what_stays_out_of_line_is_measured_again_once(world: World, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    made(path, networks=0)
    table = Table.load(path)
    slow = next(p for p in table.pieces if p.op == "conv3" and p.c_in == 8)
    wide = Piece("conv3", 2 * slow.c_in, 2 * slow.c_out, slow.height, slow.width, stride=slow.stride)
    world.noise[str(slow)] = 90.0
    table.pieces[slow] = Samples((90.0,) * FEWEST)
    for opened in ([str(slow), str(wide)], []):
        world.opened.clear()
        assert measuring.fill(table, [slow, wide], path, Effort())
        assert set(world.opened) >= set(opened)
        assert bool(world.opened) == bool(opened)


def test_an_interrupted_table_is_still_fitted(world: World, tmp_path: Path) -> None:
    """Networks whose pieces are not all known say nothing."""
    path = tmp_path / "table.json"
    made(path, networks=4)
    table = Table.load(path)
    assert len(measuring.cases_of(table, FIT)) == 4
    del table.pieces[next(piece for piece in table.pieces if piece.part == STEM)]
    assert measuring.cases_of(table, FIT) == []
    measuring.refit(table)
    assert table.model == PLAIN


def test_a_part_that_networks_share_is_timed_once(world: World, tmp_path: Path) -> None:
    """Cells on one static network have its key frames."""
    table, job = begun(tmp_path / "table.json", "dynamic", ["rows=1"], TARGET, "arch2", 11, missing=False)
    measure_table(table, job, tmp_path / "table.json", 6, Effort(), lambda line: None)
    keys = {network.key for network in table.networks[1:]}  # all of the first network is timed before
    assert 1 <= len(keys) <= 2
    assert len({network.step for network in table.networks}) > 2


@pytest.mark.parametrize(("pixels", "beside"), [((360, 480), 23), ((1024, 2048), 2)])
def test_large_frames_leave_room_for_few_networks(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixels: tuple[int, int], beside: int
) -> None:
    target = Target("test", "A processor", threads=1, size=pixels)
    table, job = begun(tmp_path / "table.json", "lgc", WORDS, target, "arch2", 11, missing=False)
    sizes = []
    opened = measuring._open_networks
    monkeypatch.setattr(
        measuring, "_open_networks", lambda table, some, told: sizes.append(len(some)) or opened(table, some, told)
    )
    measure_table(table, job, tmp_path / "table.json", beside + 1, Effort(), lambda line: None)
    assert sizes == [1, beside]
    assert all(network.key is not None for network in table.networks)


def test_unsteady_runs_are_repeated() -> None:
    effort = Effort(tolerance=0.05)
    assert effort.enough(Samples((1.0,) * 7))
    assert not effort.enough(Samples((1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0)))
    assert effort.enough(Samples(tuple(1.0 + n % 3 for n in range(40))))
    assert not effort.enough(Samples((1.0,) * 6))


def test_what_is_still_lacking() -> None:
    effort = Effort(tolerance=0.05)
    assert effort.lacking(None) == 7
    assert effort.lacking(Samples((1.0,) * 3)) == 4
    assert effort.lacking(Samples((1.0,) * 7)) == 0
    assert effort.lacking(Samples((1.0, 1.2) * 5)) in range(1, 30)
    assert effort.lacking(Samples((1.0, 9.0) * 5)) == 30


def test_what_surrounds_pieces_is_needed_too() -> None:
    found = needed([Piece("conv3", 8, 16, 10, 10, stride=2)])
    assert {piece.op for piece in found} == {"conv3", BASE, RUN}
    assert {(p.c_in, p.size) for p in found if p.op == BASE} == {(8, (10, 10)), (16, (5, 5))}


def test_nothing_measured_no_verdict() -> None:
    table, _ = begun(Path("nowhere.json"), "lgc", WORDS, TARGET, "arch2", 11, missing=False)
    assert verdict(table) == {}
