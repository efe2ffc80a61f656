"""What an image network gains on val from what it begins with, and from a teacher; each learns from as many images.

    python benchmarks/beginnings.py NAME --data camvid:PATH --runs FOLDER [--epochs 12] [--minutes 6] [--seeds 2]

`alone` begins at random; `simulator` with what it learnt in MINUTES on streets of the simulator, which its EPOCHS do
not count; `teacher` at random, with a network that ships as its teacher. Trainings that were stopped go on.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from record import write
from segsmith.training.options import TrainOptions
from segsmith.training.run import train_once

TEACHER = "street-still"


def trained(options: TrainOptions) -> dict[str, Any]:
    """What a training came to on val; one that is finished is not repeated, one that was stopped goes on."""
    scores = train_once(options)
    found = {name: scores["made"][name] for name in ("steps", "images", "seconds")}
    return found | {name: round(scores[name], 4) for name in ("miou", "flicker")}


def arms(start: TrainOptions, data: str, minutes: float) -> dict[str, Any]:
    """One seed's three trainings."""
    out = Path(start.out)
    streets = replace(start, data=data, epochs=None, minutes=minutes, out=str(out / "streets"))
    return {
        "on streets": trained(streets),
        "alone": trained(replace(start, out=str(out / "alone"))),
        "simulator": trained(replace(start, what=streets.out, out=str(out / "simulator"))),
        "teacher": trained(replace(start, teacher=TEACHER, out=str(out / "teacher"))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="of the file in results/")
    parser.add_argument("--data", required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--streets", default="streets:clips=200,frames=30,size=240x320")
    parser.add_argument("--what", default="template-arch0")
    parser.add_argument("--size", type=int, nargs=2, default=(240, 320), help="of the frames")
    parser.add_argument("--epochs", type=float, default=12.0)
    parser.add_argument("--minutes", type=float, default=6.0, help="on the simulator")
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    options = TrainOptions(given.what, given.data, "", epochs=given.epochs, size=tuple(given.size), quiet=True)
    rows = {
        seed: arms(
            replace(options, seed=seed, out=str(given.runs / f"{given.what}-{seed}")), given.streets, given.minutes
        )
        for seed in range(given.seeds)
    }
    write(given.name, what=given.what, epochs=given.epochs, minutes_on_streets=given.minutes, seeds=rows)


if __name__ == "__main__":
    main()
