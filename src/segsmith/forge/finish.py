"""The stages behind learning: the best network that is quick enough gets the forge's name, and is told about."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from segsmith.data.processes import dealt
from segsmith.deploy.benchmark.files import WHOLE
from segsmith.deploy.benchmark.run import Asked, benchmark
from segsmith.deploy.benchmark.turns import MIX
from segsmith.deploy.export import ExportOptions, export
from segsmith.errors import UserError
from segsmith.forge.job import Job, run_name
from segsmith.genotype.load import read_genotype
from segsmith.latency.table import Table
from segsmith.latency.target import is_here
from segsmith.report.page import Reporter
from segsmith.report.words import winner
from segsmith.runtimes.graphs import KEY
from segsmith.study.limits import parse_amount
from segsmith.training.assess import assess
from segsmith.training.runfolder import RunFolder, replacing, write_json

FORMATS = {"onnxruntime": "onnx", "openvino": "openvino", "torch": "onnx", "cuda": "onnx"}
TRIES = 2
"""How often a network is timed that seems to be too slow: something else may have been running."""


def pick(job: Job, finalists: Iterable[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """The best of them that keeps to the latency as it is deployed: exported, proven equal and timed. No more of them
    are asked for than it takes."""
    times: list[Timed] = []
    for one in finalists:
        publish(Path(one["run"]), job.out)
        done = apart(job, seconds)
        job.say(done.proof)
        took = f"{done.timed.ms:.1f} ms a frame, {done.timed.limit_ms:.1f} are allowed"
        job.say(f"{winner(one['trial'])} takes {took}")
        times.append(done.timed)
        if done.timed.kept:
            return {
                "trial": one["trial"],
                "miou": one["miou"],
                "missed": one["missed"],
                "latency_ms": round(done.timed.ms, 3),
                "limit_ms": round(done.timed.limit_ms, 3),
                "measured": is_here(job.facts.target),
                "equal_pixels": done.equal_pixels,
                "files": list(done.files),
            }
    best = min(times, key=lambda timed: timed.over)
    raise UserError(
        f"of {len(times)} trained networks none keeps to {best.limit_ms:.1f} ms, the quickest takes {best.ms:.1f}",
        fix="give the same command again when nothing else runs here: it times them once more",
        path=job.out,
    )


@dataclass(frozen=True)
class Timed:
    """``limit_ms`` as it is allowed: a share is one of what was timed at the same time."""

    ms: float
    limit_ms: float

    @property
    def over(self) -> float:
        return self.ms / self.limit_ms

    @property
    def kept(self) -> bool:
        return self.over <= 1


@dataclass(frozen=True)
class Deployed:
    """``proof`` says in words that the export is equal."""

    timed: Timed
    proof: str
    equal_pixels: float
    files: tuple[str, ...]


def apart(job: Job, seconds: float) -> Deployed:
    """In a process of its own: where candidates were timed, ONNX Runtime's sessions share their threads for good, and
    none that has its own can be opened any more."""
    ((_, found),) = dealt(partial(deployed, job), [seconds], 1)
    return found


def deployed(job: Job, seconds: float) -> Deployed:
    to = FORMATS[job.facts.target.backend]
    done = export(ExportOptions(job.out, to, size=job.facts.target.size, data=job.options.data), job.say)
    files = tuple(str(path) for path in done.files.values())
    return Deployed(latency_of(job, seconds), done.parity.words(), done.parity.equal_pixels, files)


def publish(run: Path, out: Path) -> None:
    """A trained network becomes the forge's: what takes a run takes the forge's folder."""
    there, here = RunFolder(run), RunFolder(out)
    for source, goal in (
        (there.genotype, here.genotype),
        (there.metrics, here.metrics),
        (there.curve, here.curve),
        (there.model, here.model),
    ):
        if source.exists():
            with replacing(goal) as beside:
                shutil.copyfile(source, beside)


def latency_of(job: Job, seconds: float) -> Timed:
    """Of the mean frame, as it is deployed; of a target that is elsewhere, as the table says."""
    target, facts = job.facts.target, job.facts
    if not is_here(target):
        predicted = Table.load(job.table).predict(read_genotype(job.out / "genotype.json"))
        return Timed(predicted.mix(target.key_every), facts.limit_ms)
    found: list[Timed] = []
    while len(found) < TRIES and not any(timed.kept for timed in found):
        found.append(measured(job, seconds))
    return min(found, key=lambda timed: timed.over)


def measured(job: Job, seconds: float) -> Timed:
    """Of a share of what the image network takes, that network's time is the key frame's, which runs in turns with the
    others: other work on the machine slows down both."""
    target, facts = job.facts.target, job.facts
    in_torch = target.backend in ("torch", "cuda")
    found = benchmark(
        Asked(
            models=[str(job.out if in_torch else job.out / "export" / job.out.resolve().name)],
            sizes=[target.size],
            backends=["torch" if in_torch else target.backend],
            threads=target.threads,
            device="cuda" if target.backend == "cuda" else "cpu",
            key_every=target.key_every,
            classes=facts.classes,
            minutes=seconds / 60,
        )
    )
    write_json(job.out / "benchmark.json", found.record())
    whole = {result.part: result.timing.median_ms for result in found.results if result.scope == WHOLE}
    share = job.options.latency.endswith("%") and MIX in whole
    limit = parse_amount(job.options.latency, "latency", whole[KEY]) if share else facts.limit_ms
    return Timed(whole.get(MIX, whole[KEY]), limit)


def judge(job: Job, controls: bool) -> dict[str, Any]:
    facts = job.facts
    done = assess(
        job.out,
        job.options.data,
        facts.split,
        key_every=facts.target.key_every,
        controls=controls,
        device=job.options.device,
        pictures=None,
        say=job.say,
    )
    return {"split": facts.split, "miou": done.result.scores.miou, "files": [str(path) for path in done.files]}


def write_report(job: Job, picked: object) -> dict[str, Any]:
    """Of the forge itself, its search, its image network and what else was trained to its end."""
    page = job.out / "report.html"
    others = [run for run in sorted(job.trained.glob("*")) if run.name != run_name(picked)]  # that one is the forge's
    runs = [job.out, job.search, job.static, *others]
    Reporter(job.say).write([run for run in runs if RunFolder(run).exists()], page)
    return {"page": str(page)}
