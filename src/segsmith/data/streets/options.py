"""What a data set of simulated streets is made from, as the user writes it: ``clips=40,frames=30,size=360x480,seed=0``."""

import re
from dataclasses import dataclass, fields

from segsmith.data.streets.chance import SPLITS
from segsmith.errors import UserError

LIMITS = {"clips": (3, 100_000), "frames": (1, 3000), "seed": (0, 2**31 - 1), "label_every": (1, 3000)}
SIDES = (32, 2160)


@dataclass(frozen=True, slots=True)
class Options:
    """``size`` is (height, width); every ``label_every``-th frame of a clip has a mask, counted from its last."""

    clips: int = 40
    frames: int = 30
    size: tuple[int, int] = (360, 480)
    seed: int = 0
    label_every: int = 1

    def counts(self) -> dict[str, int]:
        """Clips in each split: about 70, 15 and 15 of 100, and never none."""
        held_out = max(1, self.clips * 3 // 20)
        return dict(zip(SPLITS, (self.clips - 2 * held_out, held_out, held_out), strict=True))

    def text(self) -> str:
        return ",".join(f"{field.name}={self._written(field.name)}" for field in fields(self))

    def _written(self, name: str) -> str:
        return "{}x{}".format(*self.size) if name == "size" else str(getattr(self, name))


TOY = Options(clips=40, frames=20, size=(144, 192), seed=7)


def parse(text: str) -> Options:
    """The options that a text names; the rest as they are by default."""
    values: dict[str, int | tuple[int, int]] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        known = ", ".join(field.name for field in fields(Options))
        if not equals or name not in (*LIMITS, "size"):
            raise UserError(f"streets has no option {part!r}", fix=f"options are NAME=VALUE with {known}, e.g. {Options().text()}")
        if name in values:
            raise UserError(f"streets option {name} is given twice", fix="give it once")
        values[name] = _size(value) if name == "size" else _number(name, value)
    return Options(**values)  # type: ignore[arg-type]


def _number(name: str, value: str) -> int:
    low, high = LIMITS[name]
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise UserError(f"streets option {name}={value} is not possible", fix=f"give a whole number from {low} to {high}")
    return int(value)


def _size(value: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value, re.ASCII)
    sides = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(SIDES[0] <= side <= SIDES[1] and side % 2 == 0 for side in sides):
        fix = f"give HEIGHTxWIDTH in even pixels from {SIDES[0]} to {SIDES[1]}, e.g. 360x480"
        raise UserError(f"streets option size={value} is not possible", fix=fix)
    return sides
