"""``segsmith models``."""

from typing import TYPE_CHECKING, Annotated

import typer

from segsmith.cli.output import console, emit_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import JustifyMethod
    from rich.table import Table

    from segsmith.models import Shipped


def models(json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """List the networks that ship: their names are taken wherever a run or a checkpoint is."""
    from segsmith.models import shipped

    found = shipped()
    if json:
        emit_json({"models": [one.record() for one in found]})
    elif found:
        console().print(table(found))
        say(f"cards: {found[0].card.parent}/NAME.md")
    else:
        say("this package ships no network")


def table(found: "Sequence[Shipped]") -> "Table":
    from rich.table import Table

    grid = Table()
    for name in ("name", "parameters", "kind", "classes", "val mIoU", "trained on", "use"):
        justify: JustifyMethod = "right" if name in ("parameters", "val mIoU", "classes") else "left"
        grid.add_column(name, justify=justify, no_wrap=name in ("name", "parameters"))
    for one in found:
        record = one.record()
        kind = "video" if record["video"] else "image"
        miou = f"{100 * record['val_miou']:.1f} %"
        trained_on = str(one.made["protocol"])
        use = ", ".join(record["limits"]) or "-"
        grid.add_row(one.name, f"{record['parameters']:,}", kind, str(len(one.classes)), miou, trained_on, use)
    return grid
