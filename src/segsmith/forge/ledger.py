"""What a forge has done so far: stages with their times and what they found, on disk behind every one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segsmith.errors import UserError
from segsmith.forge.budget import LOOK, STAGES, Share
from segsmith.forge.options import ForgeOptions
from segsmith.report.read import INNER
from segsmith.training.runfolder import RunFolder, read_json, write_json

FILE = "forge.json"


class Ledger:
    """``forge.json`` holds stages by name: ``seconds`` of work, ``done``, and ``found``, which is the stage's own."""

    def __init__(self, run: RunFolder) -> None:
        self.run, self.path = run, run.path / FILE
        self.stages: dict[str, dict[str, Any]] = read_json(self.path)["stages"] if self.path.exists() else {}

    @classmethod
    def open(cls, options: ForgeOptions) -> "Ledger":
        """Of a new forge, or of one that is there and was asked the same."""
        run = RunFolder(Path(options.out))
        if run.exists():
            record = run.record()
            if record["command"] != "forge":
                raise UserError(f"holds a run of segsmith {record['command']}", fix="name a new folder", path=run.path)
            if cls(run).stages.keys() <= {LOOK} and options.changed(record["configuration"]):
                for path in (run.path / FILE, run.record_path):  # only looked so far: another plan may be made
                    path.unlink(missing_ok=True)
            else:
                options.check_goes_on(record["configuration"])
        if not run.exists():
            run.create("forge", options.record(), options.seed)
        return cls(run)

    @property
    def done(self) -> list[str]:
        return [name for name in STAGES if self.stages.get(name, {}).get("done")]

    @property
    def spent(self) -> float:
        """Seconds of work, those of stages that were killed among them."""
        return sum(float(stage["seconds"]) for stage in self.stages.values())

    def found(self, name: str) -> dict[str, Any]:
        return dict(self.stages[name]["found"])

    def learning(self, name: str, given: float) -> float:
        """The seconds that a stage was given when it was begun; where it was not, those that it is given now."""
        return float(self.stages.get(name, {}).get("learning", given))

    def finish(self, result: dict[str, Any] | None = None) -> None:
        """``result`` stays in the run's record."""
        self.run.update(state="finished", **({} if result is None else {"result": result}))

    def rest(self) -> None:
        """Of a forge that is not at work any more: only planned, or its plan was refused."""
        if self.run.record()["state"] == "running":
            self.run.update(state="stopped")

    @contextmanager
    def stage(self, name: str, share: Share) -> Iterator[dict[str, Any]]:
        """A stage at work. What it puts into the mapping is kept when it ends well. One that was killed is entered
        with the time that its files tell of."""
        before = self._before(name)
        about = {"planned": round(share.seconds, 1), "learning": share.learning}
        self._write(name, {**about, "seconds": before, "begun": time.time(), "done": False})
        found: dict[str, Any] = {}
        clock = time.monotonic()
        try:
            yield found
        except BaseException as reason:  # whatever it was, what the stage took is entered
            seconds = round(before + time.monotonic() - clock, 2)
            self._write(name, {**about, "seconds": seconds, "done": False}, state="stopped")
            if isinstance(reason, KeyboardInterrupt):
                fix = "go on: give the same command again"
                raise UserError(f"stopped in {name}, everything is saved", fix=fix) from None
            raise
        seconds = round(before + time.monotonic() - clock, 2)
        self._write(name, {**about, "seconds": seconds, "done": True, "found": found})

    def _before(self, name: str) -> float:
        """Seconds that an earlier process has worked on a stage: of a killed one, as far as its runs wrote files.
        Others may write into the folder long after."""
        stage = self.stages.get(name)
        if stage is None:
            return 0.0
        seconds, begun = float(stage["seconds"]), stage.get("begun")
        if begun is None:
            return seconds
        files = (file for name in INNER for file in self.run.path.rglob(name) if file.parent != self.run.path)
        last = max((file.stat().st_mtime for file in files), default=float(begun))
        return round(seconds + max(0.0, last - float(begun)), 2)

    def _write(self, name: str, stage: dict[str, Any], state: str = "running") -> None:
        self.stages[name] = stage
        write_json(self.path, {"stages": self.stages})
        times = [{"name": one, "seconds": self.stages[one]["seconds"]} for one in STAGES if one in self.stages]
        self.run.update(stages=times, seconds=round(self.spent, 1), state=state)
