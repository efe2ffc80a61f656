"""The section of what was exported from a run, and how it was proved."""

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from segsmith.errors import UserError
from segsmith.report.blocks import Section, table
from segsmith.report.read import Run
from segsmith.report.words import NOTHING, SPACE, percent, size_words
from segsmith.runtimes.card import Card

SUFFIXES = (".onnx", ".xml", ".pt2")


def exports_section(run: Run) -> Section | None:
    """Nothing where nothing was exported. Only ONNX files tell of themselves without their runtime."""
    files = sorted(path for path in run.path.glob("export/*") if path.suffix in SUFFIXES)
    if not files:
        return None
    columns = ["file", "size", "precision", "frames", "pixels as in torch", "proved on"]
    return Section("What was exported", (table("", columns, [row_of(path) for path in files]),))


def row_of(path: Path) -> list[str]:
    weights = path.with_suffix(".bin")
    size = path.stat().st_size + (weights.stat().st_size if path.suffix == ".xml" and weights.exists() else 0)
    shown = [path.name, f"{size / 1e6:.2f}{SPACE}MB"]
    card = card_of(path) if path.suffix == ".onnx" else None
    if card is None:
        return [*shown, *[NOTHING] * 4]
    frames = "any" if card.size is None else size_words(card.size)
    return [
        *shown,
        card.precision,
        frames,
        percent(card.parity.get("equal_pixels"), 3),
        str(card.parity.get("data", NOTHING)),
    ]


def card_of(path: Path) -> Card | None:
    """None of a file that somebody else put there."""
    try:
        words = onnx.load(path, load_external_data=False).metadata_props
        return Card.read({word.key: word.value for word in words}, path)
    except (DecodeError, UserError):
        return None
