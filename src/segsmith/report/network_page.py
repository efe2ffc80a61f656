"""The section of a network: its drawing, the costs of its parts, its text."""

from segsmith.genotype import to_text
from segsmith.report.blocks import Block, Cell, Code, Figure, Figures, Fold, Section, table
from segsmith.report.inside import Inside
from segsmith.report.network import annotated
from segsmith.report.words import NOTHING, amount, size_words


def network_section(inside: Inside, below: Inside | None, key: str) -> Section:
    """``below``: what a dynamic cell stands on."""
    what = f"shapes, parameters and FLOPs at {size_words(inside.size)}{', and milliseconds' if inside.takes else ''}"
    caption = f"Point at a box, or go through them with the tab key, for {what}."
    figure = Figure("", annotated(inside, f"{key}-net"), f"{caption} {inside.told}".strip(), wide=True)
    blocks: list[Block] = [Figures((figure,)), parts_table(inside)]
    if below is not None:
        drawn = Figure("", annotated(below, f"{key}-static"), wide=True)
        blocks.append(Fold("The static network below it", (Figures((drawn,)),)))
    blocks.append(Fold("As text", (Code(to_text(inside.genotype)),)))
    return Section("The network", tuple(blocks))


def parts_table(inside: Inside) -> Block:
    found = inside.description
    video = found.step_flops is not None
    columns = ["part", "operation", "parameters", *(["key FLOPs", "other FLOPs"] if video else ["FLOPs"])]
    most = max(1, found.key_flops, found.step_flops or 0)
    rows: list[list[str | Cell]] = []
    for item in found.items:
        flops = [item.key_flops, item.step_flops] if video else [item.key_flops]
        cells = [Cell(amount(value) if value else NOTHING, value / most if value else None) for value in flops]
        rows.append([item.name, item.op, f"{item.parameters:,}", *cells])
    totals = [found.key_flops, found.step_flops] if video else [found.key_flops]
    strong = [Cell(text, strong=True) for text in ("total", "", f"{found.parameters:,}", *map(amount, totals))]
    return Fold("What its parts cost", (table("", columns, [*rows, strong]),))
