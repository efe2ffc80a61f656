"""A drawing of a genotype for Graphviz."""

from segsmith.genotype.core import Genotype
from segsmith.genotype.diagram import Panel, heading, panels

COLOURS = {
    "input": ("#e3e5e8", "#80868f"),
    "previous": ("#eef0f2", "#80868f"),
    "operation": ("#fbd7a2", "#cf8418"),
    "aggregation": ("#c6e6c1", "#439040"),
    "cell": ("#d4def7", "#5870c0"),
    "output": ("#ffffff", "#3c4048"),
}


def to_dot(genotype: Genotype) -> str:
    """What is alive of the genotype: a cluster for the net and one for each cell."""
    lines = [
        "digraph genotype {",
        f"  label={_quoted(heading(genotype))}; labelloc=t; fontname=Helvetica;",
        '  node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=11];',
        "  edge [fontname=Helvetica, fontsize=9];",
    ]
    for index, panel in enumerate(panels(genotype)):
        lines += _cluster(index, panel)
    return "\n".join([*lines, "}"]) + "\n"


def _cluster(index: int, panel: Panel) -> list[str]:
    names = {box.key: f"p{index}_{number}" for number, box in enumerate(panel.boxes)}
    lines = [f"  subgraph cluster_{index} {{", f"    label={_quoted(panel.title)};"]
    for box in panel.boxes:
        fill, line = COLOURS[box.style]
        style = ', style="rounded,filled,dashed"' if box.style == "previous" else ""
        label = _quoted("\n".join(box.lines))
        lines.append(f'    {names[box.key]} [label={label}, fillcolor="{fill}", color="{line}"{style}];')
    for arrow in panel.arrows:
        style = "dashed" if arrow.dashed else "solid"
        label = f", headlabel={_quoted(arrow.port)}" if arrow.port else ""
        lines.append(f"    {names[arrow.source]} -> {names[arrow.target]} [style={style}{label}];")
    return [*lines, "  }"]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
