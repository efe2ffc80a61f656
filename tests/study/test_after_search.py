"""What a finished search is good for: tables, ranks, analyses, and training what it found."""

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import typer
from study_help import MadeUp, asked, cell_space, drive, plan, records
from typer.testing import CliRunner

from segsmith.cli import study
from segsmith.cli.train import train
from segsmith.errors import UserError
from segsmith.genotype import fingerprint, load_genotype
from segsmith.search.named import make_sampler
from segsmith.spaces import Space, TemplateSpace
from segsmith.study import rank as ranks
from segsmith.study import table as tables
from segsmith.study.analysis import analyse
from segsmith.study.correlation import bootstrap, spearman
from segsmith.study.limits import Goals, Limit
from segsmith.study.pool import Hands, InProcess
from segsmith.study.proxy.presets import PRESETS, longer
from segsmith.study.proxy.scoring import Job, Outcome, evaluate
from segsmith.study.rank import RankOptions, rank
from segsmith.study.results import load_results
from segsmith.study.search import run_search
from segsmith.study.storage import open_storage, open_study
from segsmith.study.surrogate import features_of, fit, held_out
from segsmith.study.table import Table, write_table

app = typer.Typer()
app.command()(train)
app.add_typer(study.app, name="study")


def quiet(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def searched(root: Path) -> Path:
    """A search by chance of eight networks."""
    out = root / "searched"
    run_search(asked(root, out, trials=8, early_stopping=False))
    return out


def test_a_table_gives_what_was_measured_and_guesses_the_rest(
    searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "LEAST", 8)
    words = ["study", "table", str(searched), "-o", str(tmp_path / "table.jsonl"), "--json"]
    about = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
    assert about["networks"] == 8
    assert about["data"] == "folder", "a table says nothing of where data lie"
    assert str(searched) not in (tmp_path / "table.jsonl").read_text()
    table = Table.load(tmp_path / "table.jsonl")
    for record in load_results(searched).records:
        assert table(record.choices) == pytest.approx(record.reward, abs=1e-6)
        assert fingerprint(table.space.decode(record.choices)) == record.fingerprint
    known = list(table.rewards.values())
    guess = table(table.space.random(Random(1)))
    assert min(known) - 0.2 < guess < max(known) + 0.2


def test_only_a_search_by_chance_makes_a_table(root: Path, searched: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="8 scored networks are too few"):
        write_table(searched, tmp_path / "t")
    run_search(asked(root, tmp_path / "s", trials=1))
    with pytest.raises(UserError, match="a search by chance that turns away and stops nobody"):
        write_table(tmp_path / "s", tmp_path / "t")
    (tmp_path / "no").write_text('{"some": "thing"}\n')
    for name, words in (("no", "no table that can be read"), ("none", "cannot be read")):
        with pytest.raises(UserError, match=words):
            Table.load(tmp_path / name)


@pytest.mark.parametrize("space", [cell_space(3), TemplateSpace()], ids=lambda space: space.name)
def test_the_surrogate_ranks_networks_that_it_has_not_seen(space: Space) -> None:
    """Scores to which every choice adds something, under noise."""
    chance, luck = Random(0), np.random.default_rng(0)
    kinds = {d.kind: luck.normal(size=len(d.options)) for d in space.decisions}
    networks = [space.random(chance) for _ in range(150)]
    pure = np.array([sum(kinds[d.kind][c] for d, c in zip(space.decisions, n, strict=True)) for n in networks])
    scores = pure / pure.std() + luck.normal(size=len(pure)) / 3
    features = features_of(space, networks)
    assert held_out(features, scores) > 0.7
    assert abs(held_out(features, luck.permutation(scores))) < 0.3
    assert spearman(fit(features, scores)(features), scores) > 0.8


def test_ranks_are_spearmans() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 30, 25]) == pytest.approx(0.8)
    assert spearman([1, 2, 2, 3], [1, 2, 2, 3]) == pytest.approx(1.0)
    assert np.isnan(spearman([1, 1], [1, 2]))
    low, high = bootstrap(lambda x: float(x.mean()), np.random.default_rng(0).normal(size=100))
    assert -0.4 < low < 0 < high < 0.4


