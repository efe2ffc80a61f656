"""The limit of the cache folder: when a cache is made, those that lay unused the longest go.

Whoever reads a cache holds a shared lock on its pixels for as long as they are mapped; only what nobody holds, and
nobody is about to make, is ever removed.
"""

import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from segsmith.errors import UserError

if sys.platform != "win32":
    import fcntl

PIXELS = "pixels.bin"
VARIABLE = "SEGSMITH_CACHE_LIMIT"
LIMIT = "20 GB"
UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One cache. ``used``: when it was last opened, in nanoseconds."""

    folder: Path
    size: int
    used: int


def limit() -> int:
    """Bytes that caches may take together."""
    text = os.environ.get(VARIABLE) or LIMIT
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kMGT]B)\s*", text)
    if not found:
        raise UserError(f"{VARIABLE} is {text!r}, which is no size", fix=f"a number and a unit, such as {LIMIT}")
    return int(float(found[1]) * UNITS[found[2]])


def entries(frames: Path) -> list[Entry]:
    """The caches in a folder, those that lay unused the longest first. What is half made is one, too."""
    found = [_entry(folder) for folder in frames.glob("*") if folder.is_dir()]
    return sorted((entry for entry in found if entry), key=lambda entry: (entry.used, entry.folder))


def make_room(frames: Path, most: int, keep: Path) -> None:
    """Removes caches, but not ``keep``, until all take ``most`` bytes at most; says so in one line."""
    there = entries(frames)
    total = sum(entry.size for entry in there)
    removed: list[Entry] = []
    for entry in there:
        if total <= most:
            break
        if entry.folder != keep and remove(entry.folder):
            removed.append(entry)
            total -= entry.size
    if removed:
        freed = shown(sum(entry.size for entry in removed))
        which = f"{len(removed)} frame cache{'s' * (len(removed) != 1)}"
        log.warning("removed %s unused the longest (%s): all may take %s, %s", which, freed, shown(most), VARIABLE)


def remove(folder: Path) -> bool:
    """Whether it could be removed: not where somebody reads or makes it, nor where we may not."""
    try:
        with FileLock(folder.with_suffix(".lock"), blocking=False), _unread(folder):
            gone = folder.with_suffix(".gone")
            shutil.rmtree(gone, ignore_errors=True)
            folder.rename(gone)  # at once: nobody finds half of it
            shutil.rmtree(gone, ignore_errors=True)
    except (OSError, Timeout):
        return False
    return True


def hold(pixels: BinaryIO) -> None:
    """Keeps an open cache from being removed until this file, and every memory map made from it, is closed.

    Windows removes no open file, so there is nothing to do there.
    """
    if sys.platform != "win32":
        with suppress(OSError):  # a file system without locks
            fcntl.flock(pixels, fcntl.LOCK_SH)


def mark_used(folder: Path) -> None:
    with suppress(OSError):  # a cache that we may only read
        os.utime(folder)


def shown(size: float) -> str:
    unit, factor = next(((unit, factor) for unit, factor in reversed(UNITS.items()) if size >= factor), ("kB", 1000))
    return f"{size / factor:.3g} {unit}"


@contextmanager
def _unread(folder: Path) -> Iterator[None]:
    """OSError where somebody holds its pixels."""
    pixels = folder / PIXELS
    if sys.platform == "win32" or not pixels.exists():
        yield
        return
    with pixels.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _entry(folder: Path) -> Entry | None:
    try:
        size = sum(file.stat().st_size for file in folder.iterdir())
        return Entry(folder, size, folder.stat().st_mtime_ns)
    except OSError:  # removed while we looked
        return None
