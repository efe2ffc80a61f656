"""Milliseconds on a page: baselines of searches, benchmarks of trained networks, tables for the nodes of a drawing."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from report_made import DATA, evaluated, record_of, search_run, train_run, video_genotype

from segsmith.genotype import Genotype, preset, to_json
from segsmith.latency.pieces import Frames, pieces_of
from segsmith.latency.sample import Samples
from segsmith.latency.subject import Subject
from segsmith.latency.surround import bases
from segsmith.latency.table import Table
from segsmith.latency.target import Target
from segsmith.report.baselines import COPY, STATIC, baselines
from segsmith.report.blocks import Figures
from segsmith.report.compare import against_cost
from segsmith.report.costs import Costed, cost_figure
from segsmith.report.inside import NET, look_inside
from segsmith.report.latencies import Times, static_ms, table_of, times_of
from segsmith.report.node_times import node_times, used_pieces
from segsmith.report.page import NO_TABLE, Reporter
from segsmith.report.read import read_run
from segsmith.report.searched import search_sections
from segsmith.spaces import LgcSpace, Space, TemplateSpace
from segsmith.training.runfolder import RunFolder, write_json

FRAMES = Frames((192, 250), 5)


def forge(folder: Path, static_ms: float = 10.0) -> Path:
    """As far as its first look."""
    write_json(folder / "run.json", record_of("forge", {"data": DATA, "latency": "70%", "budget": 600.0}))
    write_json(folder / "forge.json", {"stages": {"look": {"found": {"static_ms": static_ms, "limit_ms": 7.0}}}})
    return folder


def benchmark(folder: Path, **ms: float) -> None:
    rows = [
        {"model": "it", "part": part, "scope": scope, "size": "64x96", "backend": "onnxruntime", "p50_ms": value * much}
        for part, value in ms.items()
        for scope, much in (("graph", 0.5), ("frame", 1.0))
    ]
    write_json(folder / "benchmark.json", {"key_every": 10, "results": rows})


def table(genotype: Genotype, frames: Frames, ms: float = 2.0) -> Table:
    """Every piece of a network takes ``ms`` and all that surrounds one nothing to speak of."""
    target = Target("t", "a device", size=frames.size)
    pieces = [piece for part in pieces_of(genotype, frames) for piece in part]
    surround = {base: Samples((1e-5,)) for piece in pieces for base in bases(piece)}
    return Table(target, Subject(classes=frames.classes), {piece: Samples((ms,)) for piece in pieces} | surround)


def test_a_search_on_a_latency_axis_keeps_its_baselines(tmp_path: Path) -> None:
    out = forge(tmp_path / "mine", static_ms=12.0)
    run = read_run(search_run(out / "search", 12, latency="8ms").path)
    assert run.results is not None
    best = replace(run.results.records[-1], latency_ms=5.0)
    found = {one.name: one for one in baselines(run, best, "latency_ms")}
    assert (found[STATIC].cost, found[COPY].cost) == (12.0, 1.2)
    assert found[STATIC].reward is None, "nobody has judged it yet"
    static = train_run(out / "static", model=False)
    static.metrics.write_text(json.dumps({"split": "val", "miou": 0.4, "reward": 0.55}))
    static_, copy = baselines(run, best, "latency_ms")
    assert (static_.reward, static_.split, copy.reward) == (0.55, "val", None)


def test_a_search_by_the_clock_has_timed_its_baseline(tmp_path: Path) -> None:
    made = search_run(tmp_path / "search", 2, latency="8ms")
    assert static_ms(read_run(made.path), video_genotype()) is None
    made.update(key_ms=11.0)
    assert static_ms(read_run(made.path), video_genotype()) == 11.0


def test_a_judged_baseline_is_a_point_with_a_name(tmp_path: Path) -> None:
    out = forge(tmp_path / "mine")
    static = train_run(out / "static", model=False)
    static.metrics.write_text(json.dumps({"split": "val", "miou": 0.4, "reward": 0.55}))
    run = read_run(search_run(out / "search", 12).path)
    assert run.results is not None
    records = [replace(one, latency_ms=4.0 + number) for number, one in enumerate(run.results.records)]
    run.__dict__["results"] = replace(run.results, records=records)
    (figures,) = [block for block in search_sections(run)[0].blocks if isinstance(block, Figures)]
    shown = figures.figures[0]
    assert shown.title == "Accuracy against latency"
    assert f"{STATIC}: reward 55.0" in shown.svg
    assert "judged on val" in shown.caption
    assert shown.svg.count('class="upright"') == 1, "copying was not judged: a line, where it costs"


def test_a_search_by_a_table_takes_its_baseline_from_there(tmp_path: Path) -> None:
    cell, path = video_genotype(), tmp_path / "table.json"
    known = table(cell, FRAMES)
    known.save(path)
    run = read_run(search_run(tmp_path / "search", 2, latency="8ms", table=str(path)).path)
    assert static_ms(run, cell) == pytest.approx(known.predict(cell).key_ms, rel=1e-3)
    path.write_text("no table")
    assert static_ms(run, cell) is None
    assert table_of(run) is None


def test_times_are_those_of_whole_frames(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", model=False)
    assert times_of(read_run(run.path)) is None
    benchmark(run.path, key=20.0, step=5.0, mix=7.0)
    times = times_of(read_run(run.path))
    assert times == Times(20.0, 5.0, 7.0, 10)
    assert times.mean(10) == 7.0, "as it was measured"
    assert times.mean(2) == 12.5, "worked out for other shares of key frames"


def test_a_forges_image_network_takes_what_its_key_frames_take(tmp_path: Path) -> None:
    out = forge(tmp_path / "mine")
    RunFolder(out).genotype.write_text(to_json(video_genotype()))
    benchmark(out, key=20.0, step=5.0, mix=7.0)
    static = train_run(out / "static", model=False, genotype=preset("template-arch1"))
    other = train_run(out / "trained" / "trial3", model=False)
    assert times_of(read_run(static.path)) == Times(20.0)
    assert times_of(read_run(other.path)) is None


def test_trained_networks_stand_against_latency_where_all_were_timed(tmp_path: Path) -> None:
    run = train_run(tmp_path / "run", model=False)
    evaluated(run)
    inside, (judged, *_) = look_inside(video_genotype(), (64, 96), 11), read_run(run.path).judged
    timed = cost_figure([Costed("it", judged, inside, Times(20.0, 5.0, 7.0, 3))])
    assert timed is not None
    assert timed.title == "Accuracy against latency"
    apart = cost_figure([Costed("it", judged, inside, Times(20.0, 5.0, 7.0, 3))], joined=False)
    assert apart is not None
    assert ("Pareto front" in timed.svg, "Pareto front" in apart.svg) == (True, False)
    for said in ("it: 43.2\u00a0%, 7.00 ms", f"{STATIC}: 30.0\u00a0%, 20.0 ms", f"{COPY}: 35.0\u00a0%, 6.67 ms"):
        assert said in timed.svg, said
    plain = cost_figure([Costed("it", judged, inside, Times(20.0, 5.0)), Costed("b", judged, inside, None)])
    assert plain is not None
    assert "GFLOPs of a frame" in plain.svg, "one of them was not timed"


def test_runs_side_by_side_are_held_against_latency(tmp_path: Path) -> None:
    runs = [train_run(tmp_path / name, model=False) for name in ("a", "b")]
    for number, run in enumerate(runs):
        benchmark(run.path, key=20.0 + number, step=5.0, mix=7.0)
    reporter = Reporter()
    figure = against_cost([reporter.view(read_run(run.path), run.path.name) for run in runs])
    assert figure is not None
    assert figure.title == "Accuracy against latency"


def drawn(space: Space) -> Genotype:
    rng = random.Random(1)
    return space.decode(tuple(rng.randrange(len(decision.options)) for decision in space.decisions))


@pytest.mark.parametrize(
    "make",
    [
        lambda: preset("arch1"),
        lambda: preset("template-arch0"),
        lambda: drawn(TemplateSpace()),
        video_genotype,
        lambda: preset("typical"),
        lambda: drawn(LgcSpace()),
    ],
)
def test_nodes_run_the_pieces_that_a_table_knows(make: Callable[[], Genotype]) -> None:
    genotype, large = make(), Frames((1530, 2050), 5)  # where no map shrinks to a single pixel
    boxes, work = used_pieces(genotype, large), pieces_of(genotype, large)
    seen = Counter(piece for used in boxes.values() if not used.inner for piece in used.pieces)
    assert seen
    assert seen <= Counter(work.step or work.key)


def test_a_table_says_what_a_node_takes() -> None:
    genotype = preset("arch1")
    boxes, known = used_pieces(genotype, FRAMES), table(genotype, FRAMES)
    times = node_times(boxes, known)
    first = boxes[NET, next(box for panel, box in boxes if panel == NET and boxes[panel, box].inner)]
    assert known.cost(first.pieces) == pytest.approx(2.0 * len(first.pieces), rel=1e-3)
    assert any(words.endswith("ms in its nodes") for words in times.words.values())
    assert "192\u00a0×\u00a0250 on a device" in times.caption
    strange = node_times(boxes, table(preset("template-arch0"), Frames((64, 96), 5)))
    assert not strange.words
    assert "knows none of these nodes" in strange.caption


def test_a_drawing_says_milliseconds_where_there_is_a_table(tmp_path: Path) -> None:
    path, run = tmp_path / "table.json", search_run(tmp_path / "search", 3)
    genotype = read_run(run.path).genotype
    assert genotype is not None
    table(genotype, Frames((64, 96), 11)).save(path)
    reporter = Reporter()
    plain = reporter.view(read_run(run.path), "r").inside
    assert plain is not None
    assert (plain.told, plain.takes) == (NO_TABLE, {})
    record = run.record()
    run.update(configuration=record["configuration"] | {"table": str(path)})
    timed = reporter.view(read_run(run.path), "r").inside
    assert timed is not None
    assert timed.takes
    assert all(timed.words(*key)[-1] == words for key, words in timed.takes.items())
