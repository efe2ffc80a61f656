"""Figures as files: each as SVG and as PNG from one drawing. Series are the report's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from segsmith.data.base import Image
from segsmith.report.charts import Axis, Series
from segsmith.reproduce.labels import write_labels
from segsmith.study.analysis import Shares
from segsmith.training.runfolder import replacing

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.")
DPI = 130


def plot(series: Sequence[Series], x: Axis, y: Axis, log: bool = False) -> Figure:
    """Lines and points; what a point is about stands beside it where there is room, of the last series first. Points
    without a line are hollow: those below others are seen, too."""
    figure, axes = sheet(1)
    for one in (one for one in series if one.points):
        style = {"linestyle": DASHES[one.style % len(DASHES)] if one.line else "none"}
        marker = MARKERS[one.style % len(MARKERS)] if one.marks or len(one.points) == 1 else ""
        xs, ys = [point.x for point in one.points], [point.y for point in one.points]
        faint = 0.45 if one.faint else 1.0
        fill = "full" if one.line or one.faint else "none"
        look = {"markersize": 6, "fillstyle": fill, "color": colour(one), "alpha": faint}
        axes[0].plot(xs, ys, marker=marker, label=one.name, **look, **style)
    axes[0].set(xlabel=x.label, ylabel=y.label)
    for axis, wanted in ((axes[0].xaxis, x), (axes[0].yaxis, y)):
        if wanted.whole:
            axis.set_major_locator(MaxNLocator(integer=True))
    if log:
        axes[0].set_xscale("log")
        axes[0].xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes[0].xaxis.set_major_formatter("{x:g}")
        axes[0].xaxis.set_minor_formatter("")
    if len([one for one in series if one.points and one.name]) > 1:
        axes[0].legend(fontsize=8)
    write_labels(axes[0], [point for one in reversed(series) for point in one.points])
    return figure


def colour(one: Series) -> str:
    return f"C{one.style % 10}"


def areas(parts: Sequence[Shares]) -> Figure:
    """Shares of a whole over trials, side by side."""
    figure, axes = sheet(len(parts))
    for axis, one in zip(axes, parts, strict=True):
        names = sorted(one.shares, key=lambda name: -sum(one.shares[name]))
        rows = [[100 * share for share in one.shares[name]] for name in names]
        xs: Sequence[float] = one.trials
        if len(xs) == 1:  # one window is no line: it is drawn as a band
            xs, rows = (xs[0] - 1, xs[0]), [row * 2 for row in rows]
        axis.stackplot(xs, rows, labels=names)
        axis.set(xlabel="trial", ylabel="share in %", title=one.what, ylim=(0, 100))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False)
    return figure


def boxes(title: str, groups: Mapping[str, Sequence[float]]) -> Figure:
    """Quartiles of every group with all its values."""
    figure, axes = sheet(1)
    places = range(1, len(groups) + 1)
    axes[0].boxplot(list(groups.values()), positions=list(places), widths=0.5, showfliers=False)
    for place, values in zip(places, groups.values(), strict=True):
        spots = [place + 0.18 * ((7 * i) % 11 - 5) / 5 for i in range(len(values))]
        axes[0].plot(spots, values, "o", markersize=3, alpha=0.5, color="C0")
    axes[0].set_xticks(list(places), [f"{name} ({len(values)})" for name, values in groups.items()], fontsize=8)
    axes[0].set(ylabel=title)
    return figure


def grid(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Image]]]) -> Figure:
    """Pictures in rows that have names, under columns that have, too."""
    height, width = rows[0][1][0].shape[:2]
    wide = 2.4
    figure = Figure(figsize=(wide * len(columns), wide * height / width * len(rows) + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots(len(rows), len(columns), squeeze=False)
    for line, (name, pictures) in zip(axes, rows, strict=True):
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture)
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, fontsize=6)
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(name, fontsize=8)
    return figure


def sheet(count: int) -> tuple[Figure, Any]:
    figure = Figure(figsize=(6.4 if count == 1 else 4.6 * count, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, count, squeeze=False)[0]
    for axis in axes:
        axis.grid(alpha=0.3)
    return figure, axes


def save(figure: Figure, folder: Path, name: str) -> None:
    """``name.svg`` and ``name.png``, the same at every time of day."""
    with rc_context({"svg.hashsalt": name}):
        for kind, metadata in (("svg", {"Date": None}), ("png", None)):
            with replacing(folder / f"{name}.{kind}") as beside:
                figure.savefig(beside, dpi=DPI, format=kind, metadata=metadata)
