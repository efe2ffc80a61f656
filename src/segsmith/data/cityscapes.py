"""Cityscapes as it is unpacked: leftImg8bit, gtFine or gtCoarse, and leftImg8bit_sequence where it is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segsmith.data.base import VOID, Dataset, Frame, FrameSequence
from segsmith.data.classes import CITYSCAPES
from segsmith.data.faults import Fault
from segsmith.data.labels import LabelRules
from segsmith.data.listing import list_pictures, natural, require_folder, require_pictures, sequences
from segsmith.data.reader import PictureReader
from segsmith.errors import UserError

LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""The label id of each of the 19 train ids."""
ALL_LABEL_IDS = range(34)
FRAMES, SEQUENCE = "leftImg8bit", "leftImg8bit_sequence"
LABELS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "fine": ("gtFine", ("train", "val", "test")),
    "coarse": ("gtCoarse", ("train", "train_extra", "val")),
}
SEQUENCE_HZ = 17.0


@dataclass(frozen=True)
class _Place:
    """Which annotation is read: ``gt`` is gtFine or gtCoarse."""

    root: Path
    gt: str


def open_cityscapes(path: Path, name: str, labels: str = "fine") -> Dataset:
    """``labels``: fine or coarse. Label ids become the 19 train ids on reading; the other ids are void."""
    if labels not in LABELS:
        raise UserError(f"labels {labels!r} are not known for cityscapes", fix=f"one of {', '.join(LABELS)}")
    gt, split_names = LABELS[labels]
    place = _Place(require_folder(path), gt)
    for folder in (FRAMES, gt):
        if not (path / folder).is_dir():
            raise UserError(f"no {folder}/ here", fix=_way_out(path, folder), path=path)
    splits: dict[str, tuple[FrameSequence, ...]] = {}
    faults: list[Fault] = []
    for split in split_names:
        if (path / FRAMES / split).is_dir():
            splits[split], more = _split(place, split)
            faults += more
    if not splits:
        fix = f"expected {FRAMES}/train/CITY/*_{FRAMES}.png"
        raise UserError(f"no split in {FRAMES}/", fix=fix, path=path / FRAMES)
    video = (path / SEQUENCE).is_dir()
    notes = [f"clips from {SEQUENCE}" if video else f"no {SEQUENCE}/: every frame is a clip of one"]
    notes += [f"no {split} split" for split in ("val", "test") if split not in splits]
    rules = LabelRules(CITYSCAPES.names, _ids(), {})
    said = f"cityscapes, 19 classes, {gt} labelIds"
    rate = SEQUENCE_HZ if video else 0.0
    return Dataset(name, said, CITYSCAPES, splits, PictureReader(rules), rate, tuple(notes), tuple(faults))


def _ids() -> dict[int, int]:
    return dict.fromkeys(ALL_LABEL_IDS, VOID) | {number: place for place, number in enumerate(LABEL_IDS)}


def _way_out(path: Path, folder: str) -> str:
    archives = [archive.name for archive in sorted(path.glob(f"{folder}*.zip"))]
    return f"unpack {archives[0]}" if archives else f"unpack {folder}_trainvaltest.zip here"


def _split(place: _Place, split: str) -> tuple[tuple[FrameSequence, ...], list[Fault]]:
    """Frames by CITY_SEQUENCE_FRAME, which names a frame in every folder of Cityscapes."""
    frames = _named(place.root / FRAMES / split, f"_{FRAMES}")
    masks, faults = _masks(place, split)
    labelled = dict(frames)
    frames |= _named(place.root / SEQUENCE / split, f"_{FRAMES}")
    frames |= labelled
    for name, path in masks.items():
        if name not in frames:
            faults.append(Fault("a mask without a frame", "add the frame, or remove the mask", str(path)))
    for name in labelled:
        if name not in masks and split != "test":
            what = f"a frame without a {place.gt} mask"
            faults.append(Fault(what, "add the mask; it is read as unlabelled", str(labelled[name])))
    clips: dict[str, list[Frame]] = {}
    for name in sorted(frames, key=natural):
        clip = name.rsplit("_", 1)[0]
        clips.setdefault(clip, []).append(Frame(name, str(frames[name]), str(masks.get(name, ""))))
    return tuple(part for clip, members in clips.items() for part in sequences(clip, members, reach=1)), faults


def _named(folder: Path, ending: str) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    files = list_pictures(folder).files.values()
    return {path.stem.removesuffix(ending): path for path in files if path.stem.endswith(ending)}


def _masks(place: _Place, split: str) -> tuple[dict[str, Path], list[Fault]]:
    """The labelIds of a split; a UserError where the folder holds other files of Cityscapes instead."""
    folder = place.root / place.gt / split
    if not folder.is_dir():
        fix = f"unpack {place.gt}; without it the split has no labels"
        return {}, [Fault(f"no {place.gt}/{split}/", fix, str(place.root / place.gt))]
    listing = list_pictures(folder)
    masks = _named(folder, f"_{place.gt}_labelIds")
    if not masks:
        require_pictures(listing, "*_labelIds.png", "unpack the whole archive; polygons alone are not read")
        kind = next(iter(listing.files.values())).stem.rsplit("_", 1)[-1]
        raise UserError(f"only *_{kind}.png, no *_{place.gt}_labelIds.png", fix="unpack the whole archive", path=folder)
    return masks, list(listing.faults)
