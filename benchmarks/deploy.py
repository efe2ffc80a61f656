"""Exported networks against plain torch, and video networks against their static one: medians, all in turns.

    python benchmarks/deploy.py [--sizes 1024x2048 360x480] [--minutes 15] [--again]

Sizes that benchmarks/results/deploy.json has already are passed over. Random weights; the class map is made of a
street's logits. Two threads, ONNX Runtime, one key frame in ten. Nothing else should run meanwhile.

``export_gain`` is plain eager torch (channels first, all logits enlarged) by exported arch2. ``mix_gain`` is exported
arch2 on every frame by the mean frame of the exported video network, over whole periods: other work on the machine
falls into most of these, while the median of single frames leaves it out. ``parts_gain`` is that of the medians of key
frames and steps. ``half`` steps see frames at half their size.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from record import RESULTS, write
from segsmith.cli.output import say
from segsmith.cli.parse import size as parse_size
from segsmith.deploy.benchmark.run import Asked, planned, side_by_side
from segsmith.deploy.benchmark.subjects import EAGER, read_subject
from segsmith.genotype import preset, to_json

STATIC = "arch2"
KEY_EVERY = 10
CLASSES = {"1024x2048": 19}
"""Of Cityscapes; CamVid's 11 at any other size."""
PLACES = {
    "prepare": "prepare",
    "static.encoder": "encoder",
    "static": "decoder",
    "cell.adapters": "adapters",
    "cell.join": "join",
    "cell.classifier": "classifier",
    "next_dec": "join",
    "logits": "classifier",
    "Reorder": "reordering",
    "Transpose": "reordering",
    "": "class map",
}
"""What a node belongs to, by the first of these that its name begins with. ONNX Runtime calls some after outputs."""

Rows = Mapping[tuple[str, str, str, str], float]
"""Medians by model, backend, part and scope."""


def measured(size: str, minutes: float, threads: int) -> dict[str, Any]:
    asked = Asked([], [parse_size(size) or (0, 0)], [], threads, classes=CLASSES.get(size, 11), minutes=minutes)
    with tempfile.TemporaryDirectory() as folder:
        half = Path(folder) / "light-half.json"
        half.write_text(to_json(replace(preset("light"), settings={"step_scale": 0.5})))
        models = {STATIC: ["onnxruntime", EAGER], "light": [""], str(half): [""], "typical": [""]}
        jobs = [
            job
            for model, backends in models.items()
            for job in planned(
                replace(asked, backends=backends), [read_subject(model)], Path(folder) / Path(model).stem, say
            )
        ]
        report = side_by_side(jobs, replace(asked, profile=True), say)
    record = report.record()
    for row in (*record["results"], *record["models"], *record["profile"]):
        row["model"] = Path(row["model"]).stem
    record["profile"] = [
        {**row, "nodes": operations(row["nodes"], row["model"])} for row in record["profile"] if row["backend"] != EAGER
    ]
    return {"classes": asked.classes, "gains": gains(record["results"]), **record}


def gains(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    ms: Rows = {(row["model"], row["backend"], row["part"], row["scope"]): row["p50_ms"] for row in results}
    static = {scope: ms[STATIC, "onnxruntime", "key", scope] for scope in ("graph", "frame")}
    mixes = sorted({model for model, _, part, _ in ms if part == "mix"})

    def of_parts(model: str, scope: str) -> float:
        key, step = (ms[model, "onnxruntime", part, scope] for part in ("key", "step"))
        return (key + (KEY_EVERY - 1) * step) / KEY_EVERY

    return {
        "export_gain": {scope: ms[STATIC, EAGER, "key", scope] / static[scope] for scope in static},
        "mix_gain": {
            model: {scope: static[scope] / ms[model, "onnxruntime", "mix", scope] for scope in static}
            for model in mixes
        },
        "parts_gain": {model: {scope: static[scope] / of_parts(model, scope) for scope in static} for model in mixes},
    }


def operations(nodes: Iterable[Mapping[str, Any]], model: str) -> list[dict[str, Any]]:
    """What the nodes of each operation of the cell take together, and those of everything around it."""
    kinds = {} if model == STATIC else {node.name: node.op for node in preset(model.removesuffix("-half")).net.nodes}
    costs: dict[str, float] = defaultdict(float)
    for node in nodes:
        costs[place(node["node"], kinds)] += node["ms"]
    whole = sum(costs.values())
    ordered = sorted(costs.items(), key=lambda item: -item[1])
    return [{"operation": name, "ms": round(ms, 3), "share": round(ms / whole, 4)} for name, ms in ordered]


def place(node: str, kinds: Mapping[str, str]) -> str:
    for name in sorted(kinds, key=len, reverse=True):
        module = f"cell.net.nodes.{name.replace('.', '/')}"  # as ``networks.graph`` calls it
        if node.startswith((f"{module}.", f"{module}/")):
            return f"{name} = {kinds[name]}"
    return next(name for start, name in PLACES.items() if node.startswith(start))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["1024x2048", "360x480"])
    parser.add_argument("--minutes", type=float, default=15, help="the most that a size is measured")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="measure sizes that are known, too")
    parser.add_argument("--name", default="deploy")
    asked = parser.parse_args()
    path = RESULTS / f"{asked.name}.json"
    known: dict[str, Any] = json.loads(path.read_text())["sizes"] if path.exists() else {}
    for size in asked.sizes:
        if asked.again or size not in known:
            known[size] = measured(size, asked.minutes, asked.threads)
            write(asked.name, threads=asked.threads, key_every=KEY_EVERY, sizes=known)
    for size in asked.sizes:
        say(f"{size}: {json.dumps(known[size]['gains'])}")


if __name__ == "__main__":
    main()
