"""classes.json: what the numbers and colours of a folder's masks mean."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from segsmith.data.base import VOID, Classes, Colour
from segsmith.data.faults import explained
from segsmith.data.labels import LabelRules
from segsmith.errors import UserError

NAME = "classes.json"
KEYS = ("names", "colours", "ids", "ignore", "merge")
MOST = 254


@dataclass(frozen=True)
class _Spec:
    """The file as written: one entry for each name before merging."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    ids: tuple[int, ...]
    ignore: tuple[Any, ...]
    merge: Mapping[str, Sequence[str]]


def read_classes(path: Path) -> tuple[Classes, LabelRules]:
    """The classes after merging, in the order of the file, and how masks are read."""
    spec = _parse(_load(path), path)
    group = {member: into for into, members in spec.merge.items() for member in members}
    ignored = {entry for entry in spec.ignore if isinstance(entry, str)}
    kept = [name for name in spec.names if name not in ignored]
    names = tuple(dict.fromkeys(group.get(name, name) for name in kept))
    if len(names) < 2:
        raise UserError(f"{len(names)} class is left after merging and ignoring", fix="keep two at least", path=path)
    target = {name: VOID if name in ignored else names.index(group.get(name, name)) for name in spec.names}
    void_ids = [entry for entry in spec.ignore if isinstance(entry, int)]
    void_colours = [_colour(entry, path) for entry in spec.ignore if isinstance(entry, list)]
    ids = {VOID: VOID} | {number: target[name] for number, name in zip(spec.ids, spec.names, strict=True)}
    colours = {colour: target[name] for colour, name in zip(spec.colours, spec.names, strict=bool(spec.colours))}
    rules = LabelRules(names, ids | dict.fromkeys(void_ids, VOID), colours | dict.fromkeys(void_colours, VOID))
    return Classes(names, _shown(names, spec, group)), rules


def write_classes(path: Path, spec: Mapping[str, Any]) -> None:
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in spec.items())
    part = path.with_suffix(".part")
    with explained("cannot be written", "change the folder's permissions, or make room", path.parent):
        part.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
        os.replace(part, path)


def default_colours(count: int) -> tuple[Colour, ...]:
    """Well-apart colours that do not change when classes are added behind."""
    return tuple(_default_colour(place) for place in range(count))


def _default_colour(place: int) -> Colour:
    """The bits of the number, dealt to red, green and blue from the highest bit down (the PASCAL VOC map)."""
    red = green = blue = 0
    number = place + 1
    for bit in range(7, -1, -1):
        red |= (number & 1) << bit
        green |= (number >> 1 & 1) << bit
        blue |= (number >> 2 & 1) << bit
        number >>= 3
    return red, green, blue


def _shown(names: Sequence[str], spec: _Spec, group: Mapping[str, str]) -> tuple[Colour, ...]:
    """A merged class has the colour of its first member."""
    if not spec.colours:
        return default_colours(len(names))
    first: dict[str, Colour] = {}
    for name, colour in zip(spec.names, spec.colours, strict=True):
        first.setdefault(group.get(name, name), colour)
    return tuple(first[name] for name in names)


def _load(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        fix = "mend it, or remove it and let --write-classes make one"
        raise UserError(f"not valid JSON: {error}", fix=fix, path=path) from error
    if not isinstance(value, dict):
        fix = 'write {"names": [...], "colours": [[r, g, b], ...]}'
        raise UserError(f"holds a JSON {type(value).__name__}, not an object", fix=fix, path=path)
    return value


def _parse(value: dict[str, Any], path: Path) -> _Spec:
    for key in value:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, 1)
            fix = f"did you mean {near[0]!r}?" if near else f"keys are {', '.join(KEYS)}"
            raise UserError(f"unknown key {key!r}", fix=fix, path=path)
    names = _names(value.get("names"), path)
    colours = tuple(_colour(entry, path) for entry in _list(value, "colours", path))
    ids = tuple(_id(entry, path) for entry in _list(value, "ids", path)) or tuple(range(len(names)))
    ignore = tuple(
        entry if isinstance(entry, str | list) else _id(entry, path) for entry in _list(value, "ignore", path)
    )
    merge = value.get("merge", {})
    _same_length("colours", colours, names, path)
    _same_length("ids", ids, names, path)
    _distinct("colour", colours, path)
    _distinct("id", ids, path)
    _known("ignore", [entry for entry in ignore if isinstance(entry, str)], names, path)
    return _Spec(names, colours, ids, ignore, _merge(merge, names, path))


def _names(value: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise UserError('"names" is not a list of class names', fix='write "names": ["road", "car"]', path=path)
    if len(value) > MOST:
        raise UserError(
            f"{len(value)} classes, while a mask holds at most {MOST}", fix="merge or ignore some", path=path
        )
    _distinct("name", value, path)
    return tuple(value)


def _list(value: dict[str, Any], key: str, path: Path) -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        raise UserError(f'"{key}" is not a list', fix=f'write "{key}": [...]', path=path)
    return found


def _colour(entry: Any, path: Path) -> Colour:
    whole = isinstance(entry, list) and all(isinstance(part, int) and 0 <= part <= 255 for part in entry)
    if not whole or len(entry) != 3:
        raise UserError(f"{entry!r} is not a colour", fix="write [red, green, blue], each 0 to 255", path=path)
    return entry[0], entry[1], entry[2]


def _id(entry: Any, path: Path) -> int:
    if not isinstance(entry, int) or isinstance(entry, bool) or not 0 <= entry <= 65535:
        raise UserError(f"{entry!r} is not a mask value", fix="write whole numbers from 0 to 65535", path=path)
    return entry


def _same_length(key: str, entries: Sequence[object], names: Sequence[str], path: Path) -> None:
    if entries and len(entries) != len(names):
        raise UserError(f"{len(names)} names, but {len(entries)} {key}", fix="give one for each name", path=path)


def _distinct(what: str, entries: Sequence[object], path: Path) -> None:
    twice = next((entry for entry in entries if list(entries).count(entry) > 1), None)
    if twice is not None:
        raise UserError(f"the {what} {twice!r} stands twice", fix=f"no two classes may have the same {what}", path=path)


def _known(key: str, found: Sequence[Any], names: Sequence[str], path: Path) -> None:
    for name in found:
        if name not in names:
            near = get_close_matches(str(name), names, 1)
            fix = f"did you mean {near[0]!r}?" if near else f"names are {', '.join(names)}"
            raise UserError(f'"{key}" names a class {name!r} that "names" does not have', fix=fix, path=path)


def _merge(value: Any, names: Sequence[str], path: Path) -> dict[str, list[str]]:
    if not isinstance(value, dict) or not all(isinstance(members, list) for members in value.values()):
        fix = 'write "merge": {"vehicle": ["car", "bus"]}'
        raise UserError('"merge" does not give a list of classes for each new one', fix=fix, path=path)
    members = [member for into in value.values() for member in into]
    _known("merge", members, names, path)
    twice = next((member for member in members if members.count(member) > 1), None)
    if twice is not None:
        raise UserError(f"class {twice!r} is merged twice", fix="merge it into one class", path=path)
    return value
