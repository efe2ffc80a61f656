"""The figures of a reproduction: drawn into a folder, and listed with those that could not be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from segsmith.genotype import Genotype
from segsmith.reproduce.drawn import write_network
from segsmith.reproduce.plots import save
from segsmith.reproduce.published import PrintedFigure

FOLDER = "figures"


@dataclass
class Album:
    """Each figure as ``figures/NAME.svg`` and ``.png``; several files may belong to one number of the paper."""

    out: Path
    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, number: str, name: str, drawing: Figure | Genotype, title: str = "", note: str = "", cell: str = ""
    ) -> None:
        """``cell``: the one of the network that is drawn alone."""
        folder = self.out / FOLDER
        if isinstance(drawing, Figure):
            save(drawing, folder, name)
        else:
            write_network(drawing, folder, name, cell)
        self.entries.append({"figure": number, "title": title, "file": f"{FOLDER}/{name}", "note": note})

    def miss(self, number: str, why: str) -> None:
        self.entries.append({"figure": number, "title": "", "file": None, "note": why})

    def listed(self, printed: Sequence[PrintedFigure], absent: str) -> list[dict[str, Any]]:
        """In the paper's order, the paper's titles where there is no other; our own figures behind them."""
        order = {figure.number: place for place, figure in enumerate(printed)}
        titles = {figure.number: figure.title for figure in printed}
        drawn = {entry["figure"] for entry in self.entries}
        for number in order:
            if number not in drawn:
                self.miss(number, absent)
        for entry in self.entries:
            entry["title"] = entry["title"] or titles.get(entry["figure"], "")
        return sorted(self.entries, key=lambda entry: order.get(entry["figure"], len(order)))
