"""A run's folder: the record of what was asked, with what, and how far it came.

Every file is written beside and renamed.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from filelock import FileLock, Timeout

import segsmith
from segsmith.errors import UserError
from segsmith.machine import cores

LOCK = ".lock"
"""In a run's folder: held by the process that works there, for as long as it lives."""
PACKAGES = ("torch", "numpy", "lightning-fabric", "optuna", "onnx", "onnxruntime", "opencv-python-headless")


def make_folder(path: Path) -> None:
    """With its parents. One that is there already has to be one that can be written to."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise unusable(path, error) from None


def check_folder(path: Path) -> None:
    """Refuse early what ``make_folder`` would refuse, and leave nothing behind."""
    with _no_new_empty_folder(path):
        make_folder(path)


@contextmanager
def _no_new_empty_folder(path: Path) -> Iterator[None]:
    new = [folder for folder in (path, *path.parents) if not os.path.exists(folder)]
    try:
        yield
    finally:
        for folder in new:
            with suppress(OSError):  # it was not made, or somebody has put something there
                folder.rmdir()


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """A folder, made if need be, for one process that does ``what``. The lock goes with the process. A folder that
    nothing was put into is left as it was found."""
    path = folder / LOCK
    with _no_new_empty_folder(folder):
        make_folder(folder)
        lock, before = FileLock(path, timeout=0), {*os.listdir(folder)}
        try:
            lock.acquire()
        except Timeout:
            busy = f"another {what} is running in this folder"
            raise UserError(busy, fix="wait for it, or stop it", path=folder) from None
        except OSError as error:
            raise unusable(folder, error) from None
        try:
            yield
        finally:
            if {*os.listdir(folder)} - before == {LOCK}:
                path.unlink()
            lock.release()


def is_held(folder: Path) -> bool:
    """By a process that is alive: one that was killed holds nothing."""
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True


def unusable(path: Path, error: OSError) -> UserError:
    return UserError(f"cannot hold files: {error.strerror}", fix="name another folder", path=path)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; it takes the place of ``path`` when the block ends well, and never half written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        # Onto the disk before it takes the old one's place: a machine may lose its power between the two.
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror}", fix="free space or choose another folder", path=path
        ) from None
    finally:
        with suppress(OSError):  # it was not made, or has its name
            beside.unlink()


def write_json(path: Path, value: Any) -> None:
    with replacing(path) as beside:
        beside.write_text(json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError("there is no such file", fix="give the folder of a run", path=path) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"is not JSON: {error}", path=path) from None


def machine() -> dict[str, Any]:
    """What kind of machine this is, without its name."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": cores(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    found = {"segsmith": segsmith.__version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


class RunFolder:
    """``run.json`` and the paths of the other files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record_path = path / "run.json"
        self.genotype = path / "genotype.json"
        self.model = path / "model.safetensors"
        self.last = path / "last.safetensors"
        self.metrics = path / "metrics.json"
        self.curve = path / "curve.csv"
        self.tensorboard = path / "tensorboard"

    def exists(self) -> bool:
        return os.path.exists(self.record_path)  # also where nobody may look

    def refuse_existing(self) -> None:
        """And what cannot be a folder: said before processes start, for one that fails leaves the others waiting."""
        if self.exists():
            raise UserError(
                "holds a run already",
                fix=f"go on with it by --resume {self.path}, or name a new folder",
                path=self.path,
            )
        check_folder(self.path)

    def create(self, command: str, configuration: dict[str, Any], seed: int) -> None:
        self.refuse_existing()
        record = {
            "command": command,
            "arguments": sys.argv[1:],
            "configuration": configuration,
            "seed": seed,
            "versions": versions(),
            "machine": machine(),
            "state": "running",
        }
        write_json(self.record_path, record)

    def record(self) -> dict[str, Any]:
        return dict(read_json(self.record_path))

    def scores(self) -> dict[str, Any]:
        return dict(read_json(self.metrics))

    def update(self, **changes: Any) -> None:
        write_json(self.record_path, self.record() | changes)


def _processor() -> str:
    """The processor's name: ``platform`` does not know it on Linux."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()
