"""A genotype by what a person calls it: a preset, a file, the folder of a run, or a network that ships."""

from pathlib import Path

from segsmith.errors import UserError
from segsmith.genotype.core import Genotype
from segsmith.genotype.faults import nearest
from segsmith.genotype.jsonform import from_json
from segsmith.genotype.parse import from_text
from segsmith.genotype.presets import PRESETS, preset
from segsmith.models import SUFFIX, header, locate, names

RUN_FILE = "genotype.json"


def load_genotype(spec: str) -> Genotype:
    """That of a preset, a file of JSON or text, a run folder with ``genotype.json`` in it, a checkpoint or a network
    that ships. Presets come first.
    """
    if spec in PRESETS:
        return preset(spec)
    path = locate(spec)
    if path.is_dir():
        path = path / RUN_FILE
        if not path.is_file():
            raise UserError(f"the folder has no {RUN_FILE}", fix="name a run folder, a file or a preset", path=spec)
    if not path.is_file():
        raise UserError(f"no preset, file or run folder is called {spec!r}", fix=nearest(spec, (*PRESETS, *names())))
    return from_json(header(path)["genotype"], str(path)) if path.suffix == SUFFIX else read_genotype(path)


def read_genotype(path: Path) -> Genotype:
    """The genotype in a file: JSON if it begins with a brace, otherwise text."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("no genotype: it is not text", path=path) from None
    read = from_json if text.lstrip().startswith("{") else from_text
    return read(text, str(path))
