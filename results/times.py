"""The times of judged networks anew, all in turns: ``python results/times.py NAME=RUN [NAME=RUN …]``.

Networks that are judged apart are timed apart, and the machine may be busier for one than for another. This times them
beside each other, and writes what it found into results/NAME.json of each.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from judge import HERE, calls, exported, frame_of, latency_record
from origin import called, commit

from segsmith.errors import UserError
from segsmith.machine import cores
from segsmith.runtimes.timing import measure
from segsmith.training.runfolder import RunFolder, read_json, write_json


def times(runs: dict[str, Path], data: str, seconds: float, threads: int, folder: Path) -> None:
    """``seconds`` for each network; ``folder`` holds the files that judging wrote."""
    files = {name: folder / f"{name}.json" for name in runs}
    judged = {name: read_json(file) for name, file in files.items()}
    data = data or RunFolder(next(iter(runs.values()))).record()["configuration"]["data"]
    frame = frame_of(data)
    with tempfile.TemporaryDirectory() as place:
        opened = {name: exported(RunFolder(run).model, data, threads, Path(place) / name) for name, run in runs.items()}
        wanted = {(name, part): call for name, one in opened.items() for part, call in calls(one, frame).items()}
        by_name = {" ".join(key): call for key, call in wanted.items()}
        timed = measure(by_name, seconds=seconds * len(runs))
    command = f"python results/times.py {' '.join(f'{name}={called(run)}' for name, run in runs.items())}"
    origin = {"beside": sorted(runs), "load": round(os.getloadavg()[0], 1), "command": command, "commit": commit()}
    for name, record in judged.items():
        mine = {part: timed[f"{owner} {part}"] for owner, part in wanted if owner == name}
        write_json(files[name], record | {"latency": latency_record(mine, threads, frame) | origin})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    parser.add_argument("--data", default="", help="where the data set lies now; as in the first run if not given")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each network")
    parser.add_argument("--threads", type=int, default=0, help="of the runtime; all cores if not given")
    parser.add_argument("--folder", type=Path, default=HERE, help="where NAME.json lie; results/ if not given")
    given = parser.parse_args()
    runs = {name: Path(run) for name, _, run in (word.partition("=") for word in given.runs)}
    try:
        times(runs, given.data, given.seconds, given.threads or cores(), given.folder)
    except UserError as error:
        sys.exit(f"times: {error}")


if __name__ == "__main__":
    main()
