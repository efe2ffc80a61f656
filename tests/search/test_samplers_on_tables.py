"""Samplers on tables of networks that were really trained: see benchmarks/tables."""

from pathlib import Path

import optuna
import pytest

from segsmith.search.named import make_sampler
from segsmith.search.trials import ask
from segsmith.study.table import WANTED, Table

TABLES = sorted((Path(__file__).parents[2] / "benchmarks" / "tables").glob("*.jsonl"))
every_table = pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)


def last_quarter(table: Table, name: str, seed: int) -> float:
    study = optuna.create_study(sampler=make_sampler(name, table.space, seed), direction="maximize")
    rewards = []
    for _ in range(160):
        trial = study.ask()
        rewards.append(table(ask(trial, table.space)))
        study.tell(trial, rewards[-1])
    return sum(rewards[-40:]) / 40


@every_table
def test_controllers_find_better_networks_than_chance(path: Path) -> None:
    table = Table.load(path)
    chance = [last_quarter(table, "random", seed) for seed in range(3)]
    for name in ("ppo", "reinforce"):
        assert last_quarter(table, name, 0) > max(chance), name


@every_table
def test_guesses_rank_networks_well_enough_to_compare_samplers(path: Path) -> None:
    table = Table.load(path)
    assert table.about["rank_correlation"] >= WANTED
    assert table.about["networks"] == len(table.rewards)
