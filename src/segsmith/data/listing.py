"""Files of a data set in the order that a person expects, masks found for frames, sequences cut at holes."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median_low

from segsmith.data.base import Frame, FrameSequence
from segsmith.data.faults import Fault
from segsmith.data.pictures_io import is_picture
from segsmith.errors import UserError

MASK_ENDINGS = ("", "_L", "_mask", "_label", "_labels", "_gt")
"""What a mask's name may have behind its frame's name."""
PICTURES_WANTED = "put them here as PNG (or JPEG, TIFF, BMP, WebP)"
FILMS = frozenset((".mp4", ".mov", ".avi", ".mkv", ".webm"))
HOLE = 2.0
"""A jump of more than this many usual spacings ends a sequence."""

_NUMBERED = re.compile(r"^(?:(.*)[_\-. ][A-Za-z]?|(.*?))([0-9]+)$")


def natural(text: str) -> tuple[list[int | str], str]:
    """Sorts frame_2 before frame_10."""
    parts = re.split(r"([0-9]+)", text.casefold())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], text


def numbered(stem: str) -> tuple[str, int | None]:
    """The sequence and the number in a frame's name: ("0006R0", 930) for 0006R0_f00930."""
    match = _NUMBERED.match(stem)
    if not match:
        return stem, None
    return match[1] if match[1] is not None else match[2], int(match[3])


@dataclass(frozen=True)
class Listing:
    """Pictures of a folder and its subfolders by their relative name without suffix."""

    folder: Path
    files: Mapping[str, Path]
    faults: tuple[Fault, ...]


def list_pictures(folder: Path) -> Listing:
    """Names of two files that differ in the suffix alone are a fault; the first of them counts."""
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for path in sorted(_walk(folder), key=lambda path: natural(path.relative_to(folder).as_posix())):
        if not is_picture(path):
            continue
        name = path.relative_to(folder).with_suffix("").as_posix()
        if any("\ud800" <= sign <= "\udfff" for sign in name):  # how Python holds bytes that are no text
            raise UserError(f"the file name {name!r} is not UTF-8", fix="rename the file", path=path.parent)
        if name in found:
            what = f"{found[name].name} and {path.name} are two pictures for one name"
            faults.append(Fault(what, f"remove one; {found[name].name} is used", str(path)))
        found.setdefault(name, path)
    return Listing(folder, found, tuple(faults))


def _walk(folder: Path) -> Iterable[Path]:
    """A folder that may not be opened raises: taken for an empty one, its pictures would be missed in silence."""
    seen: set[str] = set()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=_raise):
        real = os.path.realpath(parent)
        # Links may lead in a circle, and hidden folders hold copies (.ipynb_checkpoints, .git).
        folders[:] = [] if real in seen else [name for name in folders if not name.startswith(".")]
        if real in seen:
            continue
        seen.add(real)
        # A folder that is called like a picture is listed, so that reading it says what it is.
        for name in [*files, *(name for name in folders if is_picture(Path(name)))]:
            yield Path(parent, name)


def _raise(error: OSError) -> None:
    raise error


def require_pictures(listing: Listing, what: str, fix: str = PICTURES_WANTED) -> Listing:
    """The listing itself, or a UserError that says what the folder holds instead."""
    if listing.files:
        return listing
    files = [path for path in _walk(listing.folder) if path.name[0] != "."]
    kinds = Counter(path.suffix.lower() or path.name for path in files)
    holds = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(3))
    film = next((path for path in files if path.suffix.lower() in FILMS), None)
    there = f"files here are {holds}" if holds else "the folder is empty"
    raise UserError(f"no {what}: {there}", fix=f"name the film: video:{film}" if film else fix, path=listing.folder)


def mask_for(name: str, masks: Mapping[str, Path]) -> Path | None:
    return next((masks[name + end] for end in MASK_ENDINGS if name + end in masks), None)


def pair(
    frames: Mapping[str, Path], masks: Mapping[str, Path], missing: Callable[[int], bool]
) -> tuple[dict[str, Path], list[Fault]]:
    """The mask of each frame that has one; faults for masks without a frame, and for frames without where ``missing``
    says that so many labelled frames make the others conspicuous."""
    folded = {name.casefold(): name for name in masks}
    faults: list[Fault] = []
    found: dict[str, Path] = {}
    for name, path in frames.items():
        match = mask_for(name, masks)
        if match is None and (other := folded.get(name.casefold())):
            faults.append(Fault(f"its frame is {path.name}: the names differ in case", "rename one", str(masks[other])))
            match = masks[other]
        if match:
            found[name] = match
    taken = set(found.values())
    extra = [path for path in masks.values() if path not in taken]
    faults += [Fault("a mask without a frame", "add the frame, or remove the mask", str(path)) for path in extra]
    if missing(len(found)):
        bare = [path for name, path in frames.items() if name not in found]
        faults += [Fault("a frame without a mask", "add the mask; it is read as unlabelled", str(p)) for p in bare]
    return found, faults


def sequences(clip: str, frames: Sequence[Frame], reach: int | None = None) -> list[FrameSequence]:
    """The frames of one camera in the order of their numbers, cut where the numbers jump.

    ``reach`` is the largest step that is no jump; without it, it follows from the usual step.
    """
    stems = [(numbered(frame.name.rsplit("/", 1)[-1])[1], frame) for frame in frames]
    numbers = [number for number, _ in stems if number is not None]
    if len(numbers) < len(stems):
        return [_sequence(clip, frames)]
    ordered = [frame for _, frame in sorted(stems, key=lambda pair: pair[0] or 0)]
    numbers.sort()
    gaps = [after - before for before, after in pairwise(numbers)]
    limit = reach or (HOLE * max(1, median_low(gaps)) if gaps else 0)
    cuts = [0, *(place + 1 for place, gap in enumerate(gaps) if gap > limit), len(ordered)]
    parts = [ordered[start:end] for start, end in pairwise(cuts)]
    return [_sequence(clip if not k else f"{clip}#{k + 1}", part) for k, part in enumerate(parts)]


def by_prefix(frames: Iterable[Frame], fallback: str) -> list[FrameSequence]:
    """Frames grouped by what stands before their numbers; one without a number is a sequence of its own."""
    groups: dict[str, list[Frame]] = {}
    for frame in frames:
        prefix, _ = numbered(frame.name.rsplit("/", 1)[-1])
        groups.setdefault(prefix or fallback, []).append(frame)
    return [part for name, group in groups.items() for part in sequences(name, group)]


def _sequence(name: str, frames: Sequence[Frame]) -> FrameSequence:
    return FrameSequence(name, tuple(replace(frame, index=place) for place, frame in enumerate(frames)))


def require_folder(path: Path) -> Path:
    if not path.exists():
        near = path.parent
        while not near.exists():
            near = near.parent
        raise UserError("does not exist", fix=f"the path exists up to {near}", path=path)
    if not path.is_dir():
        raise UserError("is a file, not a folder", fix="name the folder that holds the data set", path=path)
    return path
