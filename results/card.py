"""The card of a network that ships, from what its file says about itself."""

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

from segsmith.data.select import HOLDOUT
from segsmith.networks.meta import Meta


def card(name: str, meta: Meta, megabytes: float) -> str:
    made = meta.made
    kind = "video network" if made["video"] else "image network"
    command = f"segsmith evaluate {name} --data {quote(made['data'])}"
    parts = [
        f"# {name}",
        f"A {meta.genotype.kind} {kind} of {made['parameters']:,} parameters for {len(meta.classes)} classes: "
        f"{', '.join(meta.classes)}. {megabytes:.2f} MB, {made['bits']}-bit weights.",
        f"Weights at the start: {'; '.join(made['from'])}.",
        "## Figures",
        "Of this very file, whole frames at full size.",
        table({heading(split, made): made[split] for split in ("val", HOLDOUT) if split in made}),
        unseen(made),
        f"```sh\n{command}{alone(command, made)}\n```",
        "## How it was made",
        bullets(meta),
        f"```sh\n{made['command']}\n```",
        "## Licence",
        licence(made["limits"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def heading(split: str, made: Mapping[str, Any]) -> str:
    every = made[split]["key_every"]
    rhythm = "every frame a key frame" if every == 1 else f"a key frame in {every}"
    return f"{split}, {rhythm}" if made["video"] else split


def unseen(made: Mapping[str, Any]) -> str:
    """What the column of the held-out street means."""
    if HOLDOUT not in made:
        return ""
    said = f"`{HOLDOUT}` is a street of which training has seen nothing, every frame by itself"
    return said + (": the cell has no part in it." if made["video"] else ".")


def alone(command: str, made: Mapping[str, Any]) -> str:
    """The command of that column."""
    every = f" --key-every {made[HOLDOUT]['key_every']}" if HOLDOUT in made and made["video"] else ""
    return f"\n{command} --split {HOLDOUT}{every}" if HOLDOUT in made else ""


def licence(limits: Sequence[str]) -> str:
    if not limits:
        return "That of the package."
    return f"For {' and '.join(limits)}: the data that its weights have learnt from allow no more."


def table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """A column for each split."""
    rows = [["", *figures], ["---", *("---:" for _ in figures)]]
    for key, words in (("miou", "mIoU"), ("fwiou", "fwIoU"), ("flicker", "flicker"), ("vc8_strict", "VC8, strict")):
        rows.append([words, *(percent(one[key]) for one in figures.values())])
    for name in next(iter(figures.values()))["per_class"]:
        rows.append([f"IoU {name}", *(percent(one["per_class"][name]) for one in figures.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def learnt(made: Mapping[str, Any]) -> str:
    split = f"the split {made['split']}"
    frames, whole = made["frames"]
    return f"{frames} of {whole} frames of {split}" if frames < whole else split


def percent(share: float | None) -> str:
    return "-" if share is None or share != share else f"{100 * share:.1f} %"


def bullets(meta: Meta) -> str:
    made, engine = meta.made, meta.made["machine"]
    lines = [
        f"data: `{made['data']}`, {made['protocol']}; learnt from {learnt(made)}",
        f"recipe: {meta.recipe.get('name', '')}, {made['budget']} ({made['steps']} steps, {made['images']} images, "
        f"{made['seconds'] / 60:.0f} min)",
        f"seed: {made['seed']}",
        f"machine: {engine.get('processor', '')}, {engine.get('cores', '')} cores",
        f"versions: segsmith {meta.versions.get('segsmith', '')}, torch {meta.versions.get('torch', '')}",
    ]
    if made["way"]:
        lines.append(f"from nothing: `{made['way']}`")
    return "\n".join(f"- {line}" for line in lines)
