"""The papers that can be done again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from segsmith.reproduce import cells, lgc, published_cells, published_lgc, published_templates, templates
from segsmith.reproduce.protocol import Difference
from segsmith.reproduce.stage import Context, Stage


@dataclass(frozen=True)
class Paper:
    """``stages`` do the work; the others say, of what the stages found, what the page shows. ``clips``: how many frames
    have to follow each other in the training frames of a place, where more than one. ``encoder``: the network whose
    encoder takes the weights of others; ``timed``: whether a table of latencies is of use."""

    title: str
    stages: Callable[[Context], Sequence[Stage]]
    figures: Callable[[Context], list[dict[str, Any]]]
    tables: Callable[[Context], list[dict[str, Any]]]
    differences: Callable[[Context], list[Difference]]
    clips: Mapping[str, int] = field(default_factory=dict)
    encoder: str = ""
    timed: bool = False


PAPERS: Mapping[str, Paper] = {
    "dynamic-cells": Paper(
        published_cells.TITLE,
        cells.stages,
        cells.figures,
        cells.tables,
        cells.differences,
        clips=cells.STEPS,
        encoder=cells.BASELINE,
    ),
    "template-search": Paper(
        published_templates.TITLE,
        templates.stages,
        templates.figures,
        templates.tables,
        templates.differences,
        encoder=templates.STEM,
    ),
    "lgcnet": Paper(published_lgc.TITLE, lgc.stages, lgc.figures, lgc.tables, lgc.differences, timed=True),
}
