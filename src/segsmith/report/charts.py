"""Charts as SVG for the page: lines, points, areas, bars.

Colours are the page's (classes ``c0`` ... ``c7``), so that one drawing suits light and dark; no series is told from
another by colour alone: lines differ in their dashes, points in their shape, areas carry their names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate

from markupsafe import Markup

from segsmith.report.scales import Scale, tick_text, ticks

WIDTH, HEIGHT = 420, 280
LEFT, RIGHT, BOTTOM, LINE = 50, 12, 44, 18
LETTER = 6.6
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "1 4", "12 4", "6 2 1 2")
SHAPES = ("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-4-4h8v8h-8z", "M0-5l5 9h-10z", "M0-5l5 5-5 5-5-5z")
COLOURS = 8


@dataclass(frozen=True)
class Point:
    """``about`` is said where a reader points at it."""

    x: float
    y: float
    about: str = ""


@dataclass(frozen=True)
class Series:
    """``style`` chooses colour, dash and shape. ``faint`` steps behind the others; ``hollow`` leaves shapes empty."""

    name: str
    points: tuple[Point, ...]
    style: int = 0
    line: bool = True
    marks: bool = False
    faint: bool = False
    hollow: bool = False


@dataclass(frozen=True)
class Axis:
    label: str
    from_zero: bool = False
    whole: bool = False


def xy_chart(
    title: str, series: Sequence[Series], x: Axis, y: Axis, uprights: Sequence[tuple[float, str]] = ()
) -> Markup:
    """Lines and points over two axes. ``uprights`` are vertical lines with a name: a cost that all is held against."""
    shown = [one for one in series if one.points]
    points = [point for one in shown for point in one.points]
    names = [(one.name, _sample(one)) for one in shown if one.name and len(shown) > 1]
    legend, top = _legend(names)
    x_ticks = ticks([*(p.x for p in points), *(at for at, _ in uprights)], 5, x.from_zero, x.whole)
    y_ticks = ticks([p.y for p in points], 5, y.from_zero, y.whole)
    across, up, axes = _axes(x_ticks, y_ticks, x.label, y.label, top)
    body = [*legend, *axes]
    for at, name in uprights:
        flip = across(at) > WIDTH / 2
        body.append(f'<path class="upright" d="M{across(at):.1f} {up(y_ticks[0]):.1f}V{up(y_ticks[-1]):.1f}"/>')
        body.append(_text(across(at) + (-5 if flip else 5), up(y_ticks[0]) - 6, name, "small", "end" if flip else ""))
    for one in sorted(shown, key=lambda one: not one.faint):
        body.append(_drawn(one, across, up))
    return _svg(title, f"{y.label} against {x.label}. {_spoken(shown)}", body)


def area_chart(
    title: str, names: Sequence[str], shares: Sequence[Sequence[float]], x: Axis, xs: Sequence[float]
) -> Markup:
    """Shares of a whole over ``xs``, one on the other; ``shares[i]`` are those of ``names[i]``."""
    legend, top = _legend(
        [(name, f'<path class="fill c{i % COLOURS}" d="M0-9h20v10h-20z"/>') for i, name in enumerate(names)]
    )
    across, up, axes = _axes(ticks(xs, 5, whole=x.whole), [0.0, 25.0, 50.0, 75.0, 100.0], x.label, "share in %", top)
    sums = [list(accumulate((100 * row[k] for row in shares), initial=0.0)) for k in range(len(xs))]
    body, labels = [*legend, *axes], list[str]()
    for i, name in enumerate(names):
        lower = [(across(at), up(sums[k][i])) for k, at in enumerate(xs)]
        upper = [(across(at), up(sums[k][i + 1])) for k, at in enumerate(xs)]
        about = f"{name}: {100 * shares[i][0]:.0f} % at first, {100 * shares[i][-1]:.0f} % at last"
        path = f"M{_path(lower)}L{_path(upper[::-1])}z"
        body.append(f'<path class="fill area c{i % COLOURS}" d="{path}"><title>{escape(about)}</title></path>')
        if lower[-1][1] - upper[-1][1] >= 15 and len(xs) > 1:
            labels.append(_text(across(xs[-1]) - 6, (lower[-1][1] + upper[-1][1]) / 2 + 4, name, "on", "end"))
    last = ", ".join(f"{name} {100 * row[-1]:.0f} %" for name, row in zip(names, shares, strict=True))
    return _svg(title, f"Shares over {x.label}; at last {last}.", [*body, *labels])


def bar_chart(title: str, bars: Sequence[tuple[str, float, str]]) -> Markup:
    """A bar for each name, with what it is in words."""
    most = max((value for _, value, _ in bars), default=0.0) or 1.0
    body, pitch = list[str](), 40
    for index, (name, value, words) in enumerate(bars):
        y = index * pitch
        length = max(1.0, (WIDTH - 4) * value / most)
        body += [
            _text(0, y + 14, name),
            _text(WIDTH, y + 14, words, "small", "end"),
            f'<rect class="track" x="0" y="{y + 20}" width="{WIDTH}" height="10" rx="2"/>',
            f'<rect class="fill c0" x="0" y="{y + 20}" width="{length:.1f}" height="10" rx="2"/>',
        ]
    spoken = ", ".join(f"{name} {words}" for name, _, words in bars)
    return _svg(title, spoken, body, pitch * max(1, len(bars)))


def front(points: Sequence[Point]) -> list[Point]:
    """The cheapest first; each is better than all that cost no more."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda one: (one.x, -one.y)):
        if not kept or point.y > kept[-1].y:
            kept.append(point)
    return kept


