"""A genotype by what a person calls it: a preset, a file, or the folder of a run."""

from pathlib import Path

from segsmith.errors import UserError
from segsmith.genotype.core import Genotype
from segsmith.genotype.faults import nearest
from segsmith.genotype.jsonform import from_json
from segsmith.genotype.parse import from_text
from segsmith.genotype.presets import PRESETS, preset

RUN_FILE = "genotype.json"


def load_genotype(spec: str) -> Genotype:
    """A preset's name, a file of JSON or text, or a run folder with ``genotype.json`` in it."""
    if spec in PRESETS:
        return preset(spec)
    path = Path(spec)
    if path.is_dir():
        path = path / RUN_FILE
        if not path.is_file():
            raise UserError(f"the folder has no {RUN_FILE}", fix="name a run folder, a file or a preset", path=spec)
    if not path.is_file():
        raise UserError(f"no preset, file or run folder is called {spec!r}", fix=nearest(spec, PRESETS))
    return read_genotype(path)


def read_genotype(path: Path) -> Genotype:
    """The genotype in a file: JSON if it begins with a brace, otherwise text."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("no genotype: it is not text", path=path) from None
    read = from_json if text.lstrip().startswith("{") else from_text
    return read(text, str(path))
