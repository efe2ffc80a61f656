"""The stages behind learning: the best network that is quick enough gets the forge's name, and is told about."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segsmith.deploy.benchmark.files import WHOLE
from segsmith.deploy.benchmark.run import Asked, benchmark
from segsmith.deploy.benchmark.turns import MIX
from segsmith.deploy.export import ExportOptions, export
from segsmith.errors import UserError
from segsmith.forge.work import Job
from segsmith.genotype.load import read_genotype
from segsmith.latency.table import Table
from segsmith.latency.target import is_here
from segsmith.report.page import Reporter
from segsmith.runtimes.graphs import KEY
from segsmith.training.assess import assess
from segsmith.training.runfolder import RunFolder, replacing, write_json

FORMATS = {"onnxruntime": "onnx", "openvino": "openvino", "torch": "onnx", "cuda": "onnx"}
TRIES = 2
"""How often a network is timed that seems to be too slow: something else may have been running."""


def pick(job: Job, finalists: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """The best of them that keeps to the latency as it is deployed: exported, proven equal and timed."""
    times: list[float] = []
    to = FORMATS[job.facts.target.backend]
    for one in finalists:
        publish(Path(one["run"]), job.out)
        done = export(ExportOptions(job.out, to, size=job.facts.target.size, data=job.options.data), job.say)
        job.say(done.parity.words())
        ms = latency_of(job, seconds)
        job.say(f"trial {one['trial']}: {ms:.1f} ms a frame, {job.facts.limit_ms:.1f} are allowed")
        times.append(ms)
        if ms <= job.facts.limit_ms:
            return {
                "trial": one["trial"],
                "miou": one["miou"],
                "missed": one["missed"],
                "latency_ms": round(ms, 3),
                "limit_ms": round(job.facts.limit_ms, 3),
                "measured": is_here(job.facts.target),
                "equal_pixels": done.parity.equal_pixels,
                "files": [str(path) for path in done.files.values()],
            }
    raise UserError(
        f"of {len(times)} trained networks none keeps to {job.facts.limit_ms:.1f} ms, the quickest takes "
        f"{min(times):.1f}",
        fix="give the same command again when nothing else runs here: it times them once more",
        path=job.out,
    )


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


def latency_of(job: Job, seconds: float) -> float:
    """Of the mean frame, as it is deployed; of a target that is elsewhere, as the table says."""
    target = job.facts.target
    if not is_here(target):
        return Table.load(job.table).predict(read_genotype(job.out / "genotype.json")).mix(target.key_every)
    found: list[float] = []
    while len(found) < TRIES and min(found, default=float("inf")) > job.facts.limit_ms:
        found.append(timed(job, seconds))
    return min(found)


def timed(job: Job, seconds: float) -> float:
    target = job.facts.target
    in_torch = target.backend in ("torch", "cuda")
    found = benchmark(
        Asked(
            models=[str(job.out if in_torch else job.out / "export" / job.out.resolve().name)],
            sizes=[target.size],
            backends=["torch" if in_torch else target.backend],
            threads=target.threads,
            device="cuda" if target.backend == "cuda" else "cpu",
            key_every=target.key_every,
            classes=job.facts.classes,
            minutes=seconds / 60,
        )
    )
    write_json(job.out / "benchmark.json", found.record())
    whole = {result.part: result.timing.median_ms for result in found.results if result.scope == WHOLE}
    return whole.get(MIX, whole[KEY])


def judge(job: Job) -> dict[str, Any]:
    facts = job.facts
    done = assess(
        job.out,
        job.options.data,
        facts.split,
        key_every=facts.target.key_every,
        controls=facts.controls,
        device=job.options.device,
        pictures=None,
        say=job.say,
    )
    return {"split": facts.split, "miou": done.result.scores.miou, "files": [str(path) for path in done.files]}


def write_report(job: Job, trained: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the forge itself, its search, its image network and the networks that were trained to their end."""
    page = job.out / "report.html"
    runs = [job.out, job.search, job.static, *(Path(one["run"]) for one in trained)]
    Reporter(job.say).write(runs, page)
    return {"page": str(page)}
