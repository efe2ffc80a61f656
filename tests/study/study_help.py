"""A data set, a static network and made-up proxies, small enough for tests of searches."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import optuna
import torch

from segsmith.genotype import Genotype, fingerprint, preset
from segsmith.latency.subject import Subject
from segsmith.latency.table import Table
from segsmith.latency.target import Target
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.meta import Meta
from segsmith.search.named import make_sampler
from segsmith.spaces import DynamicSpace, Space
from segsmith.study.book import Book
from segsmith.study.driver import Driver, Plan, recorded
from segsmith.study.limits import Goals
from segsmith.study.meter import Cost
from segsmith.study.options import SearchOptions
from segsmith.study.pool import InProcess, Pool
from segsmith.study.proxy.marks import Marks
from segsmith.study.proxy.presets import ProxySettings, Stage
from segsmith.study.storage import open_storage, open_study
from segsmith.study.trial import Record

HEIGHT, WIDTH = 64, 96
NAMES, COLOURS = ("ground", "box", "sky"), ((90, 90, 90), (200, 30, 30), (60, 120, 220))
CELL = {"channels": "8"}
TINY = (
    ProxySettings("quick", "dynamic", (Stage(1, 1e-2), Stage(1, 1e-2)), 4, length=3, clips=8, judged=2, learn_at=8),
    ProxySettings("quick", "template", (Stage(1, 1e-2), Stage(1, 1e-2)), 4, crop=(32, 32), clips=8, judged=2),
)
SMALL = {"dynamic": (("channels", "8"), ("rows", "2")), "template": (("head", "8"), ("rows", "2"))}


def make_frames(root: Path, sequences: int = 3, frames: int = 8) -> str:
    """Boxes that move over the ground, as a folder data set; its name."""
    for sequence in range(sequences):
        rng = np.random.default_rng(sequence)
        left, top, speed = int(rng.integers(5, 40)), int(rng.integers(26, 40)), int(rng.integers(2, 6))
        for number in range(frames):
            mask = np.zeros((HEIGHT, WIDTH), np.uint8)
            mask[:20] = 2
            mask[top : top + 16, left + speed * number : left + speed * number + 20] = 1
            colours = np.array(COLOURS, np.float32)[mask] + rng.normal(0, 8, (HEIGHT, WIDTH, 3))
            name = f"s{sequence}_{number:04d}.png"
            for folder, picture in (
                ("images", colours.clip(0, 255).astype(np.uint8)[..., ::-1]),
                ("masks", mask),
            ):
                path = root / folder / "train" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), picture)
    classes = {"names": list(NAMES), "colours": [list(colour) for colour in COLOURS]}
    (root / "classes.json").write_text(json.dumps(classes))
    return f"folder:{root}"


def make_static(folder: Path, name: str = "arch2", channels: int = 8) -> Path:
    """A network with random weights whose norms have seen something like frames."""
    torch.manual_seed(0)
    settings = {"channels": channels} if name == "arch2" else {"head": channels}
    genotype = replace(preset(name), settings=settings)
    network = build(genotype, len(NAMES)).train()
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.momentum = None
        for _ in range(2):
            coarse = torch.randn(8, 3, 8, 12)
            network(torch.nn.functional.interpolate(coarse, (HEIGHT, WIDTH), mode="bilinear"))
    path = folder / f"{name}.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, network.eval(), Meta(genotype, NAMES, COLOURS))
    return path


def cell_space(rows: int = 2, **options: object) -> Space:
    return DynamicSpace(preset("arch2"), rows=rows, **options)


@dataclass(frozen=True)
class MadeUp:
    """A proxy whose scores follow from the network's fingerprint. ``log``: a line for every training; ``pause`` makes
    it last. What happens to a network whose score lies in a range of ``accidents`` is said there."""

    log: str = ""
    pause: float = 0.0
    accidents: tuple[tuple[float, float, str], ...] = ()

    def open(self) -> "MadeUpProxy":
        return MadeUpProxy(self)


@dataclass(frozen=True)
class MadeUpProxy:
    made: MadeUp
    stages: int = 2
    batch: int = 8
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def candidate(self, genotype: Genotype, batch: int, seed: int) -> "MadeUpCandidate":
        return MadeUpCandidate(self.made, score_of(genotype), batch)


@dataclass(frozen=True)
class MadeUpCandidate:
    made: MadeUp
    score: float
    batch: int

    def learn(self, stage: int) -> float:
        if self.made.log and stage == 0:
            with Path(self.made.log).open("a") as log:
                log.write(f"{self.score}\n")
        time.sleep(self.made.pause)
        kind = next((kind for low, high, kind in self.made.accidents if low <= self.score < high), "")
        if kind:
            ACCIDENTS[kind](self)
        return float("nan") if kind == "nan" or (kind == "nan later" and stage == 1) else 1.0

    def judge(self, stage: int) -> Marks:
        score = self.score * (0.8 if stage == 0 else 1.0)
        return Marks(score, score, score, score, (score, None, score), 1 - score)


def _memory(candidate: MadeUpCandidate) -> None:
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")


def _half(candidate: MadeUpCandidate) -> None:
    if candidate.batch > 4:
        _memory(candidate)


def _attribute(candidate: MadeUpCandidate) -> None:
    raise AttributeError("an operation of the user's own has no such thing")


def _fault(candidate: MadeUpCandidate) -> None:
    raise ValueError("the shapes\ndo not fit")


ACCIDENTS: dict[str, Callable[[MadeUpCandidate], None]] = {
    "nan": lambda candidate: None,
    "nan later": lambda candidate: None,
    "memory": _memory,
    "half": _half,
    "fault": _fault,
    "attribute": _attribute,
    "kill": lambda candidate: os.kill(os.getpid(), signal.SIGKILL),
    "quit": lambda candidate: sys.exit(1),
    "die": lambda candidate: os._exit(3),
    "hang": lambda candidate: time.sleep(600),
}


def score_of(genotype: Genotype) -> float:
    """Between 0.2 and 0.8."""
    return 0.2 + 0.6 * (int(fingerprint(genotype)[:8], 16) % 9973) / 9973


def cost_of(genotype: Genotype) -> Cost:
    """What is not tested here has no meaning: FLOPs are the number of nodes."""
    return Cost(1000 + len(genotype.net.nodes), 10.0 * len(genotype.net.nodes), 100, 10)


def study_in(
    folder: Path, space: Space, sampler: str = "random", objectives: tuple[str, ...] = ("reward",)
) -> optuna.Study:
    made = make_sampler(sampler, space, 3, "quick", len(objectives))
    return open_study(open_storage(folder, ""), "test", made, objectives)


def plan(space: Space, trials: int = 10, **changes: object) -> Plan:
    goals = changes.pop("goals", Goals())
    return Plan(space, goals, NAMES, stages=2, trials=trials, **changes)


def drive(study: optuna.Study, asked: Plan, pool: Pool | None = None, **options: object) -> Book:
    meter = options.pop("meter", cost_of)
    return Driver(study, asked, pool or InProcess(MadeUp()), meter, **options).run()


def proposals(study: optuna.Study) -> list[tuple[int, ...]]:
    """Of all finished trials, by number."""
    return [record.choices for record in records(study)]


def records(study: optuna.Study) -> list[Record]:
    return sorted(recorded(study), key=lambda record: record.number)


def asked(root: Path, out: Path, space: str = "dynamic", **changes: object) -> SearchOptions:
    """A search of seconds on what the fixture ``root`` made."""
    options = SearchOptions(
        space=space,
        data=f"folder:{root / 'data'}",
        out=str(out),
        static=str(root / "arch2.safetensors"),
        sampler="random",
        space_options=SMALL[space],
        trials=3,
        workers=0,
        device="cpu",
        quiet=True,
    )
    return replace(options, **changes)


def make_table(path: Path, classes: int = 3) -> Path:
    """Without a piece: what it knows of is nothing."""
    Table(Target("board", "Some Processor"), Subject("template", {}, classes=classes)).save(path)
    return path
