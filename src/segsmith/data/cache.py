"""Frames decoded once: the uint8 pixels of one split, in a flat memory map under a cache folder.

A cache is a folder named after what it holds (the content of the files, the protocol that read them, the working
size). It is written beside and renamed, under a lock that goes with its process: what stands under its name is whole.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from filelock import FileLock

from segsmith import __version__
from segsmith.data.ahead import in_order
from segsmith.data.base import Dataset, Frame, Image
from segsmith.data.housekeeping import PIXELS, hold, limit, make_room, mark_used
from segsmith.errors import UserError
from segsmith.machine import cores

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the number of frames done and the number there are."""

Size: TypeAlias = tuple[int, int]
"""Height and width."""

Decoded: TypeAlias = Generator[tuple[Image, Image | None]]

FORMAT = 1
HASHED_WHOLE = 1 << 20
HASHED_ENDS = 1 << 18
INDEX = "index.npy"
NO_MASK = -1


@dataclass(frozen=True)
class FrameCache:
    """A reader whose frames need no decoding: what it returns are read-only views of the memory map.

    A frame is asked for by itself or by its place in the split. Sent to another process, it maps the same files.
    """

    folder: Path
    frames: tuple[Frame, ...]
    _rows: list[list[int]] = field(init=False, repr=False, compare=False)
    _pixels: npt.NDArray[np.uint8] = field(init=False, repr=False, compare=False)
    _places: dict[Frame, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        with (self.folder / PIXELS).open("rb") as file:
            hold(file)
            pixels = np.memmap(file, dtype=np.uint8, mode="r")
        object.__setattr__(self, "_rows", np.load(self.folder / INDEX).tolist())
        object.__setattr__(self, "_pixels", pixels.view(np.ndarray))
        object.__setattr__(self, "_places", {frame: place for place, frame in enumerate(self.frames)})

    def __reduce__(self) -> tuple[type["FrameCache"], tuple[Path, tuple[Frame, ...]]]:
        return FrameCache, (self.folder, self.frames)

    def __len__(self) -> int:
        return len(self.frames)

    def image(self, frame: Frame | int) -> Image:
        start, _, height, width = self._row(frame)
        return self._pixels[start : start + height * width * 3].reshape(height, width, 3)

    def mask(self, frame: Frame | int) -> Image | None:
        _, start, height, width = self._row(frame)
        return None if start == NO_MASK else self._pixels[start : start + height * width].reshape(height, width)

    def _row(self, frame: Frame | int) -> list[int]:
        return self._rows[frame if isinstance(frame, int) else self._places[frame]]


def open_cache(
    dataset: Dataset,
    split: str,
    *,
    size: Size | None = None,
    folder: Path | str | None = None,
    progress: Progress | None = None,
    workers: int = 0,
) -> FrameCache:
    """The cache of a split, made first where it is missing or no longer fits its files.

    ``size``: the working size; frames are resized to it once. ``folder``: default_folder() where not given.
    ``workers``: threads that decode, all cores where 0.
    """
    frames = dataset.frames(split)
    if not frames:
        has = ", ".join(dataset.splits) or "no split"
        raise UserError(f"{dataset.name} has no frames in split {split!r}", fix=f"it has {has}")
    workers = workers or cores()
    root = Path(folder) if folder else default_folder()
    target = root / "frames" / _key(dataset, frames, size, workers)
    while True:
        if not _whole(target, len(frames)):
            _make_alone(target, dataset, frames, size, progress, workers)
        try:
            found = FrameCache(target, frames)
        except FileNotFoundError:  # another process made room just now
            continue
        mark_used(target)
        return found


def cached(dataset: Dataset, split: str) -> Dataset:
    """The data set with one split alone, read from its cache: for what goes through whole frames again and again. A
    split that is larger than all caches may be is read as it is."""
    one = replace(dataset, splits={split: dataset.splits[split]})
    frames = one.frames(split)
    if frames and len(frames) * dataset.reader.image(frames[0]).nbytes > limit():
        return one
    return replace(one, reader=open_cache(one, split))


def default_folder() -> Path:
    """SEGSMITH_CACHE, else the folder that the system keeps for caches."""
    if given := os.environ.get("SEGSMITH_CACHE"):
        return Path(given).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "segsmith"


def _key(dataset: Dataset, frames: tuple[Frame, ...], size: Size | None, workers: int) -> str:
    """Names what a cache holds: the same files give the same cache wherever they lie, a changed file another."""
    reader = repr(dataset.reader) if is_dataclass(dataset.reader) else type(dataset.reader).__qualname__
    read_by = (FORMAT, __version__, dataset.protocol, dataset.classes.names, reader, size)
    digest = hashlib.blake2b(repr(read_by).encode(), digest_size=16)
    files = [(frame.name, file) for frame in frames for file in (frame.image, frame.mask)]
    for (name, _), content in zip(files, in_order(lambda f: _content(f[1]), files, workers, 4 * workers), strict=True):
        digest.update(repr((name, content)).encode())
    return digest.hexdigest()


def _content(file: str) -> bytes | str:
    """A file's content in short; what is no file (a reader may name its frames as it likes) stands for itself.

    Of large files only both ends are read, and their time of change counts: hashing them whole would cost more than
    what the cache saves on a first epoch.
    """
    path = Path(file)
    if not file or not path.is_file():
        return file
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as source:
        state = os.fstat(source.fileno())
        if state.st_size <= HASHED_WHOLE:
            digest.update(source.read())
        else:
            digest.update(f"{state.st_size} {state.st_mtime_ns}".encode())
            digest.update(source.read(HASHED_ENDS))
            source.seek(-HASHED_ENDS, os.SEEK_END)
            digest.update(source.read())
    return digest.digest()


def _whole(target: Path, frames: int) -> bool:
    """Whether the cache is there with all its bytes: a machine that lost power may have renamed before it wrote."""
    try:
        rows = np.load(target / INDEX)
        held = (target / PIXELS).stat().st_size
    except (OSError, ValueError, EOFError):
        return False
    pixels = rows[:, 2] * rows[:, 3]
    return len(rows) == frames and held == int((pixels * np.where(rows[:, 1] == NO_MASK, 3, 4)).sum())


def _make_alone(
    target: Path,
    dataset: Dataset,
    frames: tuple[Frame, ...],
    size: Size | None,
    progress: Progress | None,
    workers: int,
) -> None:
    most, root = limit(), target.parent.parent
    with _writing(root):
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_suffix(".lock"))
        lock.acquire()
    try:
        if not _whole(target, len(frames)):  # another process may have made it meanwhile
            decoded = in_order(lambda frame: _decode(dataset, frame, size), frames, workers, 2 * workers)
            _make(target, decoded, len(frames), progress)
    finally:
        lock.release()
    make_room(target.parent, most, target)


