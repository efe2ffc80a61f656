"""What can be timed: networks with weights and without, exported files, and what others have made."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, load_genotype
from segsmith.genotype.presets import PRESETS
from segsmith.models import locate
from segsmith.networks.build import VideoNetwork, build
from segsmith.networks.loading import MODEL, load
from segsmith.networks.meta import Meta
from segsmith.runtimes.graphs import KEY
from segsmith.runtimes.onnx_runner import open_session, session_options
from segsmith.runtimes.opening import SUFFIXES, find_files

TRAINED, GENOTYPE, FUNCTION, EXPORTED, FOREIGN = "trained", "genotype", "function", "exported", "foreign"
TORCH = "torch"
"""The network as ``segsmith run`` runs it: batch norms folded, channels last, the cheap class map."""
EAGER = "eager"
"""The network as torch runs it when nobody does anything about it."""
ALL = ("onnxruntime", "openvino", TORCH, EAGER)
OF_FILES: Mapping[str, tuple[str, ...]] = {
    ".onnx": ("onnxruntime", "openvino"),
    ".xml": ("openvino",),
    ".pt2": ("torch-export",),
}
ENDINGS = [f"{part}{suffix}" for suffix in SUFFIXES for part in ("", f"-{KEY}")]


@dataclass(frozen=True)
class Subject:
    """``name`` is what a person calls it; ``files`` are there by part where it is files."""

    name: str
    kind: str
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that it can be timed in, the usual one first."""
        return OF_FILES[next(iter(self.files.values())).suffix] if self.files else ALL

    def backend(self, asked: str) -> str:
        if asked and asked not in self.backends:
            raise UserError(f"{self.name} cannot be timed in {asked!r}", fix=f"take {' or '.join(self.backends)}")
        return asked or self.backends[0]


def read_subject(name: str) -> Subject:
    """A run, a checkpoint, an exported file, any ONNX file, a genotype by preset or file, or ``module:function``."""
    path = Path(name) if name in PRESETS else locate(name)
    if path.suffix == ".safetensors" or (path / MODEL).is_file():
        return Subject(name, TRAINED)
    if path.suffix == ".onnx" and path.is_file() and not is_ours(path):
        return Subject(name, FOREIGN, {KEY: path})
    if path.suffix in SUFFIXES or any(path.with_name(f"{path.name}{ending}").is_file() for ending in ENDINGS):
        return Subject(name, EXPORTED, find_files(path))
    if path.exists() or not name.partition(":")[2].isidentifier():
        load_genotype(name)
        return Subject(name, GENOTYPE)
    return Subject(name, FUNCTION)


def is_ours(path: Path) -> bool:
    return "segsmith" in open_session(path, session_options()).get_modelmeta().custom_metadata_map


def network_of(subject: Subject, classes: int) -> tuple[VideoNetwork, Meta]:
    """The network and what it is for; random weights are always the same."""
    if subject.kind == TRAINED:
        network = load(subject.name)
        assert network.meta is not None
        return network, network.meta
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if subject.kind == GENOTYPE:
            genotype = load_genotype(subject.name)
            return build(genotype, classes).eval(), meta_of(genotype, classes)
        return cast(VideoNetwork, Rival(called(subject.name)).eval()), meta_of(unknown(subject.name), classes)


def meta_of(genotype: Genotype, classes: int) -> Meta:
    return Meta(genotype, tuple(map(str, range(classes))), tuple((n, n, n) for n in range(classes)))


def unknown(source: str) -> Genotype:
    """In place of the genotype, for what has none."""
    return Genotype("external", Graph((), (), ()), settings={"source": source})


class Rival(nn.Module):
    """Anybody's image network as one of ours: normalised frames in, logits out."""

    def __init__(self, module: nn.Module, in_channels: int = 3) -> None:
        super().__init__()
        self.module, self.in_channels = module, in_channels

    def key(self, frame: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return logits_in(self.module(frame)), {}


def logits_in(answer: object) -> Tensor:
    """Of an answer of several tensors the one called ``out``, or the first."""
    while isinstance(answer, Mapping | list | tuple) and answer:
        answer = answer.get("out", next(iter(answer.values()))) if isinstance(answer, Mapping) else answer[0]
    if isinstance(answer, Tensor) and answer.ndim == 4:
        return answer
    shape = "x".join(map(str, answer.shape)) if isinstance(answer, Tensor) else type(answer).__name__
    raise UserError(f"the network answers with {shape}", fix="return logits, N x classes x h x w")


def called(source: str) -> nn.Module:
    """What ``module:function`` returns. Modules are looked for in this folder, too."""
    module, _, name = source.partition(":")
    sys.path.insert(0, "")
    try:
        function = getattr(import_module(module), name, None)
    except ImportError as error:
        raise UserError(f"{source}: {error}", fix="install it, or put its folder on PYTHONPATH") from None
    finally:
        sys.path.remove("")
    made = function() if callable(function) else None
    if not isinstance(made, nn.Module):
        what = type(made).__name__ if callable(function) else "is no function"
        raise UserError(f"{source}: {what}", fix="name a function that returns a torch.nn.Module")
    return made
