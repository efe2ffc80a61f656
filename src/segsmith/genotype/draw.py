"""Drawings as files."""

import os
from collections.abc import Callable
from pathlib import Path

from segsmith.errors import UserError
from segsmith.genotype.core import Genotype
from segsmith.genotype.dot import to_dot
from segsmith.genotype.svg import to_svg

FORMATS: dict[str, Callable[[Genotype], str]] = {".svg": to_svg, ".dot": to_dot}


def write_drawing(genotype: Genotype, path: Path) -> None:
    """Draw into ``path``; its suffix says how."""
    draw = FORMATS.get(path.suffix.lower())
    if draw is None:
        raise UserError(
            f"cannot draw as {path.suffix or 'a file without a suffix'}", fix="FILE.svg or FILE.dot", path=path
        )
    if not path.parent.is_dir():
        raise UserError("there is no such folder to write to", path=path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(draw(genotype), encoding="utf-8")
    beside.replace(path)
