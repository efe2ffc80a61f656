"""Segsmith: search, train, prove, export and run compact real-time segmentation networks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from segsmith.deploy.model import Model

__version__ = "0.1.0"


def load(
    path: "str | Path", backend: str = "", *, threads: int = 0, providers: "Sequence[str]" = (), device: str = "cpu"
) -> "Model":
    """A run, a checkpoint or an exported file, ready for frames: ``load(path).stream(key_every=10)(frame)``.

    ``backend`` is torch, onnxruntime, openvino or torch-export; where it is not given, that of the file. With 0
    ``threads`` the runtime decides; ``providers`` are ONNX Runtime's, ``device`` is torch's or OpenVINO's.
    """
    from segsmith.deploy.model import load_model

    return load_model(path, backend, threads=threads, providers=providers, device=device)
