"""The card of a network that ships, from what its file says about itself."""

from collections.abc import Mapping
from shlex import quote
from typing import Any

from segsmith.networks.meta import Meta


def card(name: str, meta: Meta, megabytes: float) -> str:
    made = meta.made
    kind = "video network" if made["video"] else "image network"
    key = f", a key frame in {made['val']['key_every']}" if made["video"] else ""
    parts = [
        f"# {name}",
        f"A {meta.genotype.kind} {kind} of {made['parameters']:,} parameters for {len(meta.classes)} classes: "
        f"{', '.join(meta.classes)}. {megabytes:.2f} MB, {made['bits']}-bit weights.",
        f"Weights at the start: {'; '.join(made['from'])}.",
        "## Figures",
        f"Of this very file, whole frames at full size{key}.",
        table({split: made[split] for split in ("val", "holdout") if split in made}),
        "`holdout` is a street of which training has seen nothing, every frame by itself." if "holdout" in made else "",
        f"```sh\nsegsmith evaluate {name} --data {quote(made['data'])}\n```",
        "## How it was made",
        bullets(meta),
        f"```sh\n{made['command']}\n```",
        "## Licence",
        made["licence"] or "That of the package.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """A column for each split."""
    rows = [["", *figures], ["---", *("---:" for _ in figures)]]
    for key, words in (("miou", "mIoU"), ("fwiou", "fwIoU"), ("flicker", "flicker"), ("vc8_strict", "VC8, strict")):
        rows.append([words, *(percent(one[key]) for one in figures.values())])
    for name in next(iter(figures.values()))["per_class"]:
        rows.append([f"IoU {name}", *(percent(one["per_class"][name]) for one in figures.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def percent(share: float | None) -> str:
    return "-" if share is None or share != share else f"{100 * share:.1f} %"


def bullets(meta: Meta) -> str:
    made, engine = meta.made, meta.made["machine"]
    lines = [
        f"data: `{made['data']}`, {made['protocol']}; learnt from the split {made['split']}",
        f"recipe: {meta.recipe.get('name', '')}, {made['budget']} ({made['steps']} steps, {made['images']} images, "
        f"{made['seconds'] / 60:.0f} min)",
        f"seed: {made['seed']}",
        f"machine: {engine.get('processor', '')}, {engine.get('cores', '')} cores",
        f"versions: segsmith {meta.versions.get('segsmith', '')}, torch {meta.versions.get('torch', '')}",
    ]
    if made["way"]:
        lines.append(f"from nothing: `{made['way']}`")
    return "\n".join(f"- {line}" for line in lines)
