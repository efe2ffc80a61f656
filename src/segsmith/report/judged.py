"""The sections of a trained network: how good, how steady, how it got there, what it looks like."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segsmith.report.blocks import Beside, Block, Cell, Figure, Figures, Legend, Note, Section, Strip, Table, table
from segsmith.report.charts import Axis, Point, Series, xy_chart
from segsmith.report.costs import Costed, cost_figure
from segsmith.report.inside import Inside
from segsmith.report.latencies import times_of
from segsmith.report.looks import Looks
from segsmith.report.pictures import WIDEST, kept, picture, tiles
from segsmith.report.read import Judged, Run
from segsmith.report.words import is_number, percent

SUMMARY = {
    "mIoU": "miou",
    "frequency-weighted IoU": "fwiou",
    "mean accuracy": "macc",
    "pixel accuracy": "pixel_accuracy",
    "boundary IoU": "boundary_iou",
    "VC8, strict": "vc8_strict",
    "VC16, strict": "vc16_strict",
    "flicker": "flicker",
    "ceiling of the output stride": "ceiling",
}
TILES = ("frame", "answer", "truth", "errors")


def scores_section(run: Run, judged: Judged, inside: Inside | None) -> Section:
    columns = columns_of(run.name, judged)
    rows = []
    for label, key in SUMMARY.items():
        if is_number(judged.record.get(key)):
            rows.append([label, *(percent(record.get(key)) for record in columns.values())])
    blocks: list[Block] = [Beside((class_table(run, judged), table("In one number", ["", *columns], rows)))]
    against = cost_figure([Costed(run.name, judged, inside, times_of(run))]) if inside is not None else None
    if against is not None:
        blocks.append(Figures((against,)))
    return Section(f"How good it is on {judged.split}", tuple(blocks))


def columns_of(name: str, judged: Judged) -> dict[str, Mapping[str, Any]]:
    """The network's record, then those of what it has to beat."""
    return {name: judged.record, **judged.record.get("controls", {})}


def class_table(run: Run, judged: Judged) -> Table:
    colours = dict(zip(run.meta.classes, run.meta.palette, strict=True)) if run.meta else {}
    columns = columns_of("IoU", judged)
    absent = set(judged.record.get("absent", ()))
    edges = judged.record.get("per_class_boundary", {})
    rows: list[list[str | Cell]] = []
    for name in judged.record.get("per_class", {}):
        label = Cell(f"{name} (does not occur)" if name in absent else name, colour=colours.get(name))
        values = [record.get("per_class", {}).get(name) for record in columns.values()]
        cells = [Cell(percent(value), value if is_number(value) else None) for value in values]
        rows.append([label, *cells, percent(edges.get(name))])
    return table("By class", ["class", *columns, "boundary IoU"], rows)


def drift_section(run: Run, judged: Judged) -> Section | None:
    """Nothing for a network that takes every frame by itself."""
    if len(judged.record.get("drift", ())) < 2:
        return None
    columns = columns_of(run.name, judged)
    figures = [
        Figure(title, drift_chart(title, columns, key))
        for title, key in (("mIoU behind the key frame", "miou"), ("Flicker behind the key frame", "flicker"))
    ]
    return Section(f"How steady it is on {judged.split}", (Figures(tuple(figures)),))


def drift_chart(title: str, columns: Mapping[str, Mapping[str, Any]], key: str) -> Any:
    series = [
        Series(name, tuple(drift_points(record, key)), style, marks=True)
        for style, (name, record) in enumerate(columns.items())
    ]
    label = f"{'mIoU' if key == 'miou' else key} in %"
    return xy_chart(title, series, Axis("frames since the key frame", whole=True), Axis(label, from_zero=True))


def drift_points(record: Mapping[str, Any], key: str) -> list[Point]:
    found = [(entry["distance"], entry.get(key)) for entry in record.get("drift", ())]
    return [Point(distance, 100 * value, percent(value)) for distance, value in found if is_number(value)]


