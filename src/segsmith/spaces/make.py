"""Spaces by name, with options as a person writes them: ``rows=5 operations=sep3,skip``."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.genotype.faults import nearest
from segsmith.spaces.base import Space
from segsmith.spaces.dynamic import DynamicSpace
from segsmith.spaces.lgc import LgcSpace
from segsmith.spaces.template import TemplateSpace

# every space is a dataclass whose fields are its options
SPACES: dict[str, type[Any]] = {space.name: space for space in (DynamicSpace, TemplateSpace, LgcSpace)}
SWITCH = {"yes": True, "true": True, "no": False, "false": False}


def make_space(name: str, options: Mapping[str, str], static: Genotype | None = None) -> Space:
    """The space of that name. ``static`` is the network that a dynamic cell stands on; the others have none."""
    if name not in SPACES:
        raise UserError(f"there is no space {name!r}", fix=nearest(name, SPACES))
    space = SPACES[name]
    hints = option_types(space)
    values: dict[str, Any] = {}
    for key, text in options.items():
        if key not in hints:
            raise UserError(f"the {name} space has no option {key!r}", fix=nearest(key, hints))
        values[key] = _value(key, text, hints[key])
    if "static" in get_type_hints(space):
        if static is None:
            raise UserError("a dynamic cell stands on a static network", fix="name one, such as arch2")
        values["static"] = static
    made: Space = space(**values)
    return made


def option_types(space: type[Any]) -> dict[str, Any]:
    """What may be set in words."""
    hints = get_type_hints(space)
    return {field.name: hints[field.name] for field in fields(space) if field.name != "static"}


def read_options(words: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` words as a mapping."""
    options = dict[str, str]()
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"{word!r} is no option of a space", fix="write KEY=VALUE, such as rows=5")
        options[key.replace("-", "_")] = value
    return options


def _value(key: str, text: str, hint: Any) -> Any:
    if get_origin(hint) is tuple:
        items = [item.strip() for item in text.split(",") if item.strip()]
        kinds = get_args(hint)
        if Ellipsis not in kinds and len(items) != len(kinds):
            raise UserError(f"{key}={text} has {len(items)} values, not {len(kinds)}")
        return tuple(_word(key, item, kinds[0]) for item in items)
    return _word(key, text, hint)


def _word(key: str, text: str, hint: Any) -> Any:
    if hint is bool:
        if text.lower() not in SWITCH:
            raise UserError(f"{key}={text} is neither yes nor no")
        return SWITCH[text.lower()]
    if hint not in (int, float):
        return text
    try:
        return hint(text)
    except ValueError:
        raise UserError(f"{key}: {text!r} is no {'whole number' if hint is int else 'number'}") from None
