"""Gradient searches: from options to a run's folder, killed and gone on with, within a budget."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
import typer
from study_help import make_frames, make_static
from typer.testing import CliRunner

from segsmith.cli import search as command
from segsmith.cli.search_gradient import SearchCommand
from segsmith.errors import UserError
from segsmith.genotype import Genotype, fingerprint, load_genotype
from segsmith.latency.piece import Piece
from segsmith.latency.sample import Samples
from segsmith.latency.subject import Subject
from segsmith.latency.table import Table
from segsmith.latency.target import Target
from segsmith.networks.build import build
from segsmith.search.architecture import blocks_of
from segsmith.search.lgc_costs import LgcCostModel
from segsmith.spaces import LgcSpace
from segsmith.study.gradient.costs import flops_costs, predicted_costs
from segsmith.study.gradient.prepare import lgc_space
from segsmith.study.gradient.price import PredictedPrice
from segsmith.study.gradient.run import run_gradient
from segsmith.study.gradient.settings import GradientOptions
from segsmith.study.meter import FlopsMeter
from segsmith.training.guard import Interruption
from segsmith.training.journal import read_curve
from segsmith.training.runfolder import RunFolder

SPACE = (("branch", "8"), ("cells", "3"), ("reductions", "1,2"), ("width", "8"))
ROOT = Path(__file__).parent


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("gradient")
    make_frames(root / "data")
    make_static(root)
    patch = pytest.MonkeyPatch()
    patch.setenv("SEGSMITH_CACHE", str(root / "cache"))
    yield root
    patch.undo()


def asked(root: Path, out: Path, **changes: object) -> GradientOptions:
    options = GradientOptions(
        "lgc", f"folder:{root / 'data'}", str(out), space_options=SPACE, epochs=2.0, width=4, measure=False,
        device="cpu", quiet=True,
    )  # fmt: skip
    return replace(options, **changes)


def test_a_search_leaves_a_network_and_says_what_it_costs(root: Path, tmp_path: Path) -> None:
    found = run_gradient(asked(root, tmp_path / "s", measure=True))
    record = RunFolder(tmp_path / "s").record()
    assert (record["command"], record["state"], record["steps"]) == ("gradient search", "finished", 6)
    genotype = load_genotype(str(tmp_path / "s"))
    assert found["predicted"] == FlopsMeter((64, 96), 3)(genotype).flops / 1e6
    assert found["measured_ms"] > 0
    assert found["counts"]["edges"] == 15
    assert genotype.settings["width"] == 8
    names = [name for name, _ in build(genotype, 3).named_parameters()]
    assert not [name for name in names if "guide" in name or "pairs" in name or "choices" in name]
    drawing = (tmp_path / "s" / "cells.svg").read_text()
    assert all(name in drawing for name in ("cell0", "cell1", "cell2", "fusion"))
    rows = read_curve(tmp_path / "s" / "curve.csv")
    assert {"expected", "derived", "beta", "entropy", "temperature"} <= set(rows[-1])
    assert float(rows[-1]["temperature"]) == pytest.approx(0.03)
    assert run_gradient(asked(root, tmp_path / "s", measure=True)) == found


def state_of(out: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(RunFolder(out).last)


def test_with_gamma_zero_the_search_is_the_independent_one(root: Path, tmp_path: Path) -> None:
    for name, changes in (("zero", {"gamma": 0.0}), ("none", {"guide": "none"}), ("told", {})):
        run_gradient(asked(root, tmp_path / name, epochs=1.0, **changes))
    zero, none, told = (state_of(tmp_path / name) for name in ("zero", "none", "told"))
    own = [name for name in none if name.startswith(("network.0.", "network.1.own"))]
    assert len(own) > 50
    assert all(torch.equal(zero[name], none[name]) for name in own)
    assert not all(torch.equal(told[name], none[name]) for name in own)


def test_stopped_at_any_step_it_ends_with_the_same_bits(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_gradient(asked(root, tmp_path / "whole", flops="9M"))
    from segsmith.study.gradient.loop import SearchLoop

    steps, step = [0], SearchLoop._step

    def dying(self: SearchLoop, batch: object) -> float:
        steps[0] += 1
        if steps[0] % 3 == 0:
            raise KeyboardInterrupt
        return step(self, batch)

    monkeypatch.setattr("segsmith.study.gradient.loop.SNAPSHOT_SECONDS", 0.0)
    monkeypatch.setattr(SearchLoop, "_step", dying)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_gradient(asked(root, tmp_path / "parts", flops="9M"))
    parts = run_gradient(asked(root, tmp_path / "parts", flops="9M"))
    assert {**parts, "seconds": 0} == {**whole, "seconds": 0}
    one, other = state_of(tmp_path / "whole"), state_of(tmp_path / "parts")
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert [int(row["step"]) for row in read_curve(tmp_path / "parts" / "curve.csv")] == [6]


class Asked(Interruption):
    """As if Ctrl-C had been pressed in the first step."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = True


