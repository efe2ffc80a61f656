"""What some minutes of training on the simulator give, from random weights.

    python benchmarks/toy.py runs/toy [--minutes 4] [--cell-minutes 12] [--recipe dynamic]

template-arch0 and arch2, then the cell ``typical`` on that arch2, judged on val beside its controls. Runs that are
finished are taken as they are, so that the command goes on where it was stopped.
"""

import argparse
from pathlib import Path
from typing import Any

from record import write
from segsmith.data.ceiling import ceiling_of
from segsmith.data.open import open_dataset
from segsmith.training.assess import assess
from segsmith.training.options import TrainOptions
from segsmith.training.run import resume_run, train_run
from segsmith.training.runfolder import RunFolder

STATIC = ("template-arch0", "arch2")
KEY_EVERY = 6
STRIDES = (4, 8)


def trained(options: TrainOptions) -> dict[str, Any]:
    run = RunFolder(Path(options.out))
    if run.exists() and run.record()["state"] == "finished":
        return run.scores()
    return resume_run(run.path) if run.exists() else train_run(options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--cell-minutes", type=float, default=12.0)
    parser.add_argument("--recipe", default="dynamic")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--schedule")
    parser.add_argument("--ema", type=float)
    asked = parser.parse_args()
    dataset = open_dataset("toy")
    ceilings = {stride: ceiling_of(dataset, "val", stride) for stride in STRIDES}
    found = {}
    for name in STATIC:
        scores = trained(TrainOptions(name, "toy", str(asked.runs / name), minutes=asked.minutes, devices=0))
        shares = {f"1/{stride}": round(scores["miou"] / ceiling, 3) for stride, ceiling in ceilings.items()}
        found[name] = {"miou": scores["miou"], "of_ceiling": shares, "made": scores["made"]}
    cell = TrainOptions(
        "typical",
        "toy",
        str(asked.runs / "typical"),
        static=str(asked.runs / "arch2"),
        recipe=asked.recipe,
        batch=asked.batch,
        schedule=asked.schedule,
        ema=asked.ema,
        minutes=asked.cell_minutes,
        devices=0,
    )
    made = trained(cell)["made"]
    done = assess(
        Path(cell.out), "toy", "val", key_every=KEY_EVERY, controls=True, device="cpu", pictures=None, say=print
    )
    curves = {"typical": done.result, **done.controls}
    by_distance = {name: [round(100 * row.scores.miou, 2) for row in one.drift] for name, one in curves.items()}
    flicker = {name: round(one.temporal.flicker, 4) for name, one in curves.items()}
    write(
        "toy_minutes",
        data=dataset.protocol + "; " + "; ".join(dataset.notes),
        ceilings={f"1/{stride}": round(ceiling, 4) for stride, ceiling in ceilings.items()},
        static=found,
        typical={"recipe": asked.recipe, "made": made, "miou_by_distance": by_distance, "flicker": flicker},
    )


if __name__ == "__main__":
    main()
