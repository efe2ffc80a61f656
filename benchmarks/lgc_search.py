"""LGC searches: accuracy against latency for five betas, and the rows of the paper's tables VI, VII and X.

    python benchmarks/lgc_search.py --data toy -o FOLDER [--table table.json] [--tables figure7 table6 table7 table10]
        [--settings quick] [--epochs N | --minutes M] [--train-epochs N | --train-minutes M] [--seeds 2]

Everything is kept in FOLDER: killed at any moment, the same command goes on. ``figure7`` leaves a plot beside its
figures; with a table for this machine its networks are timed once more in the end, all in turns, when nothing else
should run. Searches and trainings run one after the other.
"""

import argparse
from pathlib import Path
from statistics import mean
from typing import Any

import matplotlib as mpl
from scipy.stats import spearmanr

from record import RESULTS, write
from segsmith.cli.parse import size as parse_size
from segsmith.genotype.load import load_genotype
from segsmith.latency.opened import open_whole
from segsmith.latency.table import Table
from segsmith.latency.whole import wholes_of
from segsmith.runtimes.timing import measure
from segsmith.spaces.make import read_options
from segsmith.study.gradient.ablation import FIGURES, AblationOptions, ablate
from segsmith.study.gradient.rows import TABLES
from segsmith.study.gradient.settings import GradientOptions
from segsmith.training.options import TrainOptions

SECONDS = 120.0
"""The most that timing figure 7's networks takes."""
BETAS = {row.name: float(row.changes["beta"]) for row in TABLES["figure7"]}


def main() -> None:
    asked = arguments()
    size, words = parse_size(asked.size), tuple(sorted(read_options(asked.space).items()))
    search = GradientOptions(
        "lgc", asked.data, "", settings=asked.settings, space_options=words, table=asked.table, size=size,
        epochs=asked.epochs, minutes=asked.minutes, device=asked.device,
    )  # fmt: skip
    train = TrainOptions(
        "", asked.data, "", recipe=asked.recipe, epochs=asked.train_epochs, minutes=asked.train_minutes, size=size,
        device=asked.device, evaluations=0,
    )  # fmt: skip
    found = ablate(
        AblationOptions(tuple(asked.tables), asked.out, search, train, asked.seeds, asked.networks, asked.judge)
    )
    figures: dict[str, Any] = {table: [figures_of(row) for row in rows] for table, rows in found.items()}
    if "figure7" in found:
        if asked.table:
            put_times(figures["figure7"], asked)
        figures["figure7_summary"] = summary(figures["figure7"])
        RESULTS.mkdir(exist_ok=True)
        plot(figures["figure7"], RESULTS / f"{asked.name}.svg")
    write(asked.name, settings=asked.settings, seeds=asked.seeds, figures=figures)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("-o", "--out", required=True)
    parser.add_argument("--tables", nargs="+", default=["figure7", "table6", "table7", "table10"], choices=TABLES)
    parser.add_argument("--table", default="", help="of latencies; FLOPs stand in where not given")
    parser.add_argument("--settings", default="quick")
    parser.add_argument("--space", action="append", default=[], help="KEY=VALUE of the space")
    parser.add_argument("--epochs", type=float)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--train-epochs", type=float)
    parser.add_argument("--train-minutes", type=float)
    parser.add_argument("--recipe", default="")
    parser.add_argument("--size")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--networks", type=int, default=10, help="random ones")
    parser.add_argument("--judge", default="val")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--name", default="lgc_search", help="of the files in results/")
    return parser.parse_args()


def figures_of(row: dict[str, Any]) -> dict[str, Any]:
    spreads = {name: {key: round(value, 5) for key, value in row[name].items()} for name in FIGURES if name in row}
    return {"row": row["row"], "runs": len(row["runs"]), "unit": row["runs"][0]["unit"], **spreads}


def put_times(rows: list[dict[str, Any]], asked: argparse.Namespace) -> None:
    """``in_turns_ms`` of every network of a row."""
    table = Table.load(Path(asked.table))
    calls = {}
    for row in TABLES["figure7"]:
        for seed in range(asked.seeds):
            genotype = load_genotype(Path(asked.out) / row.run / f"seed-{seed}" / "genotype.json")
            wholes = wholes_of(genotype, table.target.size, table.subject.classes)
            calls[f"{row.name} {seed}"] = open_whole(wholes, table.target)["key"]
    found = measure(calls, seconds=SECONDS)
    for row in rows:
        row["in_turns_ms"] = [round(found[f"{row['row']} {seed}"].median_ms, 3) for seed in range(asked.seeds)]


def latency_of(row: dict[str, Any]) -> float:
    """As it was measured, best in turns; predicted, where nobody measured."""
    if "in_turns_ms" in row:
        return mean(row["in_turns_ms"])
    return float(row.get("measured_ms", row["predicted"])["mean"])


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    latencies = [latency_of(row) for row in rows]
    rank = spearmanr([BETAS[row["row"]] for row in rows], latencies).statistic
    return {
        "spearman_of_beta_and_latency": round(float(rank), 3),
        "last_to_first": round(latencies[-1] / latencies[0], 3),
    }


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """mIoU against latency, as the paper's figure 7."""
    mpl.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    points = [(latency_of(row), 100 * row["miou"]["mean"], 100 * row["miou"]["sd"]) for row in rows]
    axes.errorbar([p[0] for p in points], [p[1] for p in points], [p[2] for p in points], marker="o", capsize=3)
    for (latency, miou, _), row in zip(points, rows, strict=True):
        axes.annotate(row["row"], (latency, miou), textcoords="offset points", xytext=(6, 6))
    axes.set_xlabel("measured latency, ms" if "measured_ms" in rows[0] else f"predicted {rows[0]['unit']}")
    axes.set_ylabel("mIoU, %")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    main()
