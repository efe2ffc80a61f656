"""A network's drawing as SVG and PNG. The PNG is made from the SVG: of the few shapes that ours are made of."""

import re
from pathlib import Path
from xml.etree import ElementTree as XML

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Outline

from segsmith.genotype import Genotype
from segsmith.genotype.svg import STYLE, to_svg
from segsmith.training.runfolder import replacing

SPACE = "{http://www.w3.org/2000/svg}"
DPI, POINT = 100, 72 / 100
DASH = (0, (5, 3))
Spot = tuple[float, float]


def write_network(genotype: Genotype, folder: Path, name: str, cell: str = "") -> None:
    """``name.svg`` and ``name.png``, of the whole or of one cell."""
    svg = to_svg(genotype, cell)
    with replacing(folder / f"{name}.svg") as beside:
        beside.write_text(svg, encoding="utf-8")
    figure = painted(XML.fromstring(svg))
    with replacing(folder / f"{name}.png") as beside:
        figure.savefig(beside, dpi=DPI, format="png")


def painted(root: XML.Element) -> Figure:
    width, height = float(root.get("width", "1")), float(root.get("height", "1"))
    figure = Figure(figsize=(width / DPI, height / DPI))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    _paint(axes, root, (0.0, 0.0), colours())
    return figure


def colours() -> dict[str, dict[str, str]]:
    """Of every class, as the light page has them."""
    light = STYLE.partition("@media")[0]
    found = re.findall(r"\.sg (?:text|\.(sg-\w+)) \{([^}]*)\}", light)
    return {name: dict(re.findall(r"(fill|stroke): (#\w+|none)", rules)) for name, rules in found}


def _paint(axes: Axes, parent: XML.Element, at: Spot, known: dict[str, dict[str, str]]) -> None:
    for part in parent:
        tag, names = part.tag.removeprefix(SPACE), part.get("class", "").split()
        look = {key: value for name in names for key, value in known.get(name, {}).items()}
        if tag == "g":
            dx, dy = (float(x) for x in re.findall(r"-?[\d.]+", part.get("transform", "0 0")))
            _paint(axes, part, (at[0] + dx, at[1] + dy), known)
        elif tag == "rect" and not part.get("width", "").endswith("%"):
            _rectangle(axes, part, at, look)
        elif tag == "path":
            _path(axes, part, at, look, "sg-dashed" in names)
        elif tag == "text":
            _text(axes, part, at, look.get("fill", known[""]["fill"]), names)


def _rectangle(axes: Axes, part: XML.Element, at: Spot, look: dict[str, str]) -> None:
    x, y, width, height, radius = (float(part.get(name, "0")) for name in ("x", "y", "width", "height", "rx"))
    axes.add_patch(
        FancyBboxPatch(
            (at[0] + x, at[1] + y), width, height, f"round,pad=0,rounding_size={min(radius, height / 2)}",
            facecolor=look.get("fill", "none"), edgecolor=look.get("stroke", "none"), linewidth=POINT,
            linestyle=DASH if "sg-previous" in part.get("class", "") else "-",
        )
    )  # fmt: skip


def _path(axes: Axes, part: XML.Element, at: Spot, look: dict[str, str], dashed: bool) -> None:
    points, codes = outline(part.get("d", ""), at)
    axes.add_patch(
        PathPatch(
            Outline(points, codes), facecolor=look.get("fill", "none"), edgecolor=look.get("stroke", "none"),
            linewidth=1.3 * POINT, linestyle=DASH if dashed else "-",
        )
    )  # fmt: skip


def outline(text: str, at: Spot) -> tuple[list[Spot], list[int]]:
    """Points and matplotlib's codes of the commands that drawings have: M, C, V, h, l and z."""
    points, codes = list[Spot](), list[int]()
    x, y = at
    for command, rest in re.findall(r"([MCVhlz])([^MCVhlz]*)", text):
        given = [float(number) for number in re.findall(r"-?[\d.]+", rest)]
        if command == "z":
            points.append(points[0])
            codes.append(int(Outline.CLOSEPOLY))
            continue
        if command in "MC":
            spots = [(at[0] + a, at[1] + b) for a, b in zip(given[::2], given[1::2], strict=True)]
        else:
            moves = {"V": (0.0, at[1] + given[0] - y), "h": (given[0], 0.0), "l": (given[0], given[-1])}
            spots = [(x + moves[command][0], y + moves[command][1])]
        points += spots
        kind = {"M": Outline.MOVETO, "C": Outline.CURVE4}.get(command, Outline.LINETO)
        codes += [int(kind)] * len(spots)
        x, y = spots[-1]
    return points, codes


def _text(axes: Axes, part: XML.Element, at: Spot, fill: str, names: list[str]) -> None:
    sizes = {"sg-small": 10, "sg-title": 13, "sg-heading": 16}
    size = next((sizes[name] for name in names if name in sizes), 12)
    anchor = {"middle": "center", "end": "right"}.get(part.get("text-anchor", ""), "left")
    axes.text(
        at[0] + float(part.get("x", "0")), at[1] + float(part.get("y", "0")), part.text or "", color=fill,
        fontsize=size * POINT, ha=anchor, va="baseline", parse_math=False,
        fontweight="bold" if {"sg-title", "sg-heading"} & set(names) else "normal",
    )  # fmt: skip
