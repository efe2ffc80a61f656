"""The rows of the LGC paper's tables and of its figure 7, as what they change of a search."""

from dataclasses import dataclass, field
from typing import Any

from segsmith.errors import UserError
from segsmith.genotype.faults import nearest

ANY, WITHIN = "any", "within"


@dataclass(frozen=True)
class Row:
    """``changes`` are of GradientOptions, ``words`` options of the space. ``random`` networks are not searched for:
    ``any`` of the space, or those ``within`` what the searched network costs."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    random: str = ""

    @property
    def run(self) -> str:
        """The folder of its runs: rows that ask the same in several tables share them."""
        asked = {**self.changes, **self.words} | ({"random": self.random} if self.random else {})
        return "+".join(f"{key}={value}" for key, value in asked.items()).replace(",", "-") or "base"


BASE = Row("LGC")

TABLES: dict[str, tuple[Row, ...]] = {
    "table6": (
        Row("cells shared", words={"shared": "yes"}),
        Row("cells independent", {"guide": "none"}),
        Row("independent, fully connected", {"guide": "linear"}),
        Row("independent, graph"),
    ),
    "table7": (Row("random", random=ANY), Row("random within the latency", random=WITHIN), BASE),
    "controls": (Row("random within the latency", random=WITHIN), BASE),
    "table8": (
        Row("without", {"guide": "none"}),
        *(Row(f"d = {width}", {"guide_width": width} if width != 64 else {}) for width in (16, 32, 64, 128, 256)),
    ),
    "table9": (Row("operation identity", {"guide": "operations"}), Row("edge similarity")),
    "table10": (
        Row("no fusion", words={"fusion": "none"}),
        Row("ASPP", words={"fusion": "aspp"}),
        Row("PPM", words={"fusion": "ppm"}),
        Row("searched, two scales", words={"fusion": "multiscale"}),
        Row("dense-connected fusion cell"),
    ),
    "table11": tuple(
        Row(f"cells {cells}", words={"aggregate": cells} if cells != "0,7,13" else {})
        for cells in ("0,5,13", "0,6,13", "0,7,13", "0,7,10", "0,7,11", "0,7,12")
    ),
    "figure7": tuple(Row(f"beta {beta:g}", {"beta": beta}) for beta in (0.0, 0.005, 0.015, 0.03, 0.05)),
}


def rows_of(tables: tuple[str, ...]) -> dict[str, tuple[Row, ...]]:
    for name in tables:
        if name not in TABLES:
            raise UserError(f"there is no {name!r}", fix=nearest(name, TABLES))
    if not tables:
        raise UserError("which tables?", fix=f"name some of {', '.join(TABLES)}")
    return {name: TABLES[name] for name in tables}
