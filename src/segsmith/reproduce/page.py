"""The page of a reproduction: what differs, every table with both numbers, every figure."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from segsmith.report.blocks import Article, Block, Cell, Figure, Figures, Note, Section, Table, table
from segsmith.report.page import render
from segsmith.report.words import NOTHING, data_words, duration, is_number
from segsmith.training.runfolder import replacing


def write_page(found: Mapping[str, Any], out: Path) -> None:
    html = render([article(found, out.parent)], None)
    with replacing(out) as beside:
        beside.write_text(html, encoding="utf-8")


def article(found: Mapping[str, Any], folder: Path) -> Article:
    sections = [
        Section("Where this differs from the paper", (differences(found),)),
        *(Section(heading(one["table"]), tuple(table_blocks(one))) for one in found["tables"]),
        Section("Figures", tuple(block for one in found["figures"] for block in figure_blocks(one, folder))),
        Section("Time", (times(found), Note("Of a stage that was killed: since it went on."))),
    ]
    return Article(
        "r0", found["title"], f"reproduction at scale {found['scale']}", "finished", opening(found), tuple(sections)
    )


def opening(found: Mapping[str, Any]) -> str:
    drawn = sum(one["file"] is not None for one in found["figures"])
    rows = [row for one in found["tables"] for row in one["rows"]]
    ours = sum(any(cell["ours"] is not None for cell in row["cells"].values()) for row in rows)
    seconds = sum(stage["seconds"] for stage in found["stages"])
    return (
        f"The whole pipeline on {data_words(found['data'])}, in {duration(seconds)}: {len(found['tables'])} tables, "
        f"{ours} rows of them ours, {drawn} figures. Published numbers stand beside; how far "
        "they can be compared is said first."
    )


def differences(found: Mapping[str, Any]) -> Table:
    rows = [(d["what"], d["paper"], d["here"]) for d in found["differences"]]
    return table("", ("", "the paper", "here"), rows, prose=(1, 2))


def heading(number: str) -> str:
    """What is no table in the paper has its place for a number: ``figure 9``."""
    return number[:1].upper() + number[1:] if " " in number else f"Table {number}"


def table_blocks(one: Mapping[str, Any]) -> list[Block]:
    """Two columns for each of the paper's, and what there is to say of a row."""
    columns = [f"{column}, {whose}" for column in one["columns"] for whose in ("published", "ours")]
    digits = {column: places([row["cells"][column]["published"] for row in one["rows"]]) for column in one["columns"]}
    rows = []
    for row in one["rows"]:
        cells: list[str | Cell] = [row["name"]]
        for column, cell in row["cells"].items():
            cells.append(written(cell["published"], cell["published_spread"], digits[column]))
            cells.append(Cell(written(cell["ours"], cell["ours_spread"], digits[column]), strong=True))
        rows.append([*cells, row["remark"]])
    headings = ["", *columns, "remarks"]
    if not any(row["remark"] for row in one["rows"]):
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    return [table(one["title"], headings, rows, prose=(len(columns) + 1,)), *map(Note, one["notes"])]


def places(values: Sequence[object]) -> int:
    """Behind the point, as many as the paper prints in that column."""
    return max((len(f"{value:.10g}".partition(".")[2]) for value in values if is_number(value)), default=1)


def written(value: object, spread: object, digits: int) -> str:
    if not is_number(value):
        return NOTHING if value is None else str(value)
    number = f"{value:,.{digits}f}"
    return f"{number} ± {spread:,.{max(1, digits)}f}" if is_number(spread) else number


def figure_blocks(one: Mapping[str, Any], folder: Path) -> list[Block]:
    name = f"Figure {one['figure']}" if one["figure"] != "ours" else "Ours"
    title = f"{name}: {one['title']}"
    if one["file"] is None:
        return [Note(f"{title}: not drawn, {one['note']}")]
    return [Figures((Figure(title, drawing(folder / f"{one['file']}.svg", title), one["note"], wide=True),))]


def drawing(path: Path, label: str) -> Markup:
    """At its own size, and smaller where there is less room."""
    data = b64encode(path.read_bytes()).decode("ascii")
    return Markup('<img src="data:image/svg+xml;base64,{}" alt="{}" style="max-width:100%">').format(data, label)


def times(found: Mapping[str, Any]) -> Table:
    return table("", ("stage", "time"), [(stage["name"], duration(stage["seconds"])) for stage in found["stages"]])
