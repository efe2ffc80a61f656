"""Arrays on the disk, mapped into memory: written once, read by every process that trains candidates.

A store is a folder with one flat file for each array and ``index.json``. It is written beside and renamed.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from torch import Tensor

from segsmith.data.base import Reader
from segsmith.errors import UserError

FORMAT = 1
INDEX = "index.json"
DTYPES = {"float16": torch.float16, "uint8": torch.uint8, "int64": torch.int64}


class Arrays(Protocol):
    """Named arrays, wherever they lie."""

    def load(self, device: torch.device, resident: bool) -> dict[str, Tensor]:
        """``resident``: in this process' own memory or on the device; else mapped, and shared with others."""
        ...


class Move(Protocol):
    """Brings what a proxy reads to where other machines can read it, which train on ``device``."""

    @property
    def device(self) -> str: ...

    def arrays(self, arrays: Arrays) -> Arrays: ...

    def frames(self, frames: Reader) -> Reader: ...


@dataclass(frozen=True)
class Store:
    """The arrays by name. Pictures are kept as height x width x channels, and read as torch wants them."""

    folder: Path
    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]

    @classmethod
    def open(cls, folder: Path) -> "Store":
        index = json.loads((folder / INDEX).read_text())
        return cls(
            folder, {name: tuple(shape) for name, (shape, _) in index.items()}, {n: d for n, (_, d) in index.items()}
        )

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(math.prod(shape) * DTYPES[self.dtypes[name]].itemsize for name, shape in self.shapes.items())

    def load(self, device: torch.device, resident: bool) -> dict[str, Tensor]:
        arrays = {name: self._mapped(name) for name in self.shapes}
        return {name: x.to(device, copy=True) for name, x in arrays.items()} if resident else arrays

    def _mapped(self, name: str) -> Tensor:
        shape = self.shapes[name]
        flat = torch.from_file(
            str(self.folder / f"{name}.bin"), shared=False, size=math.prod(shape), dtype=DTYPES[self.dtypes[name]]
        )
        return flat.view(shape)


@dataclass
class Writer:
    """Plain writes, one after the other: a full disk is an error here, not a signal as it is in a memory map."""

    folder: Path
    files: dict[str, BinaryIO] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self.files.values():
            file.close()

    def append(self, name: str, rows: npt.NDArray[np.generic]) -> None:
        """Rows of an array; all of them have the same shape behind the first axis."""
        if name not in self.files:
            self.files[name] = (self.folder / f"{name}.bin").open("wb")
            self.shapes[name], self.dtypes[name] = (0, *rows.shape[1:]), str(rows.dtype)
        if self.shapes[name][1:] != rows.shape[1:]:
            raise UserError(
                f"frames are of different sizes: {_size(rows.shape)} behind {_size(self.shapes[name])} ({name})",
                fix="give all frames one size with --size",
            )
        self.files[name].write(np.ascontiguousarray(rows).data)
        self.shapes[name] = (self.shapes[name][0] + len(rows), *rows.shape[1:])

    def finish(self) -> None:
        index = {name: (shape, self.dtypes[name]) for name, shape in self.shapes.items()}
        (self.folder / INDEX).write_text(json.dumps(index))


def place(root: Path, *made_of: object) -> Path:
    """The folder of a store, named after what it is made of."""
    return root / "features" / hashlib.blake2b(repr((FORMAT, made_of)).encode(), digest_size=16).hexdigest()


@contextmanager
def making(target: Path) -> Iterator[Writer | None]:
    """A writer for the store at ``target``, or None where it is there already. Others that want it wait."""
    with _explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            if (target / INDEX).is_file():
                yield None
                return
            part = target.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)  # left by a process that was killed
            part.mkdir()
            try:
                with Writer(part) as writer:
                    yield writer
                    writer.finish()
                part.rename(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write the features of frames: {error.strerror or error}",
            fix="free some space, or set SEGSMITH_CACHE to a folder on another disk",
            path=place,
        ) from error


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape[1:]))
