"""``segsmith space``."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segsmith.cli.output import emit_json

if TYPE_CHECKING:
    from rich.table import Table

    from segsmith.spaces import Space

Opt = typer.Option


def space(
    name: Annotated[str, typer.Argument(help="dynamic, template or lgc.")],
    options: Annotated[
        list[str] | None, typer.Argument(help="KEY=VALUE ..., such as rows=5 or operations=sep3,skip.")
    ] = None,
    static: Annotated[str, Opt(help="What a dynamic cell stands on: a preset, a genotype's file or a run.")] = "arch2",
    json: Annotated[bool, Opt("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show what a search space may choose, and how many combinations that makes."""
    from segsmith.genotype import load_genotype
    from segsmith.spaces.make import make_space, read_options

    chosen = make_space(name, read_options(options or []), load_genotype(static))
    if json:
        emit_json(record(chosen))
        return
    from rich.console import Console

    Console(file=sys.stdout).print(decisions_table(chosen), f"{size(chosen)} combinations", soft_wrap=True)


def record(space: "Space") -> dict[str, Any]:
    decisions = [{"name": d.name, "kind": d.kind, "options": d.options} for d in space.decisions]
    return {"space": space.name, "options": settings(space), "size": space.size, "decisions": decisions}


def settings(space: "Space") -> dict[str, Any]:
    """The options of the space as they are set."""
    from segsmith.spaces.make import SPACES, option_types

    return {key: getattr(space, key) for key in option_types(SPACES[space.name])}


def decisions_table(space: "Space") -> "Table":
    """Decisions of one kind in one row: they have the same options."""
    from rich.table import Table

    kinds: dict[str, list[str]] = {}
    for decision in space.decisions:
        kinds.setdefault(decision.kind, []).append(decision.name)
    options = {decision.kind: decision.options for decision in space.decisions}
    words = " ".join(f"{key}={shown(value)}" for key, value in settings(space).items())
    table = Table("kind", "decisions", "choices", "such as", title=f"{space.name}: {words}", title_justify="left")
    for kind, names in kinds.items():
        table.add_row(kind, str(len(names)), ", ".join(map(str, options[kind])), names[0])
    return table


def shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def size(space: "Space") -> str:
    return str(space.size) if space.size < 10**6 else f"{space.size:.3g}"
