"""A zip of ONNX models and a script that times them where segsmith is not: it is run by ``python pack.zip``."""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from segsmith.errors import UserError
from segsmith.latency.fault import strict
from segsmith.latency.files import read_record
from segsmith.latency.piece import Piece
from segsmith.latency.sample import Samples
from segsmith.latency.subject import Subject
from segsmith.latency.table import Network, Table, network_of, network_record
from segsmith.latency.target import Target

VERSION = 1
SCRIPT, RECORD = "__main__.py", "pack.json"
NETWORK = "network"


def network_name(number: int, part: str) -> str:
    """As a model of a pack; pieces go by their own names."""
    return f"{NETWORK} {number} {part}"


def write_pack(
    path: Path,
    target: Target,
    subject: Subject,
    models: Iterable[tuple[str, bytes]],
    networks: Sequence[Network] = (),
    told: Callable[[int], None] = lambda count: None,
) -> int:
    """``models`` are pieces by their text and networks by ``network_name``. Gives their number."""
    if target.backend != "onnxruntime":
        raise UserError(
            f"a pack is timed by ONNX Runtime, and the target's backend is {target.backend}",
            fix="segsmith target --backend onnxruntime, or measure where segsmith is",
        )
    named: dict[str, str] = {}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    identity = hashlib.sha256()
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(SCRIPT, files("segsmith.latency").joinpath("pack_main.py").read_text(encoding="utf-8"))
            for name, model in models:
                named[name] = f"models/{len(named):04}.onnx"
                archive.writestr(named[name], model)
                identity.update(model)
                told(len(named))
            record = {
                "segsmith_pack": VERSION,
                "id": identity.hexdigest()[:16],
                "target": target.record(),
                "subject": subject.record(),
                "networks": [network_record(network) for network in networks],
                "models": named,
            }
            archive.writestr(RECORD, json.dumps(record, indent=1))
        os.replace(beside, path)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", fix="choose another place", path=path) from None
    finally:
        beside.unlink(missing_ok=True)
    return len(named)


def read_times(path: Path) -> tuple[Table, Mapping[str, str]]:
    """What a pack's script has brought back, as a table, and the machine that it ran on."""
    record = read_record(path, "times", VERSION)
    with strict("file of times", path):
        samples = {str(name): _samples(values) for name, values in record["samples"].items()}
        table = Table(Target.of_record(record["target"], path), Subject.of_record(record["subject"]))
        table.pieces.update({Piece.parse(n): s for n, s in samples.items() if not n.startswith(NETWORK)})
        table.networks += [
            _timed(network_of(value), number, samples) for number, value in enumerate(record["networks"])
        ]
        machine = {str(key): str(value) for key, value in record["machine"].items()}
    if not table.pieces:
        raise UserError("has no times yet", fix="run the pack's script to its end", path=path)
    return table, machine


def _timed(network: Network, number: int, samples: Mapping[str, Samples]) -> Network:
    key, step = (samples.get(network_name(number, part)) for part in ("key", "step"))
    return Network(network.genotype, network.use, key, step)


def _samples(values: Any) -> Samples:
    return Samples.of_record({"samples": values})
