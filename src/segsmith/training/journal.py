"""What a run tells while it trains: a bar on the terminal, ``curve.csv``, TensorBoard."""

import csv
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from segsmith.data.base import Image
from segsmith.training.loop import Status
from segsmith.training.runfolder import RunFolder

COLUMNS = ("step", "progress", "seconds", "images", "loss", "lr", "miou")
EVERY_SECONDS = 5.0


@dataclass
class Journal:
    """Losses are averaged between two lines of the curve."""

    run: RunFolder
    quiet: bool = False
    _losses: list[float] = field(default_factory=list)
    _written: float = 0.0
    _speed: tuple[float, int] = (0.0, 0)
    _board: Any = None

    def open(self, step: int = 0) -> None:
        """Go on behind ``step``: lines that a killed run wrote after its last snapshot would stand there twice."""
        from torch.utils.tensorboard.writer import SummaryWriter

        rows = [row for row in read_curve(self.run.curve) if int(row["step"]) <= step]
        with self.run.curve.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        self._board = SummaryWriter(str(self.run.tensorboard), purge_step=step)
        self._written = time.perf_counter()

    def close(self) -> None:
        self._board.close()

    def report(self, status: Status) -> None:
        self._losses.append(status.loss)
        if time.perf_counter() - self._written >= EVERY_SECONDS or status.progress >= 1:
            self.write(status)

    def write(self, status: Status, miou: float | None = None) -> None:
        loss = sum(self._losses) / len(self._losses) if self._losses else status.loss
        row = {
            "step": status.step,
            "progress": round(status.progress, 5),
            "seconds": round(status.seconds, 1),
            "images": status.images,
            "loss": round(loss, 5),
            "lr": f"{status.lr:.3g}",
            "miou": "" if miou is None else round(miou, 5),
        }
        with self.run.curve.open("a", newline="") as file:
            csv.DictWriter(file, COLUMNS).writerow(row)
        self._board.add_scalar("loss", loss, status.step)
        self._board.add_scalar("lr", status.lr, status.step)
        if miou is not None:
            self._board.add_scalar("val/miou", miou, status.step)
        self._show(status, loss, miou)
        self._losses.clear()
        self._written = time.perf_counter()

    def picture(self, name: str, image: Image, step: int) -> None:
        self._board.add_image(name, image, step, dataformats="HWC")

    def _show(self, status: Status, loss: float, miou: float | None) -> None:
        before, images = self._speed
        rate = (status.images - images) / max(1e-6, status.seconds - before)
        self._speed = (status.seconds, status.images)
        if self.quiet:
            return
        left = status.seconds / status.progress * (1 - status.progress) if status.progress else 0.0
        text = (
            f"{status.progress:5.1%}  step {status.step}  loss {loss:.3f}  lr {status.lr:.2g}  {rate:.1f} images/s  "
            f"{clock(left)} left  {memory():.1f} GB"
        )
        tail = f"  val mIoU {100 * miou:.1f} %\n" if miou is not None else ""
        start = "\r\x1b[K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{start}{text}{tail or ('' if start else chr(10))}")
        sys.stderr.flush()


def read_curve(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["step"] and None not in row.values()]


def memory() -> float:
    """Gigabytes: the most that this process has held, or what the GPU holds at most."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
