"""From the numbers or colours of a mask file to class ids."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from segsmith.data.base import VOID, Colour, Image
from segsmith.data.causes import Cause, colour_cause, number_cause, palette_clash
from segsmith.data.pictures_io import Numbers, RawMask
from segsmith.errors import UserError

ILLEGAL = -1


@dataclass(frozen=True)
class LabelRules:
    """What the numbers and the colours of a data set's masks mean: a class id, or VOID.

    A mask is read by colour where all its colours are known, and by number otherwise.
    """

    names: tuple[str, ...]
    ids: dict[int, int]
    colours: dict[Colour, int]


def decode(raw: RawMask, rules: LabelRules, path: Path) -> Image:
    """The mask as class ids; a UserError that names values, their share and the likely cause where it has others."""
    if raw.values.ndim == 3:
        return _decode_colours(raw.values.astype(np.uint8), rules, path)
    if raw.palette is not None and rules.colours:
        return _decode_palette(raw.values.astype(np.uint8), raw.palette, rules, path)
    return _decode_numbers(raw.values, rules, path)


def _decode_numbers(values: Numbers, rules: LabelRules, path: Path) -> Image:
    table = np.full(256 if values.dtype == np.uint8 else 65536, ILLEGAL, np.int16)
    for number, target in rules.ids.items():
        if number < len(table):
            table[number] = target
    ids = table[values]
    if ids.min() == ILLEGAL:
        raise _complaint(number_cause(values, rules.ids, rules.names), path)
    return ids.astype(np.uint8)


def _decode_palette(values: Image, palette: Image, rules: LabelRules, path: Path) -> Image:
    used = np.flatnonzero(np.bincount(values.ravel(), minlength=256))
    table = np.full(256, ILLEGAL, np.int16)
    for number in used:
        table[number] = rules.colours.get(as_colour(palette[number]), ILLEGAL)
    if table[used].min() != ILLEGAL:
        return table[values].astype(np.uint8)
    clash = palette_clash(palette, used, rules.ids, rules.colours, rules.names)
    if clash:
        raise _complaint(clash, path)
    return _decode_numbers(values, rules, path)


def _decode_colours(pixels: Image, rules: LabelRules, path: Path) -> Image:
    packed = pack(pixels)
    known = sorted((pack(np.array(colour, np.uint8)).item(), target) for colour, target in rules.colours.items())
    keys = np.array([key for key, _ in known] or [1 << 24], np.uint32)
    targets = np.array([target for _, target in known] or [VOID], np.uint8)
    place = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
    if bool((keys[place] == packed).all()):
        return targets[place]
    grey = pixels[:, :, 0]
    if (pixels == grey[:, :, None]).all():
        return _decode_numbers(grey, rules, path)
    raise _complaint(colour_cause(packed, rules.colours, rules.names), path)


def pack(pixels: Image) -> npt.NDArray[np.uint32]:
    """Each colour as one number."""
    wide = pixels.astype(np.uint32)
    return np.asarray((wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2], np.uint32)


def as_colour(triple: Image) -> Colour:
    return int(triple[0]), int(triple[1]), int(triple[2])


def _complaint(cause: Cause, path: Path) -> UserError:
    return UserError(cause.what, fix=cause.fix, path=path)
