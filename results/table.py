"""The README's tables of results, from what ``judge.py`` wrote: ``python results/table.py [FOLDER] [--write]``."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- results: python results/table.py --write -->", "<!-- end of results -->"
KINDS = ("decoder", "template", "lgc", "dynamic")
NETWORK = "the network"
KEY_EVERY = 10

Row = Sequence[str]


def read(folder: Path = HERE) -> list[dict[str, Any]]:
    """What ``judge.py`` wrote, image networks first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return sorted(found, key=lambda one: (KINDS.index(one["kind"]), one["name"]))


def render(records: Sequence[Mapping[str, Any]]) -> str:
    """What stands between the two marks."""
    if not records:
        return "No network has been judged yet.\n"
    head: Row = (
        "network",
        "parameters",
        "val mIoU",
        "unseen street",
        "flicker",
        "VC8",
        "key / step / mix, ms",
        "training",
        "start",
    )
    parts = [grid(head, [row(one) for one in records])]
    parts += [text for protocol in _unique(one["protocol"] for one in records) if (text := said(records, protocol))]
    videos = [one for one in records if one["scores"]["val"]["controls"]]
    if videos:
        parts.append(f"Video networks on val, one key frame in {KEY_EVERY}, beside what they have to beat:")
        head = ("network", "answered by", "mIoU", "flicker", "VC8", "ms a frame")
        parts.append(grid(head, [line for one in videos for line in rivals(one)]))
    return "\n\n".join(parts) + "\n"


def row(one: Mapping[str, Any]) -> Row:
    val, held = one["scores"]["val"], one["scores"].get("holdout")
    taken = one["latency"]
    times = [number(taken[part]["median_ms"]) for part in ("key", "step") if part in taken]
    return (
        f"[{one['name']}](results/{one['name']}.json)",
        f"{one['parameters']:,}",
        percent(val["miou"]),
        percent(held["miou"]) if held else "-",
        percent(val["flicker"]),
        percent(val["vc8_strict"]),
        " / ".join([*times, *([number(taken["mix_ms"])] if "step" in taken else [])]),
        ", then ".join(one["trained"]) + (f", teacher {one['teacher']}" if one["teacher"] else ""),
        start(one["weights"]),
    )


def said(records: Sequence[Mapping[str, Any]], protocol: str) -> str:
    """What the figures of one protocol have in common, and where they come from."""
    mine = [one for one in records if one["protocol"] == protocol]
    held = _unique(one["holdout"] for one in mine if one["holdout"])
    unseen = f" The unseen street is {', '.join(held)}, left out of training, every frame by itself." if held else ""
    if any(one["holdout"] and one["kind"] == "dynamic" for one in mine):
        unseen = f"{unseen[:-1]}: a video network answers it by its key frames alone, without its cell."
    places = _unique(place(one) for one in mine)
    commits = ", ".join(_unique(at for one in mine for at in (one["commit"], one["latency"].get("commit")) if at))
    return (
        f"Whole frames, {protocol}. Times: {'; '.join(places)}; mix: one key frame in {KEY_EVERY}.{unseen} "
        f"Commands, seeds and curves stand in the files; commit {commits}."
    )


def place(one: Mapping[str, Any]) -> str:
    taken = one["latency"]
    height, width = taken["size"]
    threads = f"{taken['threads']} thread{'s' * (taken['threads'] != 1)}"
    return f"{height}x{width}, {taken['backend']}, {threads}, {one['machine']['processor']}"


def start(weights: Sequence[str]) -> str:
    """Where the first run behind it began."""
    pretrained = [line for line in weights if line.startswith("encoder weights")]
    if pretrained:
        return pretrained[0]
    return "random, no ImageNet" if "random weights" in weights else weights[-1]


def rivals(one: Mapping[str, Any]) -> list[Row]:
    """The network, then its controls, with what a frame of each costs where that is known."""
    val, taken = one["scores"]["val"], one["latency"]
    key = taken["key"]["median_ms"]
    costs = {NETWORK: taken["mix_ms"], "static on every frame": key, "copy the key frame": key / KEY_EVERY}
    return [
        (
            one["name"],
            name,
            *(percent(scores[key]) for key in ("miou", "flicker", "vc8_strict")),
            number(costs[name]) if name in costs else "-",
        )
        for name, scores in ({NETWORK: val} | dict(val["controls"])).items()
    ]


def grid(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, ["---" if place == 0 else "---:" for place in range(len(head))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def number(milliseconds: float) -> str:
    return f"{milliseconds:.1f}"


def _unique(items: Any) -> list[str]:
    return list(dict.fromkeys(items))


def put(readme: str, text: str) -> str:
    """The README with ``text`` between its marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"the README has no place for results: write these two lines there\n{BEGIN}\n{END}")
    return f"{before}{BEGIN}\n{text}{END}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=HERE, help="of the JSON files; results/ if not given")
    parser.add_argument("--write", action="store_true", help="into the README")
    given = parser.parse_args()
    text = render(read(given.folder))
    if given.write:
        README.write_text(put(README.read_text(encoding="utf-8"), text), encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
