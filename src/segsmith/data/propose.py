"""A first classes.json from the values that a folder's masks hold."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from segsmith.data.base import VOID, Colour
from segsmith.data.camvid_labels import GROUPS, VOID_COLOUR
from segsmith.data.classes import CITYSCAPES
from segsmith.data.classfile import NAME, default_colours, write_classes
from segsmith.data.faults import READABLE, explained
from segsmith.data.folder import MASKS, require_layout
from segsmith.data.labels import as_colour, pack
from segsmith.data.listing import list_pictures, require_pictures
from segsmith.data.pictures_io import RawMask, read_mask
from segsmith.errors import UserError

MOST = 64
"""More values than this are no classes."""


def propose_classes(folder: Path, progress: Callable[[int, int], None] | None = None) -> tuple[Path, int]:
    """Writes classes.json and returns it with the number of classes; an existing one is left alone."""
    with explained("cannot be read", READABLE, folder):
        return _propose(folder, progress)


def _propose(folder: Path, progress: Callable[[int, int], None] | None) -> tuple[Path, int]:
    require_layout(folder)
    target = folder / NAME
    if target.exists():
        raise UserError("exists already", fix="remove it first, or drop --write-classes", path=target)
    paths = list(require_pictures(list_pictures(folder / MASKS), "masks").files.values())
    numbers: dict[int, set[Colour]] = {}
    colours: set[Colour] = set()
    for done, path in enumerate(paths, 1):
        _gather(read_mask(path), numbers, colours)
        _require_few(len(numbers), "values", path)
        _require_few(len(colours), "colours", path)
        if progress:
            progress(done, len(paths))
    if numbers and colours:
        raise UserError("some masks hold numbers, some colours", fix="save all of one kind", path=folder / MASKS)
    spec = _of_colours(sorted(colours)) if colours else _of_numbers(numbers)
    if len(spec["names"]) < 2:
        fix = "label another class, or write classes.json by hand"
        raise UserError("the masks hold one class alone", fix=fix, path=folder / MASKS)
    write_classes(target, spec)
    return target, len(spec["names"])


def _gather(raw: RawMask, numbers: dict[int, set[Colour]], colours: set[Colour]) -> None:
    """Adds the mask's numbers with their palette colours, or its colours; three equal channels are numbers."""
    if raw.values.ndim == 3:
        pixels = raw.values.astype(np.uint8)
        packed = np.unique(pack(pixels))
        if any((value >> 16, value & 255) != ((value >> 8) & 255,) * 2 for value in packed.tolist()):
            colours |= {(value >> 16, (value >> 8) & 255, value & 255) for value in packed[: MOST + 1].tolist()}
        else:
            numbers.update({value & 255: numbers.get(value & 255, set()) for value in packed.tolist()})
        return
    for value in np.unique(raw.values).tolist():
        seen = numbers.setdefault(value, set())
        if raw.palette is not None:
            seen.add(as_colour(raw.palette[value]))


def _require_few(count: int, what: str, path: Path) -> None:
    if count > MOST:
        cause = "soft edges, JPEG leftovers or photographs"
        raise UserError(f"more than {MOST} {what} up to this mask: {cause}", fix="save masks without them", path=path)


def _of_numbers(numbers: Mapping[int, set[Colour]]) -> dict[str, Any]:
    """255 is void, unless 0 is all there is beside it."""
    if set(numbers) == {0, VOID}:
        return {"names": ["background", "foreground"], "colours": [[0, 0, 0], [255, 255, 255]], "ids": [0, VOID]}
    ids = sorted(set(numbers) - {VOID})
    clear = all(len(numbers[number]) == 1 for number in ids)
    colours = [next(iter(numbers[number])) for number in ids] if clear else list(default_colours(len(ids)))
    if len(set(colours)) < len(ids):
        colours = list(default_colours(len(ids)))
    names = [f"class {number}" for number in ids]
    return {"names": names, "colours": [list(colour) for colour in colours], "ids": ids, "ignore": [VOID]}


def _of_colours(colours: list[Colour]) -> dict[str, Any]:
    """Colours of the well-known street data sets get their names; black is void there, and a class elsewhere."""
    for known in (_camvid_names(), dict(zip(CITYSCAPES.colours, CITYSCAPES.names, strict=True))):
        classes = [colour for colour in colours if colour != VOID_COLOUR]
        if all(colour in known for colour in classes):
            ordered = sorted(classes, key=list(known).index)
            spec = {"names": [known[colour] for colour in ordered], "colours": [list(colour) for colour in ordered]}
            return spec | ({"ignore": [list(VOID_COLOUR)]} if VOID_COLOUR in colours else {})
    names = ["class #{:02x}{:02x}{:02x}".format(*colour) for colour in colours]
    return {"names": names, "colours": [list(colour) for colour in colours]}


def _camvid_names() -> dict[Colour, str]:
    return {colour: name for names in GROUPS.values() for name, colour in names.items()}
