"""Why a mask holds values that no class has: the likely cause, and the way out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import gcd

import numpy as np
import numpy.typing as npt

from segsmith.data.base import Colour, Image

SHOWN = 6
ANTI_ALIASED_SHARE = 0.2
"""Softened edges are a small part of a mask; more unknown colour than this is another palette."""
MANY = 48
"""So many numbers that no class has are a picture, not labels."""


@dataclass(frozen=True, slots=True)
class Cause:
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The distinct numbers of a mask, and those among them that stand for nothing."""

    all: tuple[int, ...]
    bad: tuple[int, ...]
    legal: frozenset[int]
    classes: int

    @property
    def highest(self) -> int:
        return self.all[-1]


def number_cause(values: npt.NDArray[np.generic], ids: Mapping[int, int], names: tuple[str, ...]) -> Cause:
    """What is wrong with a mask whose numbers are not all among ``ids``."""
    found = tuple(int(value) for value in np.unique(values))
    if not ids:
        what = f"a mask of class numbers ({_some(found)}) where colours are expected"
        return Cause(what, "use the colour masks, or leave out the option that asks for colours")
    numbers = _Numbers(found, tuple(value for value in found if value not in ids), frozenset(ids), len(names))
    likely, fix = next((why, fix) for fits, why, fix in NUMBER_CAUSES if fits(numbers))
    plural = "value" if len(numbers.bad) == 1 else "values"
    what = f"mask {plural} {_some(numbers.bad)} outside the classes ({spans(sorted(ids))}): {likely}"
    return Cause(what, fix.replace("DIVISOR", str(_divisor(numbers))))


def _divisor(numbers: _Numbers) -> int:
    return gcd(*numbers.all) or 1


def _stretched(numbers: _Numbers) -> bool:
    return numbers.highest > 255 and (_divisor(numbers) % 257 == 0 or _divisor(numbers) % 256 == 0)


def _from_one(numbers: _Numbers) -> bool:
    last = max(numbers.legal - {255})
    return numbers.bad == (last + 1,) and 0 not in numbers.all


def _instances(numbers: _Numbers) -> bool:
    return 1000 <= numbers.highest < 34000 and any(1000 <= value < 34000 for value in numbers.bad)


def _spread(numbers: _Numbers) -> bool:
    divisor = _divisor(numbers)
    return divisor > 1 and numbers.highest // divisor <= max(numbers.classes, 2) and numbers.highest <= 255


NUMBER_CAUSES: tuple[tuple[Callable[[_Numbers], bool], str, str], ...] = (
    (
        lambda n: set(n.all) in ({0, 255}, {255}),
        "a binary 0/255 mask",
        'save 0 and 1, or read it as folder: with "ids": [0, 255] in classes.json',
    ),
    (
        _stretched,
        "8-bit class numbers stretched to 16 bits",
        "divide the values by 257 (or 256), and save 8-bit PNG",
    ),
    (_instances, "instance ids (class * 1000 + instance)", "use the labelIds files, or divide by 1000"),
    (
        lambda n: n.classes == 19 and n.highest <= 33,
        "Cityscapes labelIds where trainIds are expected",
        'read them as cityscapes:, or list the labelIds under "ids" in classes.json',
    ),
    (
        lambda n: n.bad == (255,) and n.highest == 255 and n.classes == 19 and 33 in n.legal,
        "trainIds where Cityscapes labelIds are expected",
        "use the *_labelIds.png files",
    ),
    (
        _from_one,
        "class numbers that start at 1",
        'subtract 1, or list the numbers under "ids" in classes.json',
    ),
    (
        _spread,
        "class numbers multiplied for viewing",
        "divide the values by what they were multiplied with (DIVISOR, or a part of it)",
    ),
    (
        lambda n: n.bad == (255,),
        "255 has no meaning here",
        "save ignored pixels as one of the numbers above",
    ),
    (
        lambda n: len(n.bad) >= MANY,
        "a photograph, or colours or soft edges turned to grey",
        "save class numbers, and scale masks with nearest neighbour",
    ),
    (
        lambda n: True,
        "numbers that no class has",
        'name them in classes.json (under "ids" or "ignore"), or mend the mask',
    ),
)


def colour_cause(packed: npt.NDArray[np.uint32], colours: Mapping[Colour, int], names: tuple[str, ...]) -> Cause:
    """What is wrong with a colour mask whose colours are not all among ``colours``."""
    found, counts = np.unique(packed, return_counts=True)
    keys = {(r << 16) | (g << 8) | b: target for (r, g, b), target in colours.items()}
    unknown = [
        (int(count), _unpack(int(value))) for value, count in zip(found, counts, strict=True) if value not in keys
    ]
    unknown.sort(reverse=True)
    worst = unknown[0][1]
    if not colours:
        return Cause(
            f"an RGB mask ({len(found)} colours, such as {worst}) where class numbers are expected",
            'give "colours" in classes.json, or save class numbers as 8-bit grey PNG',
        )
    if all(_mirrored(colour) in colours for _, colour in unknown):
        return Cause(f"colours such as {worst} with red and blue exchanged", "convert BGR to RGB before saving")
    nearest = f"{worst} is nearest to {nearest_class(worst, colours, names)}"
    share = sum(count for count, _ in unknown) / packed.size
    what = f"{len(unknown)} unknown {'colour' if len(unknown) == 1 else 'colours'} on {share:.1%} of the mask"
    if share < ANTI_ALIASED_SHARE and len(unknown) > 1:
        return Cause(f"{what}: anti-aliased edges; {nearest}", "draw and scale masks with nearest neighbour")
    return Cause(f"{what}: {nearest}", 'give every colour a class, or list it under "ignore", in classes.json')


def palette_clash(
    palette: Image,
    used: npt.NDArray[np.intp],
    ids: Mapping[int, int],
    colours: Mapping[Colour, int],
    names: tuple[str, ...],
) -> Cause | None:
    """A palette mask in which a number means one class and its colour another; a grey ramp says nothing."""
    if (palette == np.arange(256)[:, None]).all():
        return None
    for number in used:
        red, green, blue = (int(part) for part in palette[number])
        by_colour, by_number = colours.get((red, green, blue)), ids.get(int(number))
        if by_colour is not None and by_number is not None and by_colour != by_number:
            return Cause(
                f"palette mask: number {number} is {_name(by_number, names)}, "
                f"its colour {(red, green, blue)} is {_name(by_colour, names)}",
                "save the mask as grey class numbers, or give the palette's colours in classes.json",
            )
    return None


def nearest_class(colour: Colour, colours: Mapping[Colour, int], names: tuple[str, ...]) -> str:
    best = min(colours, key=lambda other: sum((a - b) ** 2 for a, b in zip(colour, other, strict=True)))
    return f"{_name(colours[best], names)} {best}"


def spans(numbers: list[int]) -> str:
    """0-11, 255 for the numbers 0 to 11 and 255."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


def _some(values: tuple[int, ...]) -> str:
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(str(value) for value in values[:SHOWN]) + more


def _name(target: int, names: tuple[str, ...]) -> str:
    return f"'{names[target]}'" if target < len(names) else "void"


def _unpack(value: int) -> Colour:
    return value >> 16, (value >> 8) & 255, value & 255


def _mirrored(colour: Colour) -> Colour:
    return colour[2], colour[1], colour[0]