def _make(target: Path, decoded: Decoded, total: int, progress: Progress | None) -> None:
    part = target.with_suffix(".part")
    try:
        with _writing(part):
            _remove(part)  # left by a process that was killed: we hold the lock, so nobody writes it
            part.mkdir()
        with closing(decoded):
            _write(part, decoded, total, progress)
        with _writing(part):
            _remove(target)
            part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(part: Path, decoded: Decoded, total: int, progress: Progress | None) -> None:
    """Plain writes, one after the other: a full disk is an error here, not a signal as it is in a memory map."""
    rows: list[tuple[int, int, int, int]] = []
    with (part / PIXELS).open("wb") as out:
        for image, mask in decoded:
            with _writing(part):
                start = out.tell()
                out.write(image.data)
                mask_start = NO_MASK if mask is None else out.tell()
                if mask is not None:
                    out.write(mask.data)
            rows.append((start, mask_start, image.shape[0], image.shape[1]))
            if progress:
                progress(len(rows), total)
        with _writing(part):
            out.flush()
            os.fsync(out.fileno())
            np.save(part / INDEX, np.array(rows, np.int64))


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _decode(dataset: Dataset, frame: Frame, size: Size | None) -> tuple[Image, Image | None]:
    image = dataset.reader.image(frame)
    mask = dataset.reader.mask(frame) if frame.labelled else None
    if mask is not None and mask.shape != image.shape[:2]:
        raise UserError(
            f"the mask is {mask.shape[0]}x{mask.shape[1]} and its frame {image.shape[0]}x{image.shape[1]}",
            fix="a mask has the size of its frame",
            path=frame.mask,
        )
    if size and size != image.shape[:2]:
        shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
        image = resize(image, size, cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        mask = None if mask is None else resize(mask, size, cv2.INTER_NEAREST_EXACT)
    return np.ascontiguousarray(image), None if mask is None else np.ascontiguousarray(mask)


def resize(image: Image, size: Size, interpolation: int) -> Image:
    return np.asarray(cv2.resize(image, (size[1], size[0]), interpolation=interpolation), np.uint8)


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    """A disk that is full or closed to us is the user's to mend."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write the frame cache: {error.strerror or error}",
            fix="free some space, or set SEGSMITH_CACHE to a folder on another disk",
            path=place,
        ) from error
