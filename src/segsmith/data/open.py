"""Data sets by name: KIND:PATH, with options behind a question mark (camvid:~/CamVid?protocol=exact)."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from segsmith.data.base import Dataset
from segsmith.data.faults import READABLE, explained
from segsmith.data.select import HOLDOUT, hold_out
from segsmith.errors import UserError


@dataclass(frozen=True)
class Kind:
    """``open(path, name, **options)``; options are text, as they stand in the name."""

    open: Callable[..., Dataset]
    options: tuple[str, ...] = ()
    path_optional: bool = False


def _camvid(path: Path, name: str, **options: str) -> Dataset:
    from segsmith.data.camvid import open_camvid

    return open_camvid(path, name, **options)


def _cityscapes(path: Path, name: str, **options: str) -> Dataset:
    from segsmith.data.cityscapes import open_cityscapes

    return open_cityscapes(path, name, **options)


def _folder(path: Path, name: str, **options: str) -> Dataset:
    from segsmith.data.folder import open_folder

    return open_folder(path, name, **options)


def _video(path: Path, name: str) -> Dataset:
    from segsmith.data.video import open_video

    return open_video(path, name)


def _streets(path: Path, name: str) -> Dataset:
    if path != Path() and path.exists():
        raise UserError("streets: draws streets, it reads no files", fix=f"write folder:{path}", path=path)
    from segsmith.data.streets.reader import open_streets

    return open_streets("" if path == Path() else path)


TOY, STREETS = "toy", "streets"
KINDS: Mapping[str, Kind] = {
    "camvid": Kind(_camvid, ("protocol",)),
    "cityscapes": Kind(_cityscapes, ("labels",)),
    "folder": Kind(_folder, ("seed",)),
    "video": Kind(_video),
    STREETS: Kind(_streets, path_optional=True),
}


def open_dataset(name: str, **options: object) -> Dataset:
    """The data set that is called KIND:PATH, or ``toy``; options here win over those in the name.

    Every kind knows ``holdout=NAME+NAME``: training sequences that begin so become the split ``holdout``.
    """
    bare, given = _split_options(name)
    given |= {key: str(value) for key, value in options.items()}
    held = given.pop(HOLDOUT, "")
    dataset = _open_toy(name, given) if bare == TOY else _open_kind(bare, name, given)
    if not held:
        return dataset
    asked = f"{dataset.name}{'&' if '?' in dataset.name else '?'}{HOLDOUT}={held}"
    return hold_out(replace(dataset, name=asked), held.split("+"))


def _open_kind(bare: str, name: str, given: dict[str, str]) -> Dataset:
    kind_name, colon, place = bare.partition(":")
    kind = KINDS.get(kind_name)
    if not colon:
        raise UserError(f"{name!r} does not say which kind of data set it is", fix=_suggest_kind(bare))
    if kind_name == TOY:
        raise UserError(f"{TOY} takes no path", fix=f"write {TOY} alone, or streets:OPTIONS")
    if kind is None:
        near = get_close_matches(kind_name, KINDS, 1)
        hint = f"did you mean {near[0]}:{place}? " if near else ""
        fix = f"{hint}kinds are {', '.join(KINDS)}, and {TOY} alone"
        raise UserError(f"unknown kind of data set {kind_name!r}", fix=fix)
    if not place and not kind.path_optional:
        raise UserError(f"{name!r} names no path", fix=f"write {kind_name}:PATH, such as {kind_name}:~/data")
    _require_known(kind_name, given, kind.options)
    asked = "&".join(f"{key}={value}" for key, value in given.items())
    path = Path(place).expanduser()
    with explained("cannot be read", READABLE, path):
        return kind.open(path, f"{bare}?{asked}" if asked else bare, **given)


def parse_name(name: str) -> tuple[str, Path]:
    """The kind and the path of a name, without opening anything."""
    kind, _, place = _split_options(name)[0].partition(":")
    return kind, Path(place).expanduser()


def without_path(name: str) -> str:
    """The name with PATH in its path's place, for what is read on other machines."""
    bare, mark, options = name.partition("?")
    kind, colon, _ = bare.partition(":")
    return f"{kind}:PATH{mark}{options}" if colon and kind != STREETS else name


def _open_toy(name: str, options: Mapping[str, str]) -> Dataset:
    from segsmith.data.streets.reader import open_streets

    _require_known(TOY, options, ())
    return open_streets(None, toy=True)


def _split_options(name: str) -> tuple[str, dict[str, str]]:
    bare, _, text = name.partition("?")
    pairs = [part.partition("=") for part in text.split("&") if part]
    for key, _, value in pairs:
        if not value:
            raise UserError(f"option {key!r} of data set {name!r} has no value", fix=f"write ?{key}=VALUE")
    return bare, {key: value for key, _, value in pairs}


def _require_known(kind: str, given: Mapping[str, str], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, 1)
            fix = f"did you mean {near[0]}?" if near else f"options: {', '.join((*known, HOLDOUT))}"
            raise UserError(f"{kind} has no option {key!r}", fix=fix)


def _suggest_kind(text: str) -> str:
    """By the name, or by what lies there."""
    near = get_close_matches(text, (*KINDS, TOY), 1)
    if near == [TOY]:
        return "did you mean toy?"
    example = f"{near[0]}:PATH" if near else f"{_likely_kind(os.path.expanduser(text))}:{text or 'PATH'}"
    return f"write {example}; kinds are {', '.join(KINDS)}, and {TOY} alone"


def _likely_kind(place: str) -> str:
    marks = {"cityscapes": "leftImg8bit", "folder": "images", "camvid": "train"}
    if os.path.isfile(place):
        return "video"
    return next((kind for kind, mark in marks.items() if os.path.isdir(os.path.join(place, mark))), "folder")
