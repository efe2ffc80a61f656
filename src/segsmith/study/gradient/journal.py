"""What a gradient search tells while it runs: a line, and ``curve.csv``."""

import csv
import sys
import time
from dataclasses import asdict, dataclass, field, fields

from segsmith.study.gradient.loop import Moment
from segsmith.training.journal import clock, read_curve
from segsmith.training.runfolder import RunFolder

EVERY_SECONDS = 3.0
COLUMNS = tuple(column.name for column in fields(Moment))


@dataclass
class GradientJournal:
    """Losses are averaged between two lines. ``unit`` is that of costs."""

    run: RunFolder
    unit: str
    quiet: bool = False
    _losses: list[float] = field(default_factory=list)
    _written: float = 0.0

    def open(self, step: int) -> None:
        """Go on behind ``step``."""
        rows = [row for row in read_curve(self.run.curve) if int(row["step"]) <= step]
        with self.run.curve.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        self._written = time.perf_counter()

    def told(self, moment: Moment) -> None:
        self._losses.append(moment.loss)
        if time.perf_counter() - self._written < EVERY_SECONDS and moment.progress < 1:
            return
        loss = sum(self._losses) / len(self._losses)
        row = {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in asdict(moment).items()}
        with self.run.curve.open("a", newline="") as file:
            csv.DictWriter(file, COLUMNS).writerow(row | {"loss": f"{loss:.6g}"})
        if not self.quiet:
            self._show(moment, loss)
        self._losses.clear()
        self._written = time.perf_counter()

    def _show(self, moment: Moment, loss: float) -> None:
        left = moment.seconds / moment.progress * (1 - moment.progress)
        text = (
            f"{moment.progress:5.1%}  step {moment.step}  loss {loss:.3f}  "
            f"expected {moment.expected:.4g} {self.unit}, derived {moment.derived:.4g}  beta {moment.beta:.2g}  "
            f"entropy {moment.entropy:.2f}  temperature {moment.temperature:.2f}  {clock(left)} left"
        )
        over = sys.stderr.isatty() and moment.progress < 1
        start = "\r\x1b[K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{start}{text}{'' if over else chr(10)}")
        sys.stderr.flush()
