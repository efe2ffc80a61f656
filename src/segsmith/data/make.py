"""Simulated streets written as files: in the ``folder:`` layout, as SegNet writes CamVid, and as video.

``OUT/images/SPLIT/CLIP/FRAME.png``, ``OUT/masks/...`` and ``OUT/classes.json``; ``OUT/segnet/train``, ``trainannot``
and so on; ``OUT/video/CLIP.mp4``. Every file takes its name when it is whole, and ``OUT/.made`` knows the clips that
are done, so that a run that was stopped goes on where it was.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

from segsmith.data.base import VOID, Image
from segsmith.data.ceiling import ceiling
from segsmith.data.classfile import NAME as CLASSES_FILE
from segsmith.data.classfile import write_classes
from segsmith.data.film import Film
from segsmith.data.processes import dealt
from segsmith.data.streets.options import Options
from segsmith.data.streets.reader import CLASSES, REVISION, clip_name
from segsmith.data.streets.scene import build
from segsmith.errors import UserError
from segsmith.machine import cores

Layout = Literal["folder", "segnet", "video"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
SEGNET_VOID = 11
STRIDES = (4, 8)
_MADE, _PLAN = ".made", "streets.txt"
_FASTEST_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_STARTING_COSTS = 60
"""Frames that are sooner drawn alone than by processes which have to start first."""

Progress = Callable[[int, int], None]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Summary:
    """``shares``: of the labelled pixels, by split and class; ``ceilings``: the best mIoU that an output of that stride
    can reach, by stride; ``kept``: clips that were there already."""

    out: Path
    layouts: tuple[Layout, ...]
    clips: dict[str, int]
    frames: int
    labelled: int
    shares: dict[str, dict[str, float]]
    ceilings: dict[int, float]
    kept: int


@dataclass(frozen=True, slots=True)
class _Job:
    """One clip, for whichever process takes it."""

    out: Path
    options: Options
    layouts: tuple[Layout, ...]
    split: str
    clip: int

    @property
    def name(self) -> str:
        return clip_name(self.split, self.clip)

    @property
    def record(self) -> Path:
        return self.out / _MADE / f"{self.name}.npz"


def make_streets(
    out: Path,
    *,
    clips: int = 40,
    frames: int = 30,
    size: tuple[int, int] = (360, 480),
    seed: int = 0,
    frame_every: int = 1,
    label_every: int = 1,
    layout: Layout | Sequence[Layout] = LAYOUTS,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Summary:
    """Writes the same pictures as ``streets:clips=...,frames=...`` reads. ``progress`` gets frames done and to do."""
    options = Options(clips, frames, size, seed, frame_every, label_every)
    layouts = _wanted(layout)
    out = Path(out)
    jobs = [
        _Job(out, options, layouts, split, clip) for split, count in options.counts().items() for clip in range(count)
    ]
    try:
        _prepare(out, options, layouts)
        waiting = [job for job in jobs if not _done(job)]
        _write_all(waiting, len(jobs), progress, workers or cores())
        return _summary(out, options, layouts, jobs, len(jobs) - len(waiting))
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "make room or choose another folder; what is written is kept, and the same command goes on from there"
        raise UserError(f"cannot be written: {reason}", fix=fix, path=error.filename or out) from None


def _wanted(layout: Layout | Sequence[Layout]) -> tuple[Layout, ...]:
    asked = (layout,) if isinstance(layout, str) else tuple(layout)
    for one in asked:
        if one not in LAYOUTS:
            raise UserError(f"streets cannot be written as {one!r}", fix=f"layouts: {', '.join(LAYOUTS)}")
    if not asked:
        raise UserError("no layout to write", fix=f"layouts: {', '.join(LAYOUTS)}")
    return tuple(one for one in LAYOUTS if one in asked)


def _prepare(out: Path, options: Options, layouts: tuple[Layout, ...]) -> None:
    """Nothing of anyone else's is overwritten, and no two data sets are mixed."""
    plan, text = out / _PLAN, f"revision={REVISION},{options.text()} {' '.join(layouts)}\n"
    if out.exists() and not out.is_dir():
        raise UserError("a file where the folder should be", fix="choose another folder", path=out)
    if plan.is_file():
        if plan.read_text(encoding="utf-8") != text:
            there = plan.read_text(encoding="utf-8").strip()
            raise UserError(f"holds other streets ({there})", fix="choose another folder, or remove it", path=out)
    elif out.is_dir() and any(out.iterdir()):
        raise UserError("holds other files", fix="choose a new or an empty folder", path=out)
    (out / _MADE).mkdir(parents=True, exist_ok=True)
    _replace(plan, text.encode())
    if "folder" in layouts:
        names, colours = list(CLASSES.names), [list(colour) for colour in CLASSES.colours]
        write_classes(out / CLASSES_FILE, {"names": names, "colours": colours, "ignore": [VOID]})