def rows_of(database: Path) -> list[str]:
    """All that it holds: its bytes change when SQLite tidies up."""
    with closing(sqlite3.connect(database)) as link:
        return list(link.iterdump())


def test_networks_of_the_sampler_and_of_chance_are_scored_twice_and_never_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "s"
    run_search(asked(root, out, sampler="ppo", trials=2))
    before = rows_of(out / "study.db")
    wanted = RankOptions(sampled=3, random=3, workers=0, device="cpu")
    scores = rank(out, wanted, quiet)
    assert [one.name for one in scores] == ["sampled", "random"]
    lines = [json.loads(line) for line in (out / ranks.FILE).read_text().splitlines() if line]
    assert Counter(line["factor"] for line in lines) == {1.0: 6, 2.0: 6}
    for one in scores:
        assert len(set(one.fingerprints)) == len(one.search) == len(one.longer) == 3
        low, high = one.data()["search"]["mean_interval"]
        assert low <= one.data()["search"]["mean"] <= high
    assert len(load_results(out).records) == 2, "the study is left alone"
    assert rows_of(out / "study.db") == before

    monkeypatch.setattr(ranks, "open_pool", None)
    assert rank(out, wanted, quiet) == scores
    asks = ["study", "rank", str(out), "--sampled", "3", "--random", "3", "--device", "cpu"]
    answer = CliRunner().invoke(app, [*asks, "--json"], catch_exceptions=False)
    assert [one["search"]["rewards"] for one in json.loads(answer.stdout)["sets"]] == [list(s.search) for s in scores]
    shown = CliRunner().invoke(app, asks, catch_exceptions=False)
    assert "3 random" in shown.stderr
    with pytest.raises(UserError, match="'much' is no factor"):
        CliRunner().invoke(app, [*asks, "--longer", "much"], catch_exceptions=False)
    cut = (out / ranks.FILE).read_text()[:-9]
    (out / ranks.FILE).write_text(cut)
    monkeypatch.undo()
    assert rank(out, wanted, quiet) == scores, "a line that a kill cut short is scored again"


class MadeUpPool(InProcess):
    """Scores made up; every second network fails behind its first stage."""

    def wait(self, seconds: float) -> list[tuple[int, Outcome]]:
        found = [self.jobs.popleft() for _ in range(len(self.jobs))]
        return [(job.number, self.outcome(job)) for job in found]

    def outcome(self, job: Job) -> Outcome:
        outcome = evaluate(MadeUp().open(), job)
        return replace(outcome, kind="failed", reason="no luck") if job.number % 2 else outcome


