"""How much of a network's speed ``segsmith run`` keeps on a film, and whether its memory stays flat.

    python benchmarks/player.py MODEL... [--frames 300] [--long 3000] [--size 720x1280] [--threads 1 2] [--turns 3]
        [--spin yes no]

A street of the simulator is drawn once and written as H.264. In turns, and each in a process of its own, the network
answers its frames alone (decoded before) and ``segsmith run`` makes an overlay of the film; then the film, so often
behind itself that it has ``--long`` frames, is played while the process's memory is watched. ``--spin`` says whether
ONNX Runtime's threads keep the cores between frames in ``segsmith run``; the network alone always has them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import av

import record
from segsmith.cli.parse import size as parse_size
from segsmith.data.film import Film
from segsmith.data.streets.options import Options
from segsmith.data.streets.scene import build
from segsmith.deploy.model import load_model
from segsmith.deploy.sources import open_source

DECODED = 60
"""Frames that the network alone is given, again and again: all of a film do not fit into every memory."""
WARM_UP = 10
PAUSE = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="runs, checkpoints or exported files")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--long", type=int, default=3000, help="frames while memory is watched; 0 leaves it out")
    parser.add_argument("--size", default="720x1280")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--spin", nargs="+", choices=("yes", "no"), default=["yes"])
    parser.add_argument("--key-every", type=int, default=10)
    parser.add_argument("--film", type=Path, help="draw the street here, or take the one that is there")
    given = parser.parse_args()
    spins = [choice == "yes" for choice in given.spin]
    with tempfile.TemporaryDirectory() as folder:
        film = given.film or Path(folder) / "street.mp4"
        if not film.exists():
            draw(film, given.frames, parse_size(given.size) or (720, 1280))
        rates = [
            one
            for model in given.models
            for threads in given.threads
            for one in compared(model, threads, spins, film, given.frames, given.turns, given.key_every)
        ]
        long = Path(folder) / "long.mp4"
        memory = []
        if given.long:
            repeat(film, long, given.long // given.frames)
            memory = [watched(model, given.threads[-1], long, given.key_every) for model in given.models]
    record.write("player", size=given.size, key_every=given.key_every, rates=rates, memory=memory)


def draw(path: Path, frames: int, size: tuple[int, int]) -> None:
    options = Options(clips=3, frames=frames, size=size)
    scene = build(options, "train", 0)
    beside = path.with_name(f"{path.stem}.part.mp4")
    with Film(beside, options.rate_hz) as film:
        for index in range(frames):
            film.write(scene.frame(index)[0])
    beside.replace(path)


def compared(
    model: str, threads: int, spins: Sequence[bool], film: Path, frames: int, turns: int, key_every: int
) -> list[dict[str, Any]]:
    """Alone and played, with threads that spin and with such that do not, in turns."""
    alone: list[float] = []
    played: dict[bool, list[dict[str, Any]]] = {spin: [] for spin in spins}
    for _ in range(turns):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            alone.append(pool.submit(answer_alone, model, threads, film, frames, key_every).result())
        for spin in spins:
            played[spin].append(play(model, threads, film, key_every, spin)[0])
    start = {"model": Path(model).name, "threads": threads}
    return [start | {"spin": spin} | rate(alone, said) for spin, said in played.items()]


def rate(alone: Sequence[float], played: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = median(one["fps"] for one in played)
    stages = {name: median(one["stages"][name]["p50_ms"] for one in played) for name in played[0]["stages"]}
    return {
        "alone_fps": round(median(alone), 2),
        "run_fps": found,
        "share": round(found / median(alone), 3),
        "stages_p50_ms": stages,
        "slowest": max(stages, key=lambda name: stages[name]),
        "turns": [{"alone_fps": round(a, 2), "run_fps": p["fps"]} for a, p in zip(alone, played, strict=True)],
    }


def answer_alone(model: str, threads: int, film: Path, frames: int, key_every: int) -> float:
    """Frames a second."""
    stream = load_model(model, threads=threads).stream(key_every)
    images = [shot.image for shot in islice(open_source(str(film)).shots(), min(frames, DECODED))]
    for image in islice(cycle(images), WARM_UP):
        stream(image)
    stream.reset()
    began = time.perf_counter()
    for image in islice(cycle(images), frames):
        stream(image)
    return frames / (time.perf_counter() - began)


def play(model: str, threads: int, film: Path, key_every: int, spin: bool = True) -> tuple[dict[str, Any], list[float]]:
    """What ``segsmith run`` says, and its memory in MB as time went on."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out.mp4")
        words = ["run", model, str(film), "-o", out, "--threads", str(threads), "--key-every", str(key_every), "--json"]
        words += [] if spin else ["--no-spin"]
        with subprocess.Popen([sys.executable, "-m", "segsmith", *words], stdout=subprocess.PIPE, text=True) as process:
            memory = list(resident(process))
            said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"segsmith {' '.join(words)} ended with {process.returncode}")
    return json.loads(said), memory


def resident(process: "subprocess.Popen[str]") -> Iterator[float]:
    while process.poll() is None:
        found = subprocess.run(["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True).stdout
        if found.strip():
            yield int(found) / 1024
        time.sleep(PAUSE)


def repeat(film: Path, long: Path, times: int) -> None:
    """The film several times behind itself, not encoded again."""
    with av.open(str(long), "w") as out:
        track, behind = None, 0
        for _ in range(max(1, times)):
            with av.open(str(film)) as container:
                source = container.streams.video[0]
                track = track or out.add_stream_from_template(source)
                packets = [packet for packet in container.demux(source) if packet.size]
                first = min(packet.dts for packet in packets)
                for packet in packets:
                    packet.pts, packet.dts = packet.pts - first + behind, packet.dts - first + behind
                    packet.stream = track
                    out.mux(packet)
                behind += round(len(packets) / source.average_rate / source.time_base)


def watched(model: str, threads: int, film: Path, key_every: int) -> dict[str, Any]:
    """``early`` is the median of the second tenth of the time, ``late`` of the last."""
    said, memory = play(model, threads, film, key_every)
    tenth = max(1, len(memory) // 10)
    early, late = median(memory[tenth : 2 * tenth] or memory), median(memory[-tenth:])
    return {
        "model": Path(model).name,
        "frames": said["frames"],
        "fps": said["fps"],
        "early_mb": round(early, 1),
        "late_mb": round(late, 1),
        "growth_mb": round(late - early, 1),
        "most_mb": round(max(memory), 1),
    }


if __name__ == "__main__":
    main()
