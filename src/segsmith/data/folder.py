"""Any folder with images/ and masks/ in parallel and a classes.json."""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

from segsmith.data.base import Dataset, Frame, FrameSequence
from segsmith.data.classfile import NAME, read_classes
from segsmith.data.faults import Fault
from segsmith.data.listing import by_prefix, list_pictures, pair, require_folder, require_pictures, sequences
from segsmith.data.reader import PictureReader
from segsmith.errors import UserError

Sequences: TypeAlias = list[FrameSequence]

IMAGES, MASKS = "images", "masks"
SPLITS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
MOSTLY = 0.8
"""Where more than this share of the frames is labelled, an unlabelled one is probably an accident."""
BLOCKS = 20
HELD_BACK = 0.1
"""The share of val, and that of test, where the folder has no splits."""


def open_folder(path: Path, name: str, seed: str = "0") -> Dataset:
    """``seed`` deals the clips to splits where the folder has none."""
    require_layout(path)
    if not (path / NAME).is_file():
        fix = f"let `segsmith data check {name} --write-classes` propose one"
        raise UserError(f"no {NAME} here", fix=fix, path=path)
    if not seed.isdigit():
        raise UserError(f"seed {seed!r} is not a whole number", fix="such as seed=0")
    classes, rules = read_classes(path / NAME)
    frames, faults = _frames(path)
    splits, notes, more = _splits(frames, path, int(seed))
    labelled = sum(frame.labelled for frame in frames)
    notes.append(f"{labelled} of {len(frames)} frames are labelled")
    notes += [f"no {split} split" for split in ("val", "test") if split not in splits]
    said = f"folder, {len(classes)} classes"
    reader = PictureReader(rules)
    return Dataset(name, said, classes, splits, reader, notes=tuple(notes), faults=(*faults, *more))


def require_layout(path: Path) -> None:
    """images/ and masks/ side by side, or a UserError that says what is there."""
    require_folder(path)
    for wanted in (IMAGES, MASKS):
        if not (path / wanted).is_dir():
            there = ", ".join(sorted(entry.name + "/" for entry in path.iterdir() if entry.is_dir())[:6])
            fix = f"put frames in {IMAGES}/ and masks in {MASKS}/ (there is {there or 'no folder'})"
            raise UserError(f"no {wanted}/ here", fix=fix, path=path)


def _frames(path: Path) -> tuple[list[Frame], list[Fault]]:
    """Every frame with its mask; a frame's name is its path below images/, without suffix."""
    images = require_pictures(list_pictures(path / IMAGES), "frames")
    masks = require_pictures(list_pictures(path / MASKS), "masks")
    found, faults = pair(images.files, masks.files, lambda labelled: labelled >= MOSTLY * len(images.files))
    if not found:
        example = next(iter(masks.files.values())).relative_to(path)
        wanted = f"{MASKS}/{next(iter(images.files))}.png"
        raise UserError(f"no mask belongs to a frame; {example} is one", fix=f"expected {wanted}", path=path / MASKS)
    frames = [Frame(name, str(image), str(found.get(name, ""))) for name, image in images.files.items()]
    return frames, [*images.faults, *masks.faults, *faults]


def _splits(
    frames: list[Frame], path: Path, seed: int
) -> tuple[dict[str, tuple[FrameSequence, ...]], list[str], list[Fault]]:
    """By the folder's split subfolders, or dealt by seed."""
    tops = {entry.name for entry in (path / IMAGES).iterdir() if entry.is_dir()}
    if not any(top.casefold() in SPLITS for top in tops):
        dealt, note = _deal(_clips(frames, 0), seed)
        return dealt, [note], []
    groups: dict[str, list[Frame]] = {SPLITS[top.casefold()]: [] for top in sorted(tops) if top.casefold() in SPLITS}
    faults: list[Fault] = []
    for frame in frames:
        top = frame.name.split("/", 1)[0].casefold()
        if "/" in frame.name and top in SPLITS:
            groups[SPLITS[top]].append(frame)
        else:
            faults.append(Fault("a frame outside the splits", "move it into train/, val/ or test/", frame.image))
    ordered = [split for split in ("train", "val", "test") if split in groups]
    return {split: tuple(_clips(groups[split], 1)) for split in ordered}, ["splits from the folders"], faults


def _clips(frames: list[Frame], depth: int) -> Sequences:
    """A subfolder below the splits is a clip; frames without one are grouped by what stands before their number."""
    clips: dict[str, list[Frame]] = {}
    for frame in frames:
        clips.setdefault("/".join(frame.name.split("/")[depth:-1]), []).append(frame)
    found: Sequences = []
    for clip, members in clips.items():
        found += sequences(clip, members) if clip else by_prefix(members, "frames")
    return found


def _deal(clips: Sequences, seed: int) -> tuple[dict[str, tuple[FrameSequence, ...]], str]:
    """80/10/10 by whole clips where there are enough, else by blocks of consecutive frames."""
    kind = "clips"
    if sum(_labelled(clip) for clip in clips) < BLOCKS // 2:
        clips, kind = _blocks(clips), "blocks of consecutive frames"
    labelled = sorted((clip for clip in clips if _labelled(clip)), key=lambda clip: _draw(clip, seed))
    if len(labelled) < 3:
        return {"train": tuple(clips)}, f"no split folders, and only {len(labelled)} labelled: everything is train"
    held = max(1, round(HELD_BACK * len(labelled)))
    val, test = {clip.name for clip in labelled[:held]}, {clip.name for clip in labelled[held : 2 * held]}
    splits = {
        "train": tuple(clip for clip in clips if clip.name not in val | test),
        "val": tuple(clip for clip in clips if clip.name in val),
        "test": tuple(clip for clip in clips if clip.name in test),
    }
    return splits, f"no split folders: {len(labelled)} {kind} dealt 80/10/10 with seed {seed}"


def _blocks(clips: Sequences) -> Sequences:
    """Clips cut so that there are about BLOCKS pieces; neighbours stay together as far as that allows."""
    total = sum(len(clip.frames) for clip in clips)
    length = max(1, round(total / BLOCKS))
    return [
        FrameSequence(f"{clip.name}@{start}", clip.frames[start : start + length])
        for clip in clips
        for start in range(0, len(clip.frames), length)
    ]


def _labelled(clip: FrameSequence) -> bool:
    return any(frame.labelled for frame in clip.frames)


def _draw(clip: FrameSequence, seed: int) -> bytes:
    """A place in the lot that depends on the clip's own name alone, on every machine."""
    return blake2b(f"{seed} {clip.name}".encode()).digest()
