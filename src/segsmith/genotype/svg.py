"""A drawing of a genotype as one SVG file that needs nothing else, for light and dark pages."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from xml.sax.saxutils import escape

from segsmith.genotype.core import Genotype
from segsmith.genotype.diagram import STYLES, Arrow, Box, Panel, heading, panels
from segsmith.genotype.layout import Placed, place
from segsmith.genotype.text import to_text

HEIGHT, PITCH, MARGIN, TITLE, PORT = 38, 72, 18, 34, 26.0
TOP, WIDEST = 2.5 * MARGIN, 2.5  # where panels begin; a page's width against its height
FONT, SMALL, LETTER = 12, 10, 0.6  # sizes in pixels; a letter's width against its height, on the safe side

STYLE = """
.sg text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #1b1d21; }
.sg .sg-small { font-size: 10px; fill: #4d525b; }
.sg .sg-title { font-size: 13px; font-weight: 600; }
.sg .sg-heading { font-size: 16px; font-weight: 600; }
.sg .sg-page { fill: #ffffff; }
.sg .sg-panel { fill: #f6f7f9; stroke: #d5d9e0; }
.sg .sg-input { fill: #e3e5e8; stroke: #80868f; }
.sg .sg-previous { fill: #eef0f2; stroke: #80868f; stroke-dasharray: 5 3; }
.sg .sg-operation { fill: #fbd7a2; stroke: #cf8418; }
.sg .sg-aggregation { fill: #c6e6c1; stroke: #439040; }
.sg .sg-cell { fill: #d4def7; stroke: #5870c0; }
.sg .sg-output { fill: #ffffff; stroke: #3c4048; }
.sg .sg-arrow { fill: none; stroke: #6a707a; stroke-width: 1.3; }
.sg .sg-dashed { stroke-dasharray: 5 3; }
.sg .sg-head { fill: #6a707a; }
@media (prefers-color-scheme: dark) {
  .sg text { fill: #eceef1; }
  .sg .sg-small { fill: #b9bfc9; }
  .sg .sg-page { fill: #14161a; }
  .sg .sg-panel { fill: #1d2026; stroke: #383d46; }
  .sg .sg-input { fill: #3a3e46; stroke: #9aa0aa; }
  .sg .sg-previous { fill: #292c33; stroke: #9aa0aa; }
  .sg .sg-operation { fill: #6d4510; stroke: #eba33f; }
  .sg .sg-aggregation { fill: #23512a; stroke: #6fc46b; }
  .sg .sg-cell { fill: #2a3967; stroke: #8ea4ee; }
  .sg .sg-output { fill: #14161a; stroke: #d6dae0; }
  .sg .sg-arrow { stroke: #a2a9b4; }
  .sg .sg-head { fill: #a2a9b4; }
}
"""


@dataclass(frozen=True)
class Drawn:
    """Pieces of SVG around their own corner, and the room they take."""

    parts: list[str]
    width: float
    height: float


def to_svg(genotype: Genotype, cell: str = "") -> str:
    """What is alive of the genotype: the net and a panel for each cell, or ``cell`` alone, with a legend; the text form
    as description."""
    shown = panels(genotype, cell)
    title, (net, *cells) = heading(genotype), [_panel(panel) for panel in shown]
    spots = [(MARGIN, TOP), *_flow(net, cells)]
    width = max([x + drawn.width for (x, _), drawn in zip(spots, [net, *cells], strict=True)])
    height = max([y + drawn.height for (_, y), drawn in zip(spots, [net, *cells], strict=True)])
    legend = _legend([box.style for panel in shown for box in panel.boxes], height + 1.5 * MARGIN)
    width = max(width, legend.width, 2 * MARGIN + _text_width(title, 16)) + MARGIN
    height += legend.height + 2 * MARGIN
    body = [_text(MARGIN, 1.6 * MARGIN, title, "sg-heading", "start"), *legend.parts]
    for (x, y), drawn in zip(spots, [net, *cells], strict=True):
        body += [f'<g transform="translate({x:.1f} {y:.1f})">', *drawn.parts, "</g>"]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">'
    )
    about = f"<title>{escape(title)}</title>\n<desc>{escape(to_text(genotype))}</desc>\n<style>{STYLE}</style>"
    return "\n".join([head, about, '<rect class="sg-page" width="100%" height="100%"/>', *body, "</svg>"]) + "\n"


def _flow(net: Drawn, cells: Sequence[Drawn]) -> list[tuple[float, float]]:
    """Corners of the cells' panels: shelves at the right of the net, as wide as makes the smallest page."""
    widths = [cell.width + MARGIN for cell in cells]
    limits = sorted({total for total in accumulate(widths) if total >= max(widths)})
    found = []
    for limit in limits:
        spots, height = _shelves(cells, limit, 2 * MARGIN + net.width)
        width = 3 * MARGIN + net.width + limit
        height = max(height, net.height)
        found.append((width > WIDEST * height, width * height, spots))
    return min(found)[2] if found else []


def _shelves(cells: Sequence[Drawn], limit: float, left: float) -> tuple[list[tuple[float, float]], float]:
    spots, x, y, shelf = list[tuple[float, float]](), 0.0, 0.0, 0.0
    for cell in cells:
        if x and x + cell.width > limit:
            x, y, shelf = 0.0, y + shelf + MARGIN, 0.0
        spots.append((left + x, TOP + y))
        x, shelf = x + cell.width + MARGIN, max(shelf, cell.height)
    return spots, y + shelf


def _panel(panel: Panel) -> Drawn:
    arrivals, apart = Counter(arrow.target for arrow in panel.arrows), _apart(panel.arrows)
    widths = {box.key: max(_box_width(box), 16.0 + apart[box.key] * arrivals[box.key]) for box in panel.boxes}
    placed = place(widths, [(arrow.source, arrow.target) for arrow in panel.arrows])
    height = TITLE + max(placed.layer.values()) * PITCH + HEIGHT + MARGIN
    width = max(placed.width, _text_width(panel.title, 13)) + 2 * MARGIN
    shift = (width - placed.width) / 2
    parts = [
        f'<rect class="sg-panel" width="{width:.1f}" height="{height:.1f}" rx="8"/>',
        _text(12, 22, panel.title, "sg-title", "start"),
        f'<g transform="translate({shift:.1f} {TITLE})">',
        *_arrows(panel.arrows, placed),
        *(_box(box, placed.x[box.key], placed.layer[box.key] * PITCH, widths[box.key]) for box in panel.boxes),
        "</g>",
    ]
    return Drawn(parts, width, height)


def _apart(arrows: Sequence[Arrow]) -> dict[str, float]:
    """From one arrow into a box to the next: room for what stands beside them."""
    found: dict[str, float] = defaultdict(lambda: PORT)
    for arrow in arrows:
        found[arrow.target] = max(found[arrow.target], _text_width(arrow.port, SMALL) + 10)
    return found


def _box_width(box: Box) -> float:
    sizes = (FONT, *(SMALL for _ in box.lines[1:]))
    return max(54.0, 18 + max(_text_width(line, size) for line, size in zip(box.lines, sizes, strict=True)))


def _text_width(text: str, size: float) -> float:
    return LETTER * size * len(text)


def _box(box: Box, x: float, y: float, width: float) -> str:
    radius = HEIGHT / 2 if box.style in ("input", "previous", "output") else 5
    lines = [_text(x, y + HEIGHT / 2 + (4 if len(box.lines) == 1 else -2), box.lines[0])]
    lines += [_text(x, y + HEIGHT / 2 + 12, line, "sg-small") for line in box.lines[1:]]
    frame = f'<rect class="sg-{box.style}" x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" height="{HEIGHT}"'
    return "".join([f'{frame} rx="{radius}"/>', *lines])


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "middle") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _arrows(arrows: Sequence[Arrow], placed: Placed) -> list[str]:
    """Arrows into a box stand beside each other in the order in which they come."""
    into, apart = defaultdict[str, list[int]](list), _apart(arrows)
    for index, arrow in enumerate(arrows):
        into[arrow.target].append(index)
    parts = []
    for target, indices in into.items():
        indices.sort(key=lambda index: (placed.bends[index] or [(placed.x[arrows[index].source], 0)])[-1][0])
        for place_at, index in enumerate(indices):
            port = placed.x[target] + (place_at - (len(indices) - 1) / 2) * apart[target]
            parts.append(_arrow(arrows[index], placed, placed.bends[index], port))
    return parts


def _arrow(arrow: Arrow, placed: Placed, bends: list[tuple[float, int]], port: float) -> str:
    x, y = placed.x[arrow.source], placed.layer[arrow.source] * PITCH + HEIGHT
    path, end = [f"M{x:.1f} {y:.1f}"], placed.layer[arrow.target] * PITCH
    for bend, layer in bends:
        path += [_curve(x, y, bend, layer * PITCH), f"V{layer * PITCH + HEIGHT}"]
        x, y = bend, layer * PITCH + HEIGHT
    path.append(_curve(x, y, port, end - 6))
    dashed = " sg-dashed" if arrow.dashed else ""
    head = f'<path class="sg-head" d="M{port - 4:.1f} {end - 7} h8 l-4 7 z"/>'
    label = _text(port - 6, end - 6, arrow.port, "sg-small", "end") if arrow.port else ""
    return f'<path class="sg-arrow{dashed}" d="{"".join(path)}"/>{head}{label}'


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (y + to_y) / 2
    return f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"


def _legend(styles: Sequence[str], y: float) -> Drawn:
    x, parts = float(MARGIN), list[str]()
    for style, words in STYLES.items():
        if style in styles:
            parts.append(f'<rect class="sg-{style}" x="{x:.1f}" y="{y - 10:.1f}" width="22" height="13" rx="4"/>')
            parts.append(_text(x + 28, y, words, "sg-small", "start"))
            x += 28 + _text_width(words, SMALL) + 12
    return Drawn(parts, x, 1.5 * MARGIN)
