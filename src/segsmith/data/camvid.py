"""CamVid in the versions that people have; which one it is, is found out and said."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from segsmith.data.base import Dataset, Frame, FrameSequence
from segsmith.data.camvid_labels import camvid_rules
from segsmith.data.classes import CAMVID
from segsmith.data.faults import Fault
from segsmith.data.listing import (
    by_prefix,
    list_pictures,
    mask_for,
    natural,
    numbered,
    pair,
    require_folder,
    require_pictures,
)
from segsmith.data.lists import find_lists, read_lists
from segsmith.data.reader import PictureReader
from segsmith.errors import UserError

Pairs: TypeAlias = list[tuple[Path, Path | None]]

CAMERA_HZ = 30
MASK_FOLDERS = ("{}annot", "{}_labels", "{}_masks")
ORDER = ["train", "val", "test"]
STILLS = (("701_StillsRaw_full", "LabeledApproved_full"), ("images", "labels"), ("images", "masks"))


def open_camvid(path: Path, name: str, protocol: str = "auto") -> Dataset:
    """``protocol``: see camvid_rules."""
    found, faults, how = _find(require_folder(path))
    masks = [mask for pairs in found.values() for _, mask in pairs if mask]
    if faults and not any(found.values()):
        raise UserError(faults[0].what, fix=faults[0].fix, path=faults[0].file)
    if not masks:
        raise UserError("no frame has a mask", fix="masks carry their frame's name, or it and _L", path=path)
    rules, said = camvid_rules(masks, protocol)
    splits = {split: _sequences(split, pairs) for split, pairs in found.items()}
    notes = [how, *_rates(splits)]
    notes += [f"no {split} split" for split in ("val", "test") if split not in splits]
    return Dataset(name, said, CAMVID, splits, PictureReader(rules), notes=tuple(notes), faults=tuple(faults))


def _find(root: Path) -> tuple[dict[str, Pairs], list[Fault], str]:
    """Frames and masks of each split, what was wrong with them, and where the splits come from."""
    if lists := find_lists(root):
        return _by_lists(root, lists)
    if (root / "train").is_dir():
        return _by_folders(root)
    for images, masks in STILLS:
        if (root / images).is_dir() and (root / masks).is_dir():
            return _by_stills(root / images, root / masks)
    raise UserError(
        "not laid out like any version of CamVid",
        fix="expected train/ and trainannot/ (or train_labels/), or 701_StillsRaw_full/ and LabeledApproved_full/; "
        "frames and masks of your own are read as folder:",
        path=root,
    )


def _by_lists(root: Path, lists: Mapping[str, Path]) -> tuple[dict[str, Pairs], list[Fault], str]:
    splits: dict[str, Pairs] = {}
    faults: list[Fault] = []
    masks = {path: list_pictures(path).files for path in _mask_folders(root)}
    for split, listed in read_lists(root, lists).items():
        splits[split] = []
        for image, mask in listed.pairs:
            found = mask or _mask_of(image, split, masks)
            splits[split].append((image, found))
            if found is None:
                faults.append(Fault("a frame without a mask", "add the mask; it is read as unlabelled", str(image)))
        faults += listed.faults
    return splits, faults, f"splits from {', '.join(sorted(path.name for path in lists.values()))}"


def _mask_folders(root: Path) -> list[Path]:
    names = [pattern.format(split) for split in ORDER for pattern in MASK_FOLDERS]
    return [root / name for name in [*names, *(masks for _, masks in STILLS)] if (root / name).is_dir()]


def _mask_of(image: Path, split: str, masks: Mapping[Path, Mapping[str, Path]]) -> Path | None:
    """The folder of the frame's own split first, then any other."""
    folders = sorted(masks, key=lambda folder: not folder.name.startswith(split))
    return next((found for folder in folders if (found := mask_for(image.stem, masks[folder]))), None)


def _by_folders(root: Path) -> tuple[dict[str, Pairs], list[Fault], str]:
    splits: dict[str, Pairs] = {}
    faults: list[Fault] = []
    for split in ORDER:
        if not (root / split).is_dir():
            continue
        names = [pattern.format(split) for pattern in MASK_FOLDERS]
        masks = next((root / name for name in names if (root / name).is_dir()), None)
        if masks is None:
            fix = f"put the masks into {root / names[0]}"
            raise UserError(f"no masks: there is no folder {names[0]}/ beside it", fix=fix, path=root / split)
        splits[split], more = _paired(root / split, masks)
        faults += more
    if not any(splits.values()):
        require_pictures(list_pictures(root / "train"), "frames")
    return splits, faults, "splits from the folders"


def _by_stills(images: Path, masks: Path) -> tuple[dict[str, Pairs], list[Fault], str]:
    """The split that all papers use follows from the sequences, so it needs no list."""
    pairs, faults = _paired(images, masks)
    splits: dict[str, Pairs] = {}
    for image, mask in pairs:
        splits.setdefault(_published_split(image.stem), []).append((image, mask))
    if "" in splits:
        note = "no split lists, and names of other sequences than CamVid's: everything is train"
        return {"train": pairs}, faults, note
    names = [split for split in ORDER if split in splits]
    return (
        {split: splits[split] for split in names},
        faults,
        "no split lists: the published split, by sequence and frame number",
    )


PUBLISHED: Mapping[str, Callable[[int], str]] = {
    "0006R0": lambda number: "train",
    "0001TP": lambda number: "train" if number < 8550 else "test",
    "0016E5": lambda number: "val" if 7959 <= number <= 8159 else "train",
    "Seq05VD": lambda number: "test",
}


def _published_split(stem: str) -> str:
    sequence, number = numbered(stem)
    rule = PUBLISHED.get(sequence)
    return rule(number) if rule and number is not None else ""


def _paired(images: Path, masks: Path) -> tuple[Pairs, list[Fault]]:
    frames, labels = list_pictures(images), list_pictures(masks)
    found, faults = pair(frames.files, labels.files, missing=lambda labelled: True)
    pairs: Pairs = [(path, found.get(name)) for name, path in frames.files.items()]
    return pairs, [*frames.faults, *labels.faults, *faults]


def _sequences(split: str, pairs: Pairs) -> tuple[FrameSequence, ...]:
    frames = [Frame(image.stem, str(image), str(mask or "")) for image, mask in pairs]
    return tuple(by_prefix(sorted(frames, key=lambda frame: natural(frame.name)), split))


def _rates(splits: Mapping[str, tuple[FrameSequence, ...]]) -> list[str]:
    """The rate of the labels in each split, from the numbers that the camera gave its frames."""
    notes: list[str] = []
    for split, found in splits.items():
        numbers = [[numbered(frame.name)[1] or 0 for frame in sequence.frames] for sequence in found]
        gaps = Counter(b - a for run in numbers for a, b in pairwise(run))
        if gaps and (usual := gaps.most_common(1)[0][0]) > 0:
            notes.append(f"{split}: labels at {CAMERA_HZ / usual:g} Hz (frame numbers step by {usual})")
    return notes
