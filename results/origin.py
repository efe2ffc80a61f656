"""Where a figure comes from, told without the paths of the machine that made it."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segsmith.data.open import without_path
from segsmith.errors import UserError
from segsmith.genotype.presets import PRESETS
from segsmith.models import header
from segsmith.training.runfolder import RunFolder
from segsmith.training.start import checkpoint_of

ROOT = Path(__file__).resolve().parent.parent
SEARCHES = ("search", "gradient search")
MODEL = "/model.safetensors"
BEGINNINGS = ("random weights", "encoder weights from")
NOT_AT_HAND = "which is not at hand: what its use is limited to is not known"
PUT_BACK = "put the run back where it was"
LIMITS = {"camvid": "research only (CamVid)", "cityscapes": "non-commercial only (Cityscapes)"}


def told(text: str) -> str:
    """A sentence in which a run is called by its own name, not by where it lay."""
    return re.sub(r"(?:[^\s/;,]*/)+([^\s/;,]+)", r"\1", text.replace(MODEL, ""))


@dataclass(frozen=True)
class Link:
    """One training behind a network: what its checkpoint says, and the record of its run where that is at hand."""

    made: Mapping[str, Any]
    record: Mapping[str, Any]

    @classmethod
    def of(cls, checkpoint: Path) -> "Link":
        run = RunFolder(checkpoint.parent)
        return cls(header(checkpoint)["made"], run.record() if run.exists() else {})

    @property
    def command(self) -> str:
        return asked(self.record) if self.record else str(self.made.get("command", ""))

    def named(self, option: str) -> str:
        return str(self.record.get("configuration", {}).get(option) or "")


def chain(made: Mapping[str, Any], record: Mapping[str, Any]) -> list[Link]:
    """How it was made, and what it began with or stands on: back to the first run that is at hand, each once."""
    link = Link(made, record)
    found = [link]
    for spec in (link.named("static"), link.named("what")):
        source = checkpoint_of(spec) if spec and spec not in PRESETS else None
        if source is not None:
            below = Link.of(source)
            found += chain(below.made, below.record)
    return [one for place, one in enumerate(found) if one not in found[place + 1 :]]


def found_by(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The record of the search that found a network, where it is at hand."""
    for folder in Path(record["configuration"]["what"]).parents[:2]:  # SEARCH/genotype.json, SEARCH/top/trialN.json
        run = RunFolder(folder)
        if run.exists() and run.record()["command"] in SEARCHES:
            return run.record()
    return None


def worth(search: Mapping[str, Any]) -> str:
    """What a search cost."""
    what = f"{search['trials']} trials" if "trials" in search else f"{search['steps']} steps"
    return f"search of {what} ({search['seconds'] / 60:.0f} min)"


def began(made: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    """What its weights were at the start, and those of all that is behind it."""
    return [told(line) for link in chain(made, record) for line in link.made["from"]]


def limits(made: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    """What the data allow that it or anything behind it has learnt from. A network that ships says so itself."""
    links = chain(made, record)
    first = links[-1].made["from"][-1]
    if not first.startswith(BEGINNINGS):
        raise UserError(f"its weights go back to {told(first)!r}, {NOT_AT_HAND}", fix=PUT_BACK)
    kinds = [str(link.made["data"]).partition(":")[0] for link in links]
    said = [limit for link in links for limit in [*link.made.get("limits", []), *limits_of_teacher(link)]]
    return list(dict.fromkeys([*(LIMITS[kind] for kind in kinds if kind in LIMITS), *said]))


def limits_of_teacher(link: Link) -> list[str]:
    teacher = link.named("teacher")
    if not teacher:
        return []
    source = checkpoint_of(teacher)
    if source is None:
        raise UserError(f"its teacher was {told(teacher)!r}, {NOT_AT_HAND}", fix=PUT_BACK)
    behind = Link.of(source)
    return limits(behind.made, behind.record)


def asked(record: Mapping[str, Any]) -> str:
    """The command of a run."""
    given, words = record["configuration"]["data"], record["arguments"]
    return shlex.join(["segsmith", *(_word(*both, given) for both in zip(["", *words], words, strict=False))])


def _word(before: str, word: str, data: str) -> str:
    if before in ("-o", "--out"):
        return called(Path(word))
    option, mark, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if value == data:
        return option + mark + without_path(value)
    return option + mark + called(Path(value)) if "/" in value else word


def called(path: Path) -> str:
    """As it lies in the repository; what lies elsewhere is a run or a file in one, and called so."""
    whole = path.resolve()
    if whole.is_relative_to(ROOT) and path.exists():
        return whole.relative_to(ROOT).as_posix()
    run = next((folder for folder in whole.parents if RunFolder(folder).exists()), whole)
    return f"runs/{whole.relative_to(run.parent).as_posix()}"


def commit() -> str:
    """With a + where the package or these scripts have changed since."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "src", "results/*.py", "results/*.sh"]).returncode
    return (head or "unknown") + ("+" if changed else "")