def test_ctrl_c_stops_behind_a_step_and_keeps_everything(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("segsmith.study.gradient.loop.Interruption", Asked)
        with pytest.raises(UserError, match=r"stopped at 17%, everything is saved.*same command"):
            run_gradient(asked(root, tmp_path / "s"))
    assert RunFolder(tmp_path / "s").record()["state"] == "stopped"
    assert run_gradient(asked(root, tmp_path / "s"))["steps"] == 6


@pytest.mark.slow
@pytest.mark.parametrize("space", ["lgc", "dynamic"])
def test_killed_at_random_moments_it_derives_the_same_network(root: Path, tmp_path: Path, space: str) -> None:
    def command(out: Path) -> list[str]:
        words = [sys.executable, "-m", "segsmith", "search", space, *("=".join(pair) for pair in options)]
        flags = {"data": f"folder:{root / 'data'}", "out": str(out), "device": "cpu", "epochs": "40"}
        flags |= {"sampler": "gradient"} | ({"static": str(root / "arch2.safetensors")} if space == "dynamic" else {})
        return [*words, *(f"--{name}={value}" for name, value in flags.items()), "--quiet"]

    options = SPACE if space == "lgc" else (("rows", "2"), ("channels", "8"))
    start = time.monotonic()
    subprocess.run(command(tmp_path / "whole"), check=True)
    lasts, rng = time.monotonic() - start, Random(0)
    for _ in range(5):
        process = subprocess.Popen(command(tmp_path / "killed"))
        time.sleep(rng.uniform(0.2, 0.8) * lasts)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command(tmp_path / "killed"), check=True)
    assert fingerprint(load_genotype(str(tmp_path / "killed"))) == fingerprint(load_genotype(str(tmp_path / "whole")))


@pytest.mark.parametrize("share", [0.85, pytest.param(0.65, marks=pytest.mark.slow)])
def test_a_budget_is_kept_by_steering_and_by_next_best_choices(root: Path, tmp_path: Path, share: float) -> None:
    free = run_gradient(asked(root, tmp_path / "free", epochs=0.4))
    budget = share * free["predicted"]
    found = run_gradient(asked(root, tmp_path / "kept", flops=f"{budget}M"))
    assert found["predicted"] <= budget == pytest.approx(found["budget"])
    assert found["kept_budget"]
    rows = read_curve(tmp_path / "kept" / "curve.csv")
    assert found["beta"] != 0.005
    assert float(rows[-1]["beta"]) == pytest.approx(found["beta"], rel=1e-4)


