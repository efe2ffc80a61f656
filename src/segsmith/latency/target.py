"""The device that a network is meant for, which may be another machine than this one."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from segsmith.errors import UserError
from segsmith.latency.files import read_record, write_json
from segsmith.machine import cores

BACKENDS: Mapping[str, tuple[str, ...]] = {
    "onnxruntime": ("fp32",),
    "openvino": ("fp32",),
    "torch": ("fp32",),
    "cuda": ("fp32", "fp16"),
}
"""The precisions in which networks are timed."""
FREE = frozenset(("name", "key_every"))
"""What changes nothing about what a piece costs."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class Target:
    """``device`` is the processor or the graphics card by its maker's name; ``key_every`` says that one frame in so
    many is a key frame."""

    name: str
    device: str
    backend: str = "onnxruntime"
    threads: int = 1
    precision: str = "fp32"
    size: tuple[int, int] = (360, 480)
    key_every: int = 10

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise UserError(f"there is no backend {self.backend!r}", fix=f"take one of {', '.join(BACKENDS)}")
        if self.precision not in BACKENDS[self.backend]:
            allowed = " or ".join(BACKENDS[self.backend])
            raise UserError(f"{self.backend} is not timed in {self.precision!r}", fix=f"take {allowed}")
        for what, value in (("threads", self.threads), ("key-every", self.key_every), ("size", min(self.size))):
            if value < 1:
                raise UserError(f"{what} {value} of a target is below one")

    def words(self) -> str:
        """One line."""
        height, width = self.size
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return (
            f"{self.device}, {self.backend} {self.precision}, {threads}, {height}x{width}, "
            f"a key frame every {self.key_every}"
        )

    def differences(self, other: "Target") -> list[str]:
        """What makes a table of the other one wrong for this one, such as ``threads 2, not 4``."""
        pairs = ((f.name, getattr(self, f.name), getattr(other, f.name)) for f in fields(self) if f.name not in FREE)
        return [f"{name} {_shown(theirs)}, not {_shown(ours)}" for name, ours, theirs in pairs if ours != theirs]

    def record(self) -> dict[str, Any]:
        return asdict(self) | {"size": list(self.size)}

    @classmethod
    def of_record(cls, record: Mapping[str, Any], path: object) -> "Target":
        """Strict: every field and no other, each of its kind."""
        kinds = {f.name: f.type for f in fields(cls)}
        if set(record) != set(kinds):
            odd = ", ".join(sorted(set(record) ^ set(kinds)))
            raise UserError(f"is no target: {odd} missing or too much", fix="segsmith target -o FILE", path=path)
        size = record["size"]
        sound = all(
            isinstance(record[name], kind) and not isinstance(record[name], bool)
            for name, kind in kinds.items()
            if isinstance(kind, type)
        )
        if not sound or not (isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)):
            raise UserError("is no target: a value is of the wrong kind", fix="segsmith target -o FILE", path=path)
        return cls(**dict(record) | {"size": (size[0], size[1])})


def this_machine(backend: str = "onnxruntime") -> Target:
    """This machine as a target, with as many threads as it has cores."""
    device = graphics_card() if backend == "cuda" else processor()
    return Target(device.lower().replace(" ", "-")[:40], device, backend, cores())


def load_target(path: str | Path) -> Target:
    record = read_record(Path(path), "target", VERSION)
    return Target.of_record(record, path)


def save_target(target: Target, path: str | Path) -> None:
    write_json(Path(path), {"segsmith_target": VERSION, **target.record()})


def is_here(target: Target) -> bool:
    """Whether this machine is the target."""
    try:
        return device_here(target) == target.device
    except UserError:
        return False


def device_here(target: Target) -> str:
    return graphics_card() if target.backend == "cuda" else processor()


def check_here(target: Target) -> None:
    """Refuse to measure for a machine that is not this one."""
    if device_here(target) != target.device:
        raise UserError(
            f"the target is {target.device}, and this machine is {device_here(target)}",
            fix="take it there by segsmith latency pack, or make a target of this machine by segsmith target",
        )


def processor() -> str:
    """Its maker's name for it, which ``platform`` does not know on Linux."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def graphics_card() -> str:
    import torch

    if not torch.cuda.is_available():
        raise UserError("torch finds no CUDA device here", fix="take another backend, or write the target there")
    return str(torch.cuda.get_device_name())


def _shown(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else json.dumps(value).strip('"')
