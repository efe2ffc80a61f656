"""Where a figure comes from, told without the paths of the machine that made it."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segsmith.data.open import without_path
from segsmith.errors import UserError
from segsmith.genotype.presets import PRESETS
from segsmith.models import header
from segsmith.training.runfolder import RunFolder
from segsmith.training.start import checkpoint_of

ROOT = Path(__file__).resolve().parent.parent
MODEL = "/model.safetensors"
BEGINNINGS = ("random weights", "encoder weights from")
LIMITS = {"camvid": "research only (CamVid)", "cityscapes": "non-commercial only (Cityscapes)"}


def told(text: str) -> str:
    """A sentence in which a run is called by its own name, not by where it lay."""
    return re.sub(r"(?:[^\s/;,]*/)+([^\s/;,]+)", r"\1", text.replace(MODEL, ""))


def chain(made: Mapping[str, Any], configuration: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """How it was made, and what it began with or stands on: back to the first run that is at hand."""
    found = [made]
    for spec in (configuration.get("static"), configuration.get("what")):
        source = checkpoint_of(spec) if spec and spec not in PRESETS else None
        if source is not None:
            below = RunFolder(source.parent)
            found += chain(header(source)["made"], below.record()["configuration"] if below.exists() else {})
    return found


def began(made: Mapping[str, Any], configuration: Mapping[str, Any]) -> list[str]:
    """What its weights were at the start, and those of all that is behind it."""
    return [told(line) for one in chain(made, configuration) for line in one["from"]]


def limits(made: Mapping[str, Any], configuration: Mapping[str, Any]) -> list[str]:
    """What the data allow that it or anything behind it has learnt from. A network that ships says so itself."""
    links = chain(made, configuration)
    first = links[-1]["from"][-1]
    if not first.startswith(BEGINNINGS):
        what = f"its weights go back to {told(first)!r}, which is not at hand: what its use is limited to is not known"
        raise UserError(what, fix="put the run back where it was")
    kinds = [str(one["data"]).partition(":")[0] for one in links]
    said = [limit for one in links for limit in one.get("limits", [])]
    return list(dict.fromkeys([*(LIMITS[kind] for kind in kinds if kind in LIMITS), *said]))


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
    """As it lies in the repository; what lies elsewhere is a run, and called so."""
    whole = path.resolve()
    return whole.relative_to(ROOT).as_posix() if whole.is_relative_to(ROOT) and path.exists() else f"runs/{path.name}"


def commit() -> str:
    """With a + where the package has changed since."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "src"]).returncode
    return (head or "unknown") + ("+" if changed else "")
