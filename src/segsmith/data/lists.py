"""Split lists: text files that name a split's frames, and their masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from segsmith.data.faults import Fault
from segsmith.data.listing import list_pictures
from segsmith.errors import UserError

LISTS: Mapping[str, tuple[str, ...]] = {
    "train": ("train.txt",),
    "val": ("val.txt", "valid.txt"),
    "test": ("test.txt",),
}


@dataclass(frozen=True)
class Listed:
    """A split as its list has it: frames with their masks, where the list names them."""

    pairs: tuple[tuple[Path, Path | None], ...]
    faults: tuple[Fault, ...]


def find_lists(root: Path) -> dict[str, Path]:
    return {
        split: next(root / name for name in names if (root / name).is_file())
        for split, names in LISTS.items()
        if any((root / name).is_file() for name in names)
    }


def read_lists(root: Path, lists: Mapping[str, Path]) -> dict[str, Listed]:
    """The splits that the lists name, each frame looked up under ``root`` wherever the list was written."""
    files = list_pictures(root).files
    folded = {name.casefold(): path for name, path in files.items()}
    by_name: dict[str, list[Path]] = {}
    for name, path in files.items():
        by_name.setdefault(name.rsplit("/", 1)[-1].casefold(), []).append(path)
    return {split: _read(path, split, folded, by_name) for split, path in lists.items()}


def _read(path: Path, split: str, folded: Mapping[str, Path], by_name: Mapping[str, Sequence[Path]]) -> Listed:
    pairs: list[tuple[Path, Path | None]] = []
    faults: list[Fault] = []
    seen: set[Path] = set()
    for number, line in enumerate(_lines(path), 1):
        for image_name, mask_name in _entries(line, number, path):
            image = _look_up(image_name, split, folded, by_name)
            mask = _look_up(mask_name, split, folded, by_name) if mask_name else None
            if image is None:
                faults.append(_gone(image_name, number, path, "frame"))
                continue
            if image in seen:
                faults.append(Fault(f"line {number} names {image_name} again", "remove the line", str(path)))
                continue
            if mask_name and mask is None:
                faults.append(_gone(mask_name, number, path, "mask"))
            seen.add(image)
            pairs.append((image, mask))
            faults += _case(image_name, image, number, path)
    if not pairs and not faults:
        faults.append(Fault("names no frame", "list the split's frames, or remove the file", str(path)))
    elif not pairs:
        what = f"not one of the frames that it lists is there, such as {faults[0].what.split()[-1]}"
        raise UserError(what, fix="put the pictures beside the list, or mend the names", path=path)
    return Listed(tuple(pairs), tuple(faults))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"not a text file (byte {error.start})", fix="save the list as UTF-8", path=path) from error


def _entries(line: str, number: int, path: Path) -> list[tuple[str, str]]:
    """A name alone, or frame and mask in turns, as in the lists of the SegNet tutorial."""
    words = line.replace(",", " ").split()
    if len(words) <= 1:
        return [(word, "") for word in words]
    if len(words) % 2:
        what = f"line {number} has {len(words)} names, where one frame or a frame and its mask are expected"
        raise UserError(what, fix="one line a frame; names without spaces", path=path)
    return list(zip(words[::2], words[1::2], strict=True))


def _look_up(name: str, split: str, folded: Mapping[str, Path], by_name: Mapping[str, Sequence[Path]]) -> Path | None:
    """The file whose path ends like the name does; suffix and folders above may differ on this machine."""
    posix = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in posix.with_suffix("").parts if part not in ("/", ".", "..")]
    for start in range(len(parts)):
        if found := folded.get("/".join(parts[start:]).casefold()):
            return found
    alike = by_name.get(parts[-1].casefold(), ()) if parts else ()
    beside = [path for path in alike if path.parent.name == split]
    frames = [path for path in alike if not _holds_masks(path.parent.name)]
    return next(iter([*beside, *frames]), None)


def _holds_masks(folder: str) -> bool:
    return any(part in folder.casefold() for part in ("annot", "label", "mask"))


def _gone(name: str, number: int, path: Path, what: str) -> Fault:
    return Fault(f"line {number} names a {what} that is not there: {name}", "copy it, or remove the line", str(path))


def _case(name: str, found: Path, number: int, path: Path) -> list[Fault]:
    """Names that differ in case work here and fail on another machine."""
    wanted = PurePosixPath(name.replace("\\", "/")).name
    if wanted == found.name or wanted.casefold() != found.name.casefold():
        return []
    return [Fault(f"line {number} says {wanted}, the file is {found.name}", "write it in the same case", str(path))]
