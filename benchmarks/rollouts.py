"""Clips of the recipe ``video`` against longer ones, on val at one key frame in ten: as many minutes for each.

    python benchmarks/rollouts.py NAME --data camvid:PATH --static RUN --runs FOLDER [--cell FILE] [--minutes 12]

Trained as results/street.sh trains. `longer` has clips of 3, 10 and 8 frames where the recipe has 3, 6 and 4, and keeps
the state's history for 5 and 4 steps instead of 3 and 2. Trainings that were stopped go on.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from beginnings import trained
from record import write
from segsmith.training.options import TrainOptions
from segsmith.training.recipes import RECIPES, VIDEO

LENGTHS = ((3, 0), (10, 5), (8, 4))
LONGER = replace(
    VIDEO,
    name="longer",
    phases=tuple(
        replace(phase, length=length, truncate=truncate)
        for phase, (length, truncate) in zip(VIDEO.phases, LENGTHS, strict=True)
    ),
)
CELL = Path(__file__).parent.parent / "results" / "cells" / "street.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="of the file in results/")
    parser.add_argument("--data", required=True)
    parser.add_argument("--static", required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--cell", type=Path, default=CELL)
    parser.add_argument("--minutes", type=float, default=12.0)
    given = parser.parse_args()
    RECIPES[LONGER.name] = LONGER
    start = TrainOptions(
        str(given.cell),
        given.data,
        out="",
        static=given.static,
        teacher=given.static,
        batch=4,
        synthetic=0.7,
        crop=(240, 320),
        consistency=0.5,
        key_every=10,
        quiet=True,
    )
    rows = {
        recipe: trained(replace(start, recipe=recipe, minutes=given.minutes, out=str(given.runs / recipe)))
        for recipe in (VIDEO.name, LONGER.name)
    }
    write(given.name, minutes=given.minutes, cell=given.cell.name, longer=LENGTHS, rows=rows)


if __name__ == "__main__":
    main()
