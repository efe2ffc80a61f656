"""A runner from a path: a run, a checkpoint, or an exported file, alone or with its other part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segsmith.errors import UserError
from segsmith.models import hint, locate
from segsmith.networks.loading import load
from segsmith.runtimes.graphs import KEY, STEP
from segsmith.runtimes.runner import Runner

EXPORTS = "export"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run. ``threads`` 0 leaves it to the runtime. ``providers`` are ONNX Runtime's, ``device`` is torch's or
    OpenVINO's; what a runtime does not know it passes over."""

    threads: int = 0
    providers: Sequence[str] = ("CPUExecutionProvider",)
    spinning: bool = True
    device: str = "cpu"


Files = Mapping[str, Path]


def open_runner(path: str | Path, backend: str = "", settings: Settings = Settings()) -> Runner:
    """The network at a path, in the runtime that its kind of file is for, or in ``backend``.

    A run's folder is its checkpoint, but with a backend of exported files it is its only export for that one. Of a
    pair of files either will do, or what their names have in common.
    """
    path = Path(path)
    if backend and backend not in BACKENDS:
        raise UserError(f"there is no backend {backend!r}", fix=f"take one of {', '.join(BACKENDS)}")
    if path.is_dir() and backend not in ("", "torch"):
        path = _only_export(path, BACKENDS[backend][0])
    files = find_files(path)
    suffix = next(iter(files.values())).suffix
    name = backend or next((name for name, suffixes in BACKENDS.items() if suffix in suffixes), "torch")
    if suffix not in BACKENDS[name]:
        wanted = " or ".join(BACKENDS[name]) or "a run or a checkpoint"
        raise UserError(f"{name} does not run this kind of file", fix=f"give {wanted}", path=path)
    return OPENERS[name](files, settings)


def find_files(path: Path) -> Files:
    """Files by part. A run, a checkpoint or a shipped name is one file for both."""
    path = locate(path)
    if path.is_dir() or path.suffix == ".safetensors":
        return {KEY: path}
    stem = path.stem if path.suffix in SUFFIXES else path.name
    for part in (KEY, STEP):
        stem = stem.removesuffix(f"-{part}")
    for suffix in [path.suffix] if path.suffix in SUFFIXES else SUFFIXES:
        pair = {part: path.with_name(f"{stem}-{part}{suffix}") for part in (KEY, STEP)}
        alone = path.with_name(f"{stem}{suffix}")
        if alone.exists():
            return {KEY: alone}
        if pair[KEY].exists() or pair[STEP].exists():
            return _whole(pair)
    fix = f"segsmith export RUN makes one{hint()}"
    raise UserError("there is no such run, checkpoint or exported file", fix=fix, path=path)


def _whole(pair: Files) -> Files:
    for part, path in pair.items():
        if not path.exists():
            raise UserError(f"is missing: the {part} part of a video network", fix="export it again", path=path)
    return pair


def _only_export(run: Path, suffix: str) -> Path:
    found = sorted((run / EXPORTS).glob(f"*{suffix}"))
    names = {path.name.removesuffix(suffix).removesuffix(f"-{KEY}").removesuffix(f"-{STEP}") for path in found}
    if len(names) != 1:
        has = f"several: {', '.join(sorted(names))}" if names else "none"
        fix = "name the file" if names else "segsmith export RUN makes one"
        raise UserError(f"an exported file ({suffix}) was wanted, and the run has {has}", fix=fix, path=run)
    return found[0]


def _torch(files: Files, settings: Settings) -> Runner:
    import torch

    from segsmith.runtimes.torch_runner import TorchRunner

    network = load(files[KEY])
    assert network.meta is not None
    if settings.threads:
        torch.set_num_threads(settings.threads)
    return TorchRunner(network, network.meta, settings.device)


def _onnx(files: Files, settings: Settings) -> Runner:
    from segsmith.runtimes.onnx_runner import OnnxRunner

    return OnnxRunner(files, settings.threads, settings.providers, settings.spinning)


def _openvino(files: Files, settings: Settings) -> Runner:
    from segsmith.runtimes.openvino_runner import OpenVinoRunner, read_model

    read = {part: read_model(path) for part, path in files.items()}
    models = {part: model for part, (model, _) in read.items()}
    return OpenVinoRunner(models, read[KEY][1], settings.threads, settings.device.upper())


def _program(files: Files, settings: Settings) -> Runner:
    import torch

    from segsmith.runtimes.torch_runner import ProgramRunner

    if settings.threads:
        torch.set_num_threads(settings.threads)
    return ProgramRunner(files)


BACKENDS: Mapping[str, tuple[str, ...]] = {
    "torch": ("", ".safetensors"),
    "onnxruntime": (".onnx",),
    "openvino": (".xml", ".onnx"),
    "torch-export": (".pt2",),
}
OPENERS: Mapping[str, Callable[[Files, Settings], Runner]] = {
    "torch": _torch,
    "onnxruntime": _onnx,
    "openvino": _openvino,
    "torch-export": _program,
}
SUFFIXES = (".onnx", ".xml", ".pt2")
