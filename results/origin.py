"""Where a figure comes from, told without the paths of the machine that made it."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segsmith.data.open import without_path
from segsmith.genotype.presets import PRESETS
from segsmith.models import header
from segsmith.training.runfolder import RunFolder
from segsmith.training.start import checkpoint_of

ROOT = Path(__file__).parent.parent
MODEL = "/model.safetensors"


def told(text: str) -> str:
    """A sentence in which a run is called by its own name, not by where it lay."""
    return re.sub(r"(?:[^\s/;,]*/)+([^\s/;,]+)", r"\1", text.replace(MODEL, ""))


def began(made: Mapping[str, Any], configuration: Mapping[str, Any]) -> list[str]:
    """What its weights were at the start, and those of what it stands on: back to the first run that is at hand."""
    said = [told(line) for line in made["from"]]
    for spec in (configuration.get("static"), configuration.get("what")):
        source = checkpoint_of(spec) if spec and spec not in PRESETS else None
        if source is not None:
            below = RunFolder(source.parent)
            said += began(header(source)["made"], below.record()["configuration"] if below.exists() else {})
    return said


def asked(record: Mapping[str, Any]) -> str:
    """The command of a run."""
    given = record["configuration"]["data"]
    return shlex.join(["segsmith", *(_word(word, given) for word in record["arguments"])])


def _word(word: str, data: str) -> str:
    option, mark, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if value == data:
        return option + mark + without_path(value)
    return f"{option}{mark}runs/{Path(value).name}" if "/" in value else word


def commit() -> str:
    """With a + where the package has changed since."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "src"]).returncode
    return (head or "unknown") + ("+" if changed else "")