def test_a_budget_that_no_network_keeps_is_said(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no network of this space is within 0\.1 MFLOPs.*cheapest"):
        run_gradient(asked(root, tmp_path / "s", flops="0.1M"))


def test_a_budget_of_milliseconds_is_held_against_a_measurement(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks that are slower than predicted are made cheaper until what is measured is within the budget."""
    space, measured = lgc_space(asked(root, tmp_path)), list[float]()
    model = LgcCostModel(blocks_of(space), flops_costs(space, (64, 96), 3))

    def predict(genotype: Genotype) -> float:
        return model.price(space.read(genotype))

    def measure(genotype: Genotype) -> float:
        measured.append(1.2 * predict(genotype))
        return measured[-1]

    monkeypatch.setattr("segsmith.study.gradient.prepare.price_for", lambda *asked: PredictedPrice(predict, measure))
    options = asked(root, tmp_path / "s", table="table.json", latency="4.5ms", measure=True, epochs=0.4)
    found = run_gradient(options)
    assert (found["unit"], found["budget"]) == ("ms", 4.5)
    assert found["kept_budget"]
    assert found["measured_ms"] == measured[-1] <= 4.5 < measured[0]
    assert found["predicted"] == pytest.approx(measured[-1] / 1.2)


class Everything(dict[Piece, Samples]):
    """Pieces that were never measured cost what they read and write, and are remembered."""

    def __missing__(self, piece: Piece) -> Samples:
        work = (piece.c_in + piece.c_out) * piece.height * piece.width * (3 if piece.op == "conv3" else 1)
        self[piece] = Samples((0.01 + work / 1e6,))
        return self[piece]


def test_with_a_table_costs_are_milliseconds_of_its_target(root: Path, tmp_path: Path) -> None:
    space = lgc_space(asked(root, tmp_path))
    target = Target("board", "Some Processor", size=(64, 96), key_every=1)
    table = Table(target, Subject("lgc", dict(SPACE), classes=3), Everything())
    for seed in range(400):
        table.predict(space.decode(space.random(Random(seed))))
    table.save(tmp_path / "table.json")
    options = asked(root, tmp_path / "s", table=str(tmp_path / "table.json"), epochs=0.4)
    free = run_gradient(options)
    assert free["unit"] == "ms"
    assert free["predicted"] == pytest.approx(table.predict(load_genotype(str(tmp_path / "s"))).key_ms, rel=1e-3)
    budget = 0.9 * free["predicted"]
    kept = run_gradient(replace(options, out=str(tmp_path / "kept"), latency=f"{budget}ms"))
    assert kept["predicted"] <= budget
    assert kept["kept_budget"]


def test_a_dynamic_cell(root: Path, tmp_path: Path) -> None:
    options = asked(
        root, tmp_path / "s", space="dynamic", static=str(root / "arch2.safetensors"), width=None,
        space_options=(("channels", "8"), ("rows", "2")), epochs=2.0, flops="1G",
    )  # fmt: skip
    found = run_gradient(options)
    genotype = load_genotype(str(tmp_path / "s"))
    assert genotype.kind == "dynamic"
    assert found["predicted"] == pytest.approx(FlopsMeter((64, 96), 3, 10)(genotype).flops / 1e6)
    assert found["counts"] is None


@pytest.mark.parametrize("fusion", ["x2", "dense", "multiscale", "ppm"])
def test_flops_of_choices_add_up_to_those_of_networks(fusion: str) -> None:
    """And so do choices that are told apart by predictions of whole networks."""
    space = LgcSpace(cells=4, reductions=(1, 2), width=8, branch=8, fusion=fusion, operations=("skip", "none", "dw3"))
    meter = FlopsMeter((64, 96), 3)
    counted = LgcCostModel(blocks_of(space), flops_costs(space, (64, 96), 3))
    told = LgcCostModel(blocks_of(space), predicted_costs(space, lambda genotype: counted.price(space.read(genotype))))
    for seed in range(4):
        picks = space.picks(space.random(Random(seed)))
        if seed < 2:  # with nothing missing; elsewhere a cell reads fewer channels of one that has lost a node
            picks = {name: "dw3" if pick == "none" else pick for name, pick in picks.items()}
            assert counted.price(picks) == pytest.approx(meter(space.build(picks)).flops / 1e6)
        assert counted.price(picks) == pytest.approx(meter(space.build(picks)).flops / 1e6, rel=0.15)
        assert told.price(picks) == pytest.approx(counted.price(picks))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"space": "template"}, "the template space has no gradient search"),
        ({"settings": "slow"}, r"no settings 'slow' for the lgc space"),
        ({"latency": "20ms"}, "--latency needs --table"),
        ({"flops": "1G", "latency": "2ms", "table": "t.json"}, "one budget of the two"),
        ({"beta": -1.0}, "--beta -1.0"),
        ({"guide": "gcn"}, "no guide 'gcn'"),
    ],
)
def test_what_cannot_be_asked(root: Path, tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        run_gradient(asked(root, tmp_path / "s", **changes))
    assert not (tmp_path / "s" / "run.json").exists()


def test_another_search_is_not_mixed_into_a_run(root: Path, tmp_path: Path) -> None:
    run_gradient(asked(root, tmp_path / "s", epochs=0.4))
    with pytest.raises(UserError, match=r"holds a search with --beta 0.005, not 0.1"):
        run_gradient(asked(root, tmp_path / "s", epochs=0.4, beta=0.1))


def test_the_command(root: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command(cls=SearchCommand)(command.search)
    words = ["lgc", *("=".join(pair) for pair in SPACE), "--data", f"folder:{root / 'data'}", "-o", str(tmp_path / "s")]
    done = CliRunner().invoke(app, [*words, "--epochs=0.4", "--width=4", "--device=cpu", "--no-measure", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["unit"] == "MFLOPs"
    other = CliRunner().invoke(app, ["dynamic", "--help"])
    assert "--trials" in other.output
    assert "--beta" in CliRunner().invoke(app, ["dynamic", "--sampler", "gradient", "--help"]).output
    assert os.environ["SEGSMITH_CACHE"]
