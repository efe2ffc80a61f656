"""Numbers, times and networks in words."""

import math
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from segsmith.genotype import Genotype
from segsmith.genotype.diagram import KIND_WORDS
from segsmith.genotype.presets import preset_name

NOTHING = "–"
SPACE = "\u00a0"
"""Keeps a number and its unit on one line."""

SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def percent(value: object, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f}{SPACE}%" if is_number(value) else NOTHING


def amount(value: object, unit: str = "") -> str:
    """Three figures and a power: 2.51 GFLOPs."""
    if not is_number(value):
        return NOTHING
    for scale, letter in SCALES:
        if abs(value) >= 0.9995 * scale:
            return f"{three(value / scale)}{SPACE}{letter}{unit}"
    return f"{three(value)}{SPACE}{unit}".strip()


def three(value: float) -> str:
    """Three figures, with no power of ten."""
    places = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{min(places, 4)}f}"


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def duration(seconds: object) -> str:
    if not is_number(seconds):
        return NOTHING
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h", f"{minutes} min"] if hours else [f"{minutes} min", f"{rest} s"]
    return " ".join(part for part in parts if not part.startswith("0 "))


def size_words(size: Sequence[int]) -> str:
    return f"{size[0]}{SPACE}×{SPACE}{size[1]}"


def network_words(genotype: Genotype) -> str:
    """``light, a dynamic cell on template-arch1``."""
    kind = KIND_WORDS[genotype.kind]
    name = preset_name(genotype)
    words = f"{name}, {article(kind)}" if name else article(kind)
    if genotype.static is None:
        return words
    return f"{words} on {preset_name(genotype.static) or article(KIND_WORDS[genotype.static.kind])}"


def article(words: str) -> str:
    return f"{'an' if words.startswith(('LGC', 'a', 'e', 'i', 'o')) else 'a'} {words}"


def listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def called(value: object) -> str:
    """A run or a file by its own name, without the folders that it lies in."""
    return str(value).rstrip("/").rpartition("/")[2] or str(value)


def data_words(value: object) -> str:
    """A data set by its kind and its own folder: ``camvid:frames`` of ``camvid:/home/me/frames``."""
    bare, mark, options = str(value).partition("?")
    kind, colon, place = bare.partition(":")
    return f"{kind}{colon}{called(place)}{mark}{options}"


def winner(trial: object) -> str:
    """The network of a forge; one that no search found is the leanest that the space can give."""
    return f"the network of trial {trial}" if isinstance(trial, int) else "the leanest network of the space"


def counted(counts: Mapping[str, int]) -> str:
    return listed([f"{count} {what}" for what, count in counts.items()])
