"""Rows of tables: what they change, what is run once, and what goes on after a kill."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from study_help import make_frames

from segsmith.errors import UserError
from segsmith.genotype import fingerprint, load_genotype, preset
from segsmith.search.dynamic_costs import DynamicCostModel
from segsmith.spaces import DynamicSpace, LgcSpace
from segsmith.spaces.make import make_space
from segsmith.study.gradient import ablation
from segsmith.study.gradient.ablation import AblationOptions, ablate, spreads
from segsmith.study.gradient.costs_dynamic import dynamic_flops, predicted_dynamic
from segsmith.study.gradient.price import PredictedPrice
from segsmith.study.gradient.rows import TABLES, Row, rows_of
from segsmith.study.gradient.settings import GradientOptions
from segsmith.study.meter import FlopsMeter
from segsmith.training.options import TrainOptions
from segsmith.training.runfolder import read_json

SPACE = (("branch", "8"), ("cells", "3"), ("reductions", "1,2"), ("width", "8"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("tables")
    make_frames(root / "data")
    for path in sorted((root / "data").glob("*/train/s2_*.png")):
        (path.parents[1] / "val").mkdir(exist_ok=True)
        path.rename(path.parents[1] / "val" / path.name)
    patch = pytest.MonkeyPatch()
    patch.setenv("SEGSMITH_CACHE", str(root / "cache"))
    yield root
    patch.undo()


def asked(root: Path, *tables: str, **changes: object) -> AblationOptions:
    data = f"folder:{root / 'data'}"
    search = GradientOptions(
        "lgc", data, "", space_options=SPACE, epochs=0.4, width=4, measure=False, device="cpu", quiet=True
    )
    train = TrainOptions("", data, "", epochs=0.1, batch=4, device="cpu", workers=1, evaluations=0, quiet=True)
    options = AblationOptions(tables, str(root / "out"), search, train, seeds=1, networks=2)
    return replace(options, **changes)


def test_rows_of_one_search_are_run_once() -> None:
    names = {table: [row.run for row in rows] for table, rows in TABLES.items()}
    assert names["table6"] == ["shared=yes", "guide=none", "guide=linear", "base"]
    assert names["table8"] == ["guide=none", *(f"guide_width={d}" for d in (16, 32)), "base", *names["table8"][4:]]
    assert [names[table][-1] for table in ("table7", "table9", "table10")] == ["base"] * 3
    assert len(TABLES["figure7"]) == 5
    for rows in TABLES.values():
        assert len({row.run for row in rows}) == len(rows)


@pytest.mark.parametrize("row", [row for rows in TABLES.values() for row in rows], ids=lambda row: row.run)
def test_every_row_can_be_asked(row: Row) -> None:
    assert isinstance(make_space("lgc", row.words), LgcSpace)
    assert replace(GradientOptions("lgc", "toy", "out"), **row.changes)


def test_unknown_tables() -> None:
    with pytest.raises(UserError, match=r"no 'table5'"):
        rows_of(("table5",))


def test_means_and_spreads() -> None:
    empty = dict.fromkeys(ablation.FIGURES)
    found = spreads([empty | {"miou": 0.2}, empty | {"miou": 0.4}])
    assert found == {"miou": {"mean": pytest.approx(0.3), "sd": pytest.approx(0.1414, abs=1e-4)}}


def test_random_networks_beside_a_searched_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ablate(asked(root, "table7"))["table7"]
    assert [(row["row"], len(row["runs"])) for row in found] == [
        ("random", 2),
        ("random within the latency", 2),
        ("LGC", 1),
    ]
    assert all(0 <= run["miou"] <= 1 for row in found for run in row["runs"])
    assert all(run["predicted"] <= found[2]["predicted"]["mean"] for run in found[1]["runs"])
    assert read_json(root / "out" / "results.json") == {"table7": found}
    drawn = [load_genotype(str(root / "out" / "random=any" / f"network-{number}")) for number in range(2)]
    assert fingerprint(drawn[0]) != fingerprint(drawn[1])
    with monkeypatch.context() as patch:  # everything is done: nothing runs again
        patch.delattr(ablation, "run_gradient")
        patch.delattr(ablation, "train_run")
        assert ablate(asked(root, "table7"))["table7"] == found
    with pytest.raises(UserError, match=r"holds rows with search beta 0.005, not 0.1"):
        ablate(asked(root, "table7", search=replace(asked(root).search, beta=0.1)))


@pytest.mark.slow
def test_killed_in_a_training_it_goes_on(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = asked(root, "table9", out=str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(ablation, "train_run", _killed)
        with pytest.raises(KeyboardInterrupt):
            ablate(options)
    done = (tmp_path / "guide=operations" / "seed-0" / "search" / "metrics.json").read_bytes()
    found = ablate(options)["table9"]
    assert [row["row"] for row in found] == ["operation identity", "edge similarity"]
    assert (tmp_path / "guide=operations" / "seed-0" / "search" / "metrics.json").read_bytes() == done


@pytest.mark.slow
def test_judged_by_another_split(root: Path, tmp_path: Path) -> None:
    found = ablate(asked(root, "table9", out=str(tmp_path), judge="train"))["table9"]
    scores = [read_json(tmp_path / run / "seed-0" / "train" / "metrics.json") for run in ("guide=operations", "base")]
    assert [row["miou"]["mean"] for row in found] != [one["miou"] for one in scores]
    with pytest.raises(UserError, match=r"no labelled frame in 'test'"):
        ablate(asked(root, "table9", out=str(tmp_path / "other"), judge="test"))


def _killed(_options: object) -> None:
    raise KeyboardInterrupt


def test_costs_of_dynamic_cells_from_predictions_of_whole_ones() -> None:
    space, meter = DynamicSpace(preset("arch2"), rows=2, channels=16), FlopsMeter((64, 96), 3, 10)
    counted = DynamicCostModel(space, dynamic_flops(space, (64, 96), 3, 10))
    told = PredictedPrice(lambda genotype: counted.price(space.read(genotype)), lambda genotype: None).model(space)
    wholes, prices = [], []
    for seed in range(6):
        picks = space.picks(space.random(Random(seed)))
        whole = meter(space.build(picks)).flops / 1e6
        assert counted.price(picks) == pytest.approx(whole, rel=0.002)
        assert told.price(picks) == pytest.approx(whole, rel=0.03)
        wholes.append(whole)
        prices.append(told.price(picks))
    assert max(wholes) > 1.01 * min(wholes)
    assert predicted_dynamic(space, lambda genotype: 7.0).fixed == pytest.approx(7.0)
