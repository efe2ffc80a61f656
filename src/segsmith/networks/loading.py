"""``segsmith.load``: a trained network from a path."""

from pathlib import Path

from segsmith.errors import UserError
from segsmith.networks.build import VideoNetwork
from segsmith.networks.checkpoint import load_checkpoint

MODEL = "model.safetensors"


def load(path: str | Path) -> VideoNetwork:
    """The network of a checkpoint or of a run's folder, in evaluation mode; ``network.meta`` describes it."""
    file = Path(path)
    if file.is_dir():
        file = file / MODEL
        if not file.exists():
            raise UserError(f"holds no {MODEL}", fix="give the folder of a training run", path=path)
    return load_checkpoint(file)[0]
