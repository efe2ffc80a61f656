"""Time the models of this pack, on the machine that they are meant for. Only numpy and onnxruntime are needed:

    python pack.zip                 writes times.json, which segsmith latency import reads
    python pack.zip -o FILE         another name
    python pack.zip --minutes 10    stop after so long; asked again, it goes on

Nothing else should run on the machine meanwhile.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy
import onnxruntime

ROUNDS, MOST, BURST, TOLERANCE = 7, 40, 3, 0.02
TYPES = {"tensor(uint8)": numpy.uint8, "tensor(float)": numpy.float32, "tensor(float16)": numpy.float16}

Record = dict[str, Any]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("-o", "--out", default="times.json")
    words.add_argument("--minutes", type=float, default=0.0, help="0: until every median is known")
    words.add_argument("--provider", default="CPUExecutionProvider", help="of ONNX Runtime")
    asked = words.parse_args()
    pack = Pack(Path(__file__).resolve().parent)
    record = json.loads(pack.read("pack.json"))
    out = Path(asked.out)
    samples = begun(out, record["id"])
    calls = open_all(pack, record, asked.provider)
    for call in calls.values():
        call()
    kept = {key: record[key] for key in ("id", "target", "subject", "networks")}
    head = {"segsmith_times": 1, "machine": machine(asked.provider), **kept}
    end = time.monotonic() + 60 * asked.minutes if asked.minutes else float("inf")
    done = 0
    while time.monotonic() < end:
        waiting = [name for name in calls if not known(samples.get(name, []))]
        if not waiting:
            break
        random.shuffle(waiting)
        for name in waiting:
            samples.setdefault(name, []).append(burst(calls[name]))
        save(out, {**head, "samples": samples})
        done += 1
        sys.stderr.write(f"\rround {done}: {len(calls) - len(waiting)} of {len(calls)} known ")
    save(out, {**head, "samples": samples})
    sys.stderr.write(f"\n{out}: segsmith latency import {out} -o table.json\n")


class Pack:
    """Its files, unpacked or not."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.zip = zipfile.ZipFile(root) if root.is_file() else None

    def read(self, name: str) -> bytes:
        return self.zip.read(name) if self.zip else (self.root / name).read_bytes()


def open_all(pack: Pack, record: Record, provider: str) -> dict[str, "Call"]:
    """A call for each model. All share one pool of threads: else those of one would still spin when the next runs."""
    threads = record["target"]["threads"]
    shared = hasattr(onnxruntime, "set_global_thread_pool_sizes")
    if shared:
        onnxruntime.set_global_thread_pool_sizes(threads, 1)
    chance = numpy.random.default_rng(0)
    calls = {}
    for name, file in record["models"].items():
        options = onnxruntime.SessionOptions()
        # threads that spin on after a run would hold the cores which the next piece needs
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.log_severity_level = 3
        if shared:
            options.use_per_session_threads = False
        else:
            options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(pack.read(file), options, providers=[provider])
        calls[name] = Call(session, {given.name: example(given, chance) for given in session.get_inputs()})
        sys.stderr.write(f"\ropened {len(calls)} of {len(record['models'])} ")
    return calls


class Call:
    """A run of one model."""

    def __init__(self, session: Any, inputs: Any) -> None:
        self.session, self.inputs = session, inputs

    def __call__(self) -> None:
        self.session.run(None, self.inputs)


def example(given: Any, chance: Any) -> Any:
    shape = [side if isinstance(side, int) else 1 for side in given.shape]
    kind = TYPES[given.type]
    if kind is numpy.uint8:
        return chance.integers(0, 256, shape, dtype=kind)
    return chance.standard_normal(shape).astype(kind)


def burst(call: Call) -> float:
    """Milliseconds: the median of a few runs behind one that is not timed."""
    call()
    timings = []
    for _ in range(BURST):
        start = time.perf_counter()
        call()
        timings.append(1000 * (time.perf_counter() - start))
    return statistics.median(timings)


def known(values: list[float]) -> bool:
    """Whether the median's 95 % interval is narrow; by ranks."""
    count = len(values)
    if count < ROUNDS:
        return False
    if count >= MOST:
        return True
    ordered, reach = sorted(values), 0.98 * count**0.5
    low, high = max(0, int(count / 2 - reach)), min(count - 1, int(count / 2 + reach + 1) - 1)
    return (ordered[high] - ordered[low]) / 2 <= TOLERANCE * statistics.median(ordered)


def begun(out: Path, pack: str) -> dict[str, list[float]]:
    """What was timed before."""
    if not out.exists():
        return {}
    record = json.loads(out.read_text())
    if record.get("id") != pack:
        sys.exit(f"{out} belongs to another pack: choose another name with -o")
    samples: dict[str, list[float]] = record["samples"]
    return samples


def save(out: Path, record: Record) -> None:
    beside = out.with_name(out.name + ".part")
    beside.write_text(json.dumps(record, indent=1))
    os.replace(beside, out)


def machine(provider: str) -> dict[str, str]:
    return {
        "processor": processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "provider": provider,
    }


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
