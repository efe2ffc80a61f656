"""How fast the street simulator draws, on one core: a JSON object on stdout.

    python benchmarks/streets.py [--clips 12] [--out benchmarks/results/streets.json]

Both clocks are given: on a machine that is busy with other things, the process's own is the fairer one.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path

import cv2

from segsmith.data.base import VOID, Image
from segsmith.data.ceiling import ceiling
from segsmith.data.streets.options import TOY, Options
from segsmith.data.streets.reader import CLASSES, open_streets
from segsmith.data.streets.scene import build

SIZES = {"toy": TOY, "360x480": Options()}
EVERY = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=12, help="streets to draw for each size")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    result = {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "load": os.getloadavg()[0], "opencv": cv2.__version__},
        "sizes": {name: measured(options, given.clips) for name, options in SIZES.items()},
    }
    text = json.dumps(result, indent=2)
    print(text)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(f"{text}\n", encoding="utf-8")


def measured(options: Options, clips: int) -> dict[str, object]:
    """Setting a street up, drawing its frames, and what the masks are like."""
    masks: list[Image] = []
    setting_up, drawing, frames = [0.0, 0.0], [0.0, 0.0], 0
    for clip in range(min(clips, options.counts()["train"])):
        started = _clocks()
        scene = build(options, "train", clip)
        ready = _clocks()
        drawn = [scene.frame(index)[1] for index in range(0, options.frames, EVERY)]
        done = _clocks()
        for place in (0, 1):
            setting_up[place] += ready[place] - started[place]
            drawing[place] += done[place] - ready[place]
        frames += len(drawn)
        masks.append(drawn[len(drawn) // 2])
    return {
        "options": options.text(),
        "frames_per_second": {"wall": round(frames / drawing[0], 1), "cpu": round(frames / drawing[1], 1)},
        "set_up_ms": {"wall": round(1e3 * setting_up[0] / clips, 1), "cpu": round(1e3 * setting_up[1] / clips, 1)},
        "ceilings": {f"1/{stride}": round(ceiling(masks, stride, len(CLASSES)), 4) for stride in (4, 8)},
        "share_percent": shares(masks),
        "change_percent": round(100 * _change(options), 2),
    }


def shares(masks: list[Image]) -> dict[str, float]:
    total = sum(int((mask != VOID).sum()) for mask in masks)
    counts = {name: sum(int((mask == place).sum()) for mask in masks) for place, name in enumerate(CLASSES.names)}
    return {name: round(100 * count / total, 2) for name, count in counts.items()}


def _change(options: Options) -> float:
    """The share of pixels whose label changes from one frame to the next."""
    data = open_streets(options.text())
    found = []
    for clip in data.splits["val"][:4]:
        first, second = (data.reader.mask(frame) for frame in clip.frames[5:7])
        assert first is not None
        assert second is not None
        found.append(float((first != second).mean()))
    return sum(found) / len(found)


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
