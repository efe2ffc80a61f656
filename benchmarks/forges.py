"""What forges came to: the latency that was asked and measured, the time that was given and taken, and the network.

    python benchmarks/forges.py NAME FORGE [FORGE …]

The figures go into results/NAME.json, each forge under its folder's name. ``segsmith forge`` makes the folders.
"""

from pathlib import Path
from typing import Any

from record import write_of_runs
from segsmith.data.open import without_path
from segsmith.training.runfolder import RunFolder, read_json

ASKED = ("data", "latency", "budget", "space", "static", "key_every", "seed")
FACTS = ("space", "static", "limit_ms", "static_ms", "lean_ms", "size", "split")


def figures(folder: Path) -> dict[str, Any]:
    run, stages = RunFolder(folder), read_json(folder / "forge.json")["stages"]
    record = run.record()
    asked = {name: record["configuration"][name] for name in ASKED if record["configuration"].get(name)}
    asked["data"] = without_path(asked["data"])
    facts, scores = stages["look"]["found"], run.scores()
    taken = sum(stage["seconds"] for stage in stages.values())
    return {
        "asked": asked,
        "state": record["state"],
        "seconds": {"budget": asked["budget"], "taken": round(taken, 1)},
        "by_stage": {name: {"planned": one["planned"], "taken": one["seconds"]} for name, one in stages.items()},
        "facts": {name: facts[name] for name in FACTS if name in facts},
        "search": stages["search"]["found"],
        "pick": bare(stages["pick"]["found"]),
        "miou": scores.get("miou"),
        "flicker": scores.get("flicker"),
        "judge": bare(stages["judge"]["found"]),
        "static_miou": stages["static"]["found"].get("miou"),
        "machine": record["machine"],
    }


def bare(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "files"}


if __name__ == "__main__":
    write_of_runs(__doc__, "forges", figures)