STEP = Axis("step", whole=True)
CURVES: tuple[tuple[str, str, float, bool, Mapping[str, str]], ...] = (
    ("mIoU on some frames of val", "mIoU in %", 100.0, True, {"miou": ""}),
    ("Loss", "loss", 1.0, False, {"loss": ""}),
    ("Learning rate", "rate", 1.0, True, {"lr": ""}),
    ("Cost of networks", "cost", 1.0, False, {"expected": "drawn now, mean", "derived": "the most probable"}),
    ("Entropy of the choices", "entropy", 1.0, True, {"entropy": ""}),
    ("Temperature", "temperature", 1.0, True, {"temperature": ""}),
    ("Weight of the cost", "weight", 1.0, True, {"beta": ""}),
)
"""Title, axis, factor, whether the axis begins at zero, and names of columns of ``curve.csv``, by command."""


def curve_section(run: Run) -> Section | None:
    figures = []
    for title, label, factor, from_zero, columns in CURVES:
        series = [
            curve_series(run.curve, column, name, factor, style, marks=column == "miou")
            for style, (column, name) in enumerate(columns.items())
        ]
        if any(one.points for one in series):
            unit = f" in {run.outcome['unit']}" if label == "cost" and run.outcome.get("unit") else ""
            figures.append(Figure(title, xy_chart(title, series, STEP, Axis(label + unit, from_zero))))
    return Section("How it learned", (Figures(tuple(figures)),)) if figures else None


def curve_series(
    rows: Sequence[Mapping[str, str]],
    key: str,
    name: str = "",
    factor: float = 1.0,
    style: int = 0,
    marks: bool = False,
    over: str = "step",
) -> Series:
    """A column of ``curve.csv`` over another; most rows leave some columns empty."""
    points = [
        Point(float(row[over]), factor * float(row[key]))
        for row in rows
        if row.get(key) and math.isfinite(float(row[key]))
    ]
    return Series(name, tuple(points), style, marks=marks)


def looks_section(run: Run, judged: Judged, looks: Looks | str | None) -> Section | None:
    """``looks`` are words where the network could not be run; then what ``evaluate`` kept is shown."""
    blocks: list[Block] = []
    if isinstance(looks, Looks):
        blocks += [*([looks.clip] if looks.clip else []), legend_of(run), *looks.strips]
    else:
        blocks += kept_strips(judged)
        if blocks and run.meta:
            blocks.insert(0, legend_of(run))
        if looks:
            blocks.append(Note(looks))
    return Section(f"What it sees on {judged.split}", tuple(blocks)) if blocks else None


def legend_of(run: Run) -> Legend:
    assert run.meta is not None
    return Legend(tuple(zip(run.meta.palette, run.meta.classes, strict=True)))


def kept_strips(judged: Judged) -> list[Block]:
    """The worst frames as ``evaluate`` drew them."""
    files = sorted(judged.pictures.glob("worst-*.png"), key=_number) if judged.pictures else []
    strips: list[Block] = []
    for file in files:
        parts = tiles(kept(file), len(TILES))
        names = TILES if len(parts) == len(TILES) else (file.name,)
        pictures = tuple(picture(part, name) for part, name in zip(parts, names, strict=True))
        strips.append(Strip(f"{judged.split or file.parent.name}, {file.stem}", pictures))
    return strips


def confusion_section(run: Run) -> Section | None:
    """What was taken for what, where ``evaluate`` drew it."""
    for judged in reversed(run.judged):
        file = judged.pictures / "confusion.png" if judged.pictures else None
        if file is not None and file.exists():
            shown = picture(kept(file), "rows: truth; columns: answers; shares of a row in percent", 2 * WIDEST, True)
            return Section(f"What it takes for what on {judged.split}", (Strip("", (shown,)),))
    return None


def _number(file: Path) -> tuple[int, str]:
    digits = file.stem.rpartition("-")[2]
    return (int(digits) if digits.isdecimal() else 0), file.name
