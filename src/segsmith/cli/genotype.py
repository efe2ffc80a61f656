"""segsmith draw: a network's structure as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from segsmith.cli.output import say


def draw(
    genotype: Annotated[str, typer.Argument(metavar="GENOTYPE|PRESET|RUN", help="A file, a preset or a run folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture: FILE.svg, or FILE.dot for Graphviz.")],
) -> None:
    """Draw a network's structure."""
    from segsmith.genotype.draw import write_drawing
    from segsmith.genotype.load import load_genotype

    write_drawing(load_genotype(genotype), output)
    say(f"wrote {output}")