def _files(job: _Job) -> Iterator[Path]:
    """What a clip is written to."""
    if "video" in job.layouts:
        yield job.out / "video" / f"{job.name}.mp4"
    for index in range(job.options.frames):
        yield from (path for path, _ in _places(job, index))


def _places(job: _Job, index: int) -> Iterator[tuple[Path, Literal["image", "mask", "segnet mask"]]]:
    """The pictures of one frame. SegNet's layout knows labelled frames only."""
    file, labelled = f"{job.name}_{index:05d}.png", job.options.labelled(index)
    if "folder" in job.layouts:
        yield job.out / "images" / job.split / job.name / file, "image"
        if labelled:
            yield job.out / "masks" / job.split / job.name / file, "mask"
    if "segnet" in job.layouts and labelled:
        yield job.out / "segnet" / job.split / file, "image"
        yield job.out / "segnet" / f"{job.split}annot" / file, "segnet mask"


def _done(job: _Job) -> bool:
    return job.record.is_file() and all(path.is_file() for path in _files(job))


def _write_all(jobs: list[_Job], clips: int, progress: Progress | None, workers: int) -> None:
    frames = jobs[0].options.frames if jobs else 0
    total = clips * frames
    done = total - len(jobs) * frames
    for _ in _written(jobs, min(workers, len(jobs)) if len(jobs) * frames > _STARTING_COSTS else 1):
        done += frames
        if progress:
            progress(done, total)


def _written(jobs: list[_Job], workers: int) -> Iterator[object]:
    return dealt(_write, jobs, workers, _begin) if workers > 1 else map(_write, jobs)


def _begin() -> None:
    """Each process draws on one core; there are as many processes as cores."""
    cv2.setNumThreads(1)


def _write(job: _Job) -> None:
    """One clip to all its files, and last the record that it is done: pixels of each class, and one mask."""
    for folder in {path.parent for path in _files(job)}:
        folder.mkdir(parents=True, exist_ok=True)
    scene = build(job.options, job.split, job.clip)
    counts, last = np.zeros(VOID + 1, np.int64), np.zeros((0, 0), np.uint8)
    video = job.out / "video" / f"{job.name}.part.mp4"
    film = Film(video, job.options.rate_hz) if "video" in job.layouts else None
    try:
        for index in range(job.options.frames):
            image, mask = scene.frame(index * job.options.frame_every)
            _save(job, index, image, mask)
            if film:
                film.write(image)
            if job.options.labelled(index):
                counts, last = counts + np.bincount(mask.ravel(), minlength=VOID + 1), mask
    finally:
        if film:
            film.close()
    if film:
        os.replace(video, job.out / "video" / f"{job.name}.mp4")
    part = job.record.with_suffix(".part.npz")
    np.savez_compressed(part, counts=counts, mask=last)
    os.replace(part, job.record)


def _save(job: _Job, index: int, image: Image, mask: Image) -> None:
    """Each picture is packed once, wherever it goes."""
    packed: dict[str, bytes] = {}
    for path, what in _places(job, index):
        if what not in packed:
            picture = image[..., ::-1] if what == "image" else mask
            if what == "segnet mask":
                picture = np.where(mask == VOID, np.uint8(SEGNET_VOID), mask)
            packed[what] = cv2.imencode(".png", np.ascontiguousarray(picture), _FASTEST_PNG)[1].tobytes()
        _replace(path, packed[what])


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def _summary(out: Path, options: Options, layouts: tuple[Layout, ...], jobs: list[_Job], kept: int) -> Summary:
    counts: dict[str, Counts] = {split: np.zeros(VOID + 1, np.int64) for split in options.counts()}
    masks = []
    for job in jobs:
        with np.load(job.record) as record:
            counts[job.split] += record["counts"]
            masks.append(record["mask"])
    labelled = sum(options.labelled(index) for index in range(options.frames))
    return Summary(
        out=out,
        layouts=layouts,
        clips=options.counts(),
        frames=options.clips * options.frames,
        labelled=options.clips * labelled,
        shares={split: _shares(count) for split, count in counts.items()},
        ceilings={stride: ceiling(masks[:: max(1, len(masks) // 40)], stride, len(CLASSES)) for stride in STRIDES},
        kept=kept,
    )


def _shares(counts: Counts) -> dict[str, float]:
    within = counts[: len(CLASSES)]
    return dict(zip(CLASSES.names, (within / max(int(within.sum()), 1)).tolist(), strict=True))