def test_ranks_are_scored_on_this_machine_and_what_failed_is_scored_again(
    searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search's own cluster may be gone."""
    out = tmp_path / "s"
    shutil.copytree(searched, out)
    record = json.loads((out / "run.json").read_text())
    record["configuration"] |= {"ray": "10.0.0.1:6379", "cpus": 4.0, "gpus": 0.5}
    (out / "run.json").write_text(json.dumps(record))
    hands: list[Hands] = []

    def opened(opener: object, asked: Hands) -> MadeUpPool:
        hands.append(asked)
        return MadeUpPool(MadeUp())

    monkeypatch.setattr(ranks, "open_pool", opened)
    with pytest.raises(UserError, match="failed: too few are left"):
        rank(out, RankOptions(sampled=3, random=3, workers=0, device="cpu"), quiet)
    assert hands == 2 * [Hands(0, record["configuration"]["timeout"])]
    monkeypatch.setattr(MadeUpPool, "outcome", lambda self, job: evaluate(MadeUp().open(), job))
    scores = rank(out, RankOptions(sampled=3, random=3, device="cpu", ray="auto", gpus=0.25), quiet)
    assert [len(one.search) for one in scores] == [3, 3]
    assert (hands[-1].ray, hands[-1].cpus, hands[-1].gpus) == ("auto", 1.0, 0.25)


@pytest.mark.parametrize("longer", ["infx", "nanx", "0.5x"])
def test_a_training_that_is_not_some_times_as_long_is_refused(searched: Path, longer: str) -> None:
    with pytest.raises(UserError, match=f"--longer {longer} is not some times as long"):
        CliRunner().invoke(app, ["study", "rank", str(searched), "--longer", longer], catch_exceptions=False)


def test_ranks_are_asked_for_with_sense() -> None:
    for changes, words in (({"factor": 1.0}, "is not some times as long"), ({"random": 2}, "fewer than three")):
        with pytest.raises(UserError, match=words):
            RankOptions(**changes)
    assert [stage.epochs for stage in longer(PRESETS[0], 2).stages] == [4, 4]
    assert [stage.epochs for stage in longer(PRESETS[0], 0.1).stages] == [1, 1]


def test_the_best_networks_of_a_search_are_trained(root: Path, searched: Path, tmp_path: Path) -> None:
    words = [str(searched), "--top", "2", "--epochs", "0.2", "--batch", "2", "--device", "cpu", "--quiet"]
    CliRunner().invoke(app, ["train", *words, "-o", str(tmp_path)], catch_exceptions=False)
    best = load_results(searched).ranked()[:2]
    for record in best:
        run = tmp_path / f"trial{record.number}"
        assert json.loads((run / "run.json").read_text())["state"] == "finished"
        made = json.loads((run / "metrics.json").read_text())["made"]
        assert "static network from" in made["from"][0], "the search's own static network"
        assert fingerprint(load_genotype(str(run))) == record.fingerprint
    first, second = (tmp_path / f"trial{record.number}" for record in best)
    shutil.rmtree(second)
    kept = (first / "metrics.json").stat().st_mtime_ns
    CliRunner().invoke(app, ["train", *words, "-o", str(tmp_path)], catch_exceptions=False)
    assert (first / "metrics.json").stat().st_mtime_ns == kept, "what is finished is not done again"
    assert json.loads((second / "run.json").read_text())["state"] == "finished"
    with pytest.raises(UserError, match=r"holds a run with lr None, not 0\.1"):
        CliRunner().invoke(app, ["train", *words, "--lr", "0.1", "-o", str(tmp_path)], catch_exceptions=False)
    words = ["train", str(searched), "--top", "9", "-o", str(tmp_path / "x")]
    with pytest.raises(UserError, match="has 8 scored networks, not 9"):
        CliRunner().invoke(app, words, catch_exceptions=False)
    with pytest.raises(UserError, match="goes with the run of a search"):
        CliRunner().invoke(app, ["train", "arch2", "--top", "2", "-o", str(tmp_path / "x")], catch_exceptions=False)


def test_an_analysis_counts_what_was_proposed(tmp_path: Path) -> None:
    space = TemplateSpace(rows=2, templates=1)
    study = open_study(open_storage(tmp_path, ""), "s", make_sampler("random", space), ("reward",))
    drive(study, plan(space, 30, goals=Goals((Limit("parameters", 1009.5),))))
    found = records(study)
    shown = analyse(found)
    scored = [record for record in found if record.reward is not None]
    assert shown.rewards.trials == tuple(record.number for record in scored)
    assert shown.rewards.rewards == tuple(record.reward for record in scored)
    assert shown.rewards.median[-1] == pytest.approx(np.median(shown.rewards.rewards[-10:]))
    assert shown.rewards.best[-1] == max(shown.rewards.rewards)
    assert shown.rewards.stopped == tuple(record.number for record in found if record.state == "stopped")
    assert sum(map(len, shown.by_downsampling.values())) == len(scored)
    genotypes = {record.number: space.decode(record.choices) for record in found}
    for record in scored:
        strides = [node.stride for node in genotypes[record.number].net.nodes]
        assert record.reward in shown.by_downsampling[int(np.prod(strides))]
    parts = {one.what: one for one in shown.shares}
    assert set(parts) == {"operations", "aggregations", "inputs", "downsampling"}
    for part in parts.values():
        assert part.trials[-1] == found[-1].number
        for place in range(len(part.trials)):
            assert sum(shares[place] for shares in part.shares.values()) == pytest.approx(1)
    window = [genotypes[record.number] for record in found[-max(10, len(found) // 20) :]]
    ops = Counter(node.op for g in window for cell in g.cells.values() for node in cell.nodes if len(node.inputs) == 1)
    assert parts["operations"].shares["gap"][-1] == pytest.approx(ops["gap"] / ops.total())


def test_an_analysis_of_nothing() -> None:
    shown = analyse([])
    assert shown.rewards.trials == ()
    assert all(part.shares == {} for part in shown.shares)
