"""Exporting a trained network: recorded, written, run beside the original, and only then given its name."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segsmith.data.base import Dataset
from segsmith.data.open import TOY, open_dataset
from segsmith.deploy.clips import Clips
from segsmith.deploy.parity import BOUNDS, Parity, compare
from segsmith.deploy.quantise import quantised
from segsmith.deploy.targets import TARGETS, Made, Target
from segsmith.deploy.trouble import explain
from segsmith.errors import UserError
from segsmith.networks.build import VideoNetwork
from segsmith.networks.loading import load
from segsmith.networks.meta import Meta
from segsmith.runtimes.card import Card
from segsmith.runtimes.fold import fold
from segsmith.runtimes.graphs import KEY, PartGraph, Wanted, parts_of
from segsmith.runtimes.native import OPSET as NATIVE_OPSET
from segsmith.runtimes.native import deforms, use_native
from segsmith.runtimes.opening import open_runner
from segsmith.runtimes.torch_runner import TorchRunner
from segsmith.runtimes.trace import OPSET, record, to_onnx
from segsmith.training.runfolder import RunFolder, versions

LENGTH = 30


@dataclass(frozen=True)
class ExportOptions:
    """``size``: that of the frames, or None for any. ``deform`` and ``data`` may be left empty: what the target
    does best, and what the network was trained on."""

    model: Path
    to: str = "onnx"
    size: tuple[int, int] | None = None
    precision: str = "fp32"
    deform: str = ""
    data: str = ""
    out: Path | None = None
    logits: bool = False
    confidence: bool = False
    clips: int = 2


@dataclass(frozen=True)
class Exported:
    """The files by part, and how they were proved."""

    files: Mapping[str, Path]
    card: Card
    parity: Parity

    def record(self) -> dict[str, Any]:
        return {
            "files": {part: str(path) for part, path in self.files.items()},
            "bytes": {part: bytes_of(path) for part, path in self.files.items()},
            "precision": self.card.precision,
            "deform": self.card.deform,
            "size": self.card.words()["frame_size"],
            "parity": self.parity.record(),
        }


def export(options: ExportOptions, say: Callable[[str], None] = lambda line: None) -> Exported:
    network = load(options.model)
    meta = network.meta
    assert meta is not None
    target, options = checked(options, network, meta)
    dataset = open_dataset(options.data or trained_on(options.model))
    card = Card(meta, KEY, options.size, options.precision, options.deform, versions())
    out, name = place(options)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=f".{name}.{os.getpid()}.") as folder:
        made = make(options, network, card, target, dataset, say)
        parity = prove(options, network, made, card, target, dataset, Path(folder) / f"{name}{target.suffix}", say)
        card = replace(card, parity=parity.record())
        written = write(made, card, target, Path(folder) / f"{name}{target.suffix}", options.logits)
        files = publish(written, out, name)
    return Exported(files, card, parity)


def checked(options: ExportOptions, network: VideoNetwork, meta: Meta) -> tuple[Target, ExportOptions]:
    """What was asked for, with what was left open filled in."""
    if options.to not in TARGETS:
        raise UserError(f"there is no target {options.to!r}", fix=f"take one of {', '.join(TARGETS)}")
    target = TARGETS[options.to]
    if options.precision not in BOUNDS:
        raise UserError(f"there is no precision {options.precision!r}", fix=f"take one of {', '.join(BOUNDS)}")
    if options.precision not in target.precisions:
        raise UserError(f"{options.to} is not exported in {options.precision}", fix="--to onnx or --to openvino")
    if options.deform not in ("", "grid", "native"):
        raise UserError(f"there is no way {options.deform!r} to deform", fix="take grid or native")
    if options.deform == "native" and not target.native:
        raise UserError(f"{options.to} has no operator for deformable convolution", fix="--deform grid")
    best = "native" if target.native and deforms(network) else "grid"
    if any(meta.size) and options.size is None:
        # resizing frames of any size would cost several times what it costs for a known one
        options = replace(options, size=meta.size)
    return target, replace(options, deform=options.deform or best)


def make(
    options: ExportOptions,
    network: VideoNetwork,
    card: Card,
    target: Target,
    dataset: Dataset,
    say: Callable[[str], None],
) -> dict[str, Made]:
    """Every part of the network, recorded and converted."""
    ready = fold(network).requires_grad_(False)
    if options.precision == "fp16" and options.to != "openvino":
        ready = ready.half()
    if options.deform == "native":
        use_native(ready)
    wanted = Wanted(logits=options.logits or target.by_onnx, confidence=options.confidence)
    made = {}
    for part in parts_of(network):
        say(f"recording {part}")
        graph = PartGraph(ready, card.meta, part, wanted)
        program = record(graph, options.size)
        opset = NATIVE_OPSET if options.deform == "native" else OPSET
        model = to_onnx(program, graph, opset) if target.by_onnx else None
        made[part] = Made(graph, program, model)
    if options.precision == "int8":
        say("calibrating int8 on training frames")
        made = quantised(made, card, Clips(dataset, _split(dataset, "train"), 4, 8, options.size))
    return made


def prove(
    options: ExportOptions,
    network: VideoNetwork,
    made: Mapping[str, Made],
    card: Card,
    target: Target,
    dataset: Dataset,
    path: Path,
    say: Callable[[str], None],
) -> Parity:
    """Run what was written beside the network in torch; refuse it where the two differ."""
    say(f"proving it on {dataset.name}")
    write(made, card, target, path, options.logits)
    exported = open_runner(path, target.backend)
    witness = None
    if target.by_onnx and not options.logits:
        aside = path.parent / "witness" / path.name
        aside.parent.mkdir()
        write(made, card, target, aside, True)
        witness = open_runner(aside, target.backend)
    reference = TorchRunner(network, card.meta, folded=False)
    clips = Clips(dataset, _split(dataset, "val"), options.clips, LENGTH, options.size)
    parity = compare(reference, exported, clips, witness)
    bound = BOUNDS[options.precision]
    if parity.equal_pixels < bound:
        if parity.growing:
            why, fix = f"; {parity.growing}, and rounding with them", "train it for longer (nothing was written)"
        else:
            why, fix = explain(made, network, card, target, clips), "nothing was written"
        raise UserError(
            f"the export differs from the network: {parity.equal_pixels:.4%} of pixels have the same class, and "
            f"{bound:.1%} must{why}",
            fix=fix,
        )
    return parity


def write(made: Mapping[str, Made], card: Card, target: Target, path: Path, logits: bool) -> dict[str, Path]:
    """NAME.onnx, or NAME-key.onnx and NAME-step.onnx."""
    files = {}
    for part, one in made.items():
        files[part] = path.with_name(f"{path.stem}-{part}{path.suffix}") if len(made) > 1 else path
        target.write(one, replace(card, part=part), files[part], logits)
    return files


def publish(written: Mapping[str, Path], out: Path, name: str) -> dict[str, Path]:
    """Give the files their names; an older export of this name that has other parts goes."""
    suffix = next(iter(written.values())).suffix
    for stale in (out / f"{name}{suffix}", out / f"{name}-key{suffix}", out / f"{name}-step{suffix}"):
        if stale.name not in {path.name for path in written.values()}:
            stale.unlink(missing_ok=True)
            stale.with_suffix(".bin").unlink(missing_ok=True)
    for path in written.values():
        for file in (path, path.with_suffix(".bin")):
            if file.exists():
                os.replace(file, out / file.name)
    return {part: out / path.name for part, path in written.items()}


def place(options: ExportOptions) -> tuple[Path, str]:
    """The folder and the name: those of the run."""
    model = options.model.resolve()
    run = model if model.is_dir() else model.parent
    named = run.name if model.is_dir() or RunFolder(run).exists() else model.stem
    name = named if options.precision == "fp32" else f"{named}-{options.precision}"
    return options.out or run / "export", name


def trained_on(model: Path) -> str:
    """The data set of the run that the model belongs to, or the simulator."""
    run = RunFolder(model if model.is_dir() else model.parent)
    return str(run.record()["configuration"].get("data", TOY)) if run.exists() else TOY


def bytes_of(path: Path) -> int:
    weights = path.with_suffix(".bin")
    return path.stat().st_size + (weights.stat().st_size if path.suffix == ".xml" and weights.exists() else 0)


def _split(dataset: Dataset, wanted: str) -> str:
    """That split, or where it is empty the first that is not."""
    return next((name for name in (wanted, *dataset.splits) if dataset.splits.get(name)), wanted)