def _axes(
    x_ticks: list[float], y_ticks: list[float], x_label: str, y_label: str, top: float
) -> tuple[Scale, Scale, list[str]]:
    across = Scale(x_ticks[0], x_ticks[-1], LEFT, WIDTH - RIGHT)
    up = Scale(y_ticks[0], y_ticks[-1], HEIGHT - BOTTOM, top + LINE)
    parts = [_text(0, top + 6, y_label, "small")]
    for value in y_ticks:
        parts.append(f'<path class="grid" d="M{LEFT} {up(value):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 7, up(value) + 4, tick_text(value), "small", "end"))
    for value in x_ticks:
        parts.append(_text(across(value), HEIGHT - BOTTOM + 18, tick_text(value), "small", "middle"))
    parts.append(f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 5, x_label, "small", "middle"))
    return across, up, parts


def _drawn(one: Series, across: Scale, up: Scale) -> str:
    kind = f"c{one.style % COLOURS}{' faint' if one.faint else ''}{' hollow' if one.hollow else ''}"
    parts = []
    if one.line and len(one.points) > 1:
        path = _path([(across(p.x), up(p.y)) for p in one.points])
        parts.append(f'<path class="line {kind}"{_dash(one)} d="M{path}"/>')
    if one.marks or len(one.points) == 1:
        for p in one.points:
            about = f"<title>{escape(p.about)}</title>" if p.about else ""
            spot = f'transform="translate({across(p.x):.1f} {up(p.y):.1f})"'
            parts.append(f'<path class="mark {kind}" {spot} d="{_shape(one)}">{about}</path>')
    return "".join(parts)


def _sample(one: Series) -> str:
    kind = f"c{one.style % COLOURS}{' faint' if one.faint else ''}{' hollow' if one.hollow else ''}"
    line = f'<path class="line {kind}"{_dash(one)} d="M0-4h22"/>' if one.line else ""
    marked = one.marks or not one.line
    return line + (f'<path class="mark {kind}" transform="translate(11 -4)" d="{_shape(one)}"/>' if marked else "")


def _legend(entries: Sequence[tuple[str, str]]) -> tuple[list[str], float]:
    """Samples and names in as many lines as they need, and the height that these take."""
    parts, x, y = list[str](), 0.0, float(LINE - 5)
    for name, sample in entries:
        words = _cut(name, 44)
        width = 28 + LETTER * len(words) + 14
        if x and x + width - 14 > WIDTH:
            x, y = 0.0, y + LINE
        parts.append(f'<g transform="translate({x:.0f} {y:.0f})">{sample}{_text(28, 0, words, "small")}</g>')
        x += width
    return parts, y + 13 if entries else 8.0


def _svg(title: str, about: str, body: Sequence[str], height: float = HEIGHT) -> Markup:
    head = f'<svg class="chart" role="img" viewBox="0 0 {WIDTH} {height:.0f}">'
    return Markup("\n".join([head, f"<title>{escape(title)}</title><desc>{escape(about)}</desc>", *body, "</svg>"]))


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "") -> str:
    more = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _dash(one: Series) -> str:
    dash = DASHES[one.style % len(DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _shape(one: Series) -> str:
    return SHAPES[one.style % len(SHAPES)]


def _spoken(series: Sequence[Series]) -> str:
    """The ends of every series, for readers who cannot see it."""
    ends = [(one.name or "all", one.points[0], one.points[-1]) for one in series]
    return "; ".join(f"{name}: {a.y:.4g} at {a.x:.4g}, {b.y:.4g} at {b.x:.4g}" for name, a, b in ends)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
