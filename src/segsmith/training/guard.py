"""What may befall a run: a loss that is no number, a person who wants to stop, memory that is too small."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from segsmith.training.runfolder import replacing

DIVERGED = 10.0
NO_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate",
    "ALLOC_FAILED",
    "ALLOCATION_FAILED",
    "std::bad_alloc",
)
"""What errors say that have no class of their own: those of CUDA, torch's CPU allocator, cuBLAS and cuDNN, and C++."""


class LossWatch:
    """Tells a loss that is usable from one that is no number or far above what it has been."""

    def __init__(self) -> None:
        self.usual: float | None = None

    def sound(self, loss: float) -> bool:
        if not abs(loss) < float("inf"):
            return False
        if self.usual is not None and loss > DIVERGED * (self.usual + 1):
            return False
        self.usual = loss if self.usual is None else 0.95 * self.usual + 0.05 * loss
        return True


def keep_batch(path: Path, frames: Tensor, masks: Tensor) -> None:
    """The batch that broke the loss, for whoever wants to look at it."""
    with replacing(path) as beside:
        save_file({"frames": frames.contiguous().cpu(), "masks": masks.contiguous().cpu()}, beside)


class Interruption:
    """Ctrl-C asks to stop after the step that runs; a second one stops at once."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _ask(self, _signal: int, _frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in NO_MEMORY)
