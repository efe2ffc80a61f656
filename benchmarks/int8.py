"""What eight bits save and cost: size, time and mIoU of trained networks, beside the same exports in fp32.

    python benchmarks/int8.py RUN... [--to onnx openvino] [--clips 4] [--size HEIGHTxWIDTH] [--threads 2] [--rounds 60]

Calibrated on training frames, judged on clips of 30 frames of the validation split, state carried, a key frame at each
clip's start. Times are medians of frames in turns, as they come from one stream at one key frame in ten.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from record import write
from segsmith.cli.output import say
from segsmith.cli.parse import size as parse_size
from segsmith.data.open import open_dataset, without_path
from segsmith.deploy.clips import Clips
from segsmith.deploy.export import Exported, ExportOptions, export, trained_on
from segsmith.deploy.model import load_model
from segsmith.errors import UserError
from segsmith.runtimes.runner import Frames

PRECISIONS = ("fp32", "int8")
SHOWN = 10
WARM_UP = 10


def compared(run: Path, asked: ExportOptions, threads: int, rounds: int) -> dict[str, Any]:
    """One run in one runtime: both exports, and how the eight bits relate to the whole."""
    row: dict[str, Any] = {"run": run.name, "data": without_path(trained_on(run)), "to": asked.to}
    with tempfile.TemporaryDirectory() as folder:
        made: dict[str, Exported] = {}
        for precision in PRECISIONS:
            try:
                made[precision] = export(replace(asked, precision=precision, out=Path(folder)), say)
            except UserError as error:
                return row | {"refused": {precision: str(error)}}
        sizes = {name: sum(one.record()["bytes"].values()) for name, one in made.items()}
        times = in_turns(made, frames_of(run, asked.size), threads, rounds)
    found = {name: {"bytes": sizes[name], "p50_ms": times[name]} | proof(one) for name, one in made.items()}
    miou = {name: one.parity.miou for name, one in made.items()}
    lost = None if miou["int8"] is None or miou["fp32"] is None else miou["fp32"] - miou["int8"]
    return row | {
        **found,
        "size_ratio": round(sizes["int8"] / sizes["fp32"], 3),
        "latency_ratio": round(times["int8"] / times["fp32"], 3),
        "miou_lost": lost,
    }


def proof(one: Exported) -> dict[str, Any]:
    """Of what the export's gate found."""
    parity = one.parity.record()
    return {name: parity[name] for name in ("equal_pixels", "miou", "miou_torch")}


def frames_of(run: Path, size: tuple[int, int] | None) -> list[Frames]:
    dataset = open_dataset(trained_on(run))
    split = "val" if dataset.splits.get("val") else next(iter(dataset.splits))
    return [image for image, _ in next(iter(Clips(dataset, split, 1, SHOWN, size)))]


def in_turns(made: dict[str, Exported], frames: list[Frames], threads: int, rounds: int) -> dict[str, float]:
    """Milliseconds of the mean frame of a period of ten: the median of many."""
    streams = {name: load_model(one.files["key"], threads=threads).stream(SHOWN) for name, one in made.items()}
    taken: dict[str, list[float]] = {name: [] for name in streams}
    for turn in range(-(WARM_UP // SHOWN), rounds):
        for name, stream in streams.items():
            began = time.perf_counter()
            for frame in frames:
                stream(frame)
            if turn >= 0:
                taken[name].append((time.perf_counter() - began) / len(frames) * 1000)
    return {name: round(median(values), 3) for name, values in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--to", nargs="+", default=["onnx", "openvino"])
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--size", help="of frames; else that of the run's data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    rows = []
    for run in given.runs:
        for to in given.to:
            height, width = parse_size(given.size) or frames_of(run, None)[0].shape[:2]
            asked = ExportOptions(run, to=to, size=(height, width), clips=given.clips)
            rows.append(compared(run, asked, given.threads, given.rounds))
    write("int8", threads=given.threads, clips=given.clips, networks=rows)


if __name__ == "__main__":
    main()
