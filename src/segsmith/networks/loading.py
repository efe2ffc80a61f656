"""A trained network from a path."""

from pathlib import Path

from segsmith.errors import UserError
from segsmith.models import hint, locate
from segsmith.networks.build import VideoNetwork
from segsmith.networks.checkpoint import load_checkpoint

MODEL = "model.safetensors"


def load(path: str | Path) -> VideoNetwork:
    """That of a checkpoint, a run's folder or a shipped name, in evaluation mode; ``network.meta`` describes it."""
    file = locate(path)
    if file.is_dir():
        file = file / MODEL
        if not file.exists():
            raise UserError(f"holds no {MODEL}", fix=f"give the folder of a training run{hint()}", path=path)
    elif not file.exists():
        raise UserError("there is no such file", fix=f"give a {MODEL} or a run's folder{hint()}", path=path)
    return load_checkpoint(file)[0]
