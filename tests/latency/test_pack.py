"""A pack, timed where segsmith is not, and brought back."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from segsmith.errors import UserError
from segsmith.genotype import fingerprint, preset
from segsmith.latency.pack import network_name, read_times, write_pack
from segsmith.latency.piece import Piece
from segsmith.latency.subject import Subject
from segsmith.latency.table import Network
from segsmith.latency.target import Target

TARGET = Target("board", "Some Board", threads=1, size=(16, 16))
PIECES = (Piece("conv3", 4, 4, 8, 8), Piece("skip", 4, 4, 8, 8, stride=2))


def model(kind: int, shape: list[int | str]) -> bytes:
    given, made = (helper.make_tensor_value_info(name, kind, shape) for name in ("in", "out"))
    graph = helper.make_graph([helper.make_node("Identity", ["in"], ["out"])], "graph", [given], [made])
    made_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(made_model)
    return bytes(made_model.SerializeToString())


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    models = [(str(piece), model(TensorProto.FLOAT, ["batch", 4, 8, 8])) for piece in PIECES]
    models.append((network_name(0, "key"), model(TensorProto.UINT8, [1, 16, 16, 3])))
    networks = [Network(preset("arch2"), "check")]
    assert write_pack(tmp_path / "pack.zip", TARGET, Subject("lgc", {"cells": "4"}, 7), models, networks) == 3
    return tmp_path / "pack.zip"


def run(place: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Without segsmith: isolated, and only where the two packages are."""
    blocked = "import sys; sys.modules.update(segsmith=None, torch=None, onnx=None)\n"
    words = (str(place), *words)
    start = f"{blocked}import runpy; sys.argv = {list(words)}; runpy.run_path({words[0]!r}, run_name='__main__')"
    done = [sys.executable, "-c", start]
    return subprocess.run(done, cwd=cwd, capture_output=True, text=True, env={**os.environ}, check=False)


@pytest.mark.parametrize("unpacked", [False, True])
def test_there_and_back(pack: Path, tmp_path: Path, unpacked: bool) -> None:
    place = pack
    if unpacked:
        place = tmp_path / "folder"
        with zipfile.ZipFile(pack) as archive:
            archive.extractall(place)
    done = run(place, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table, machine = read_times(tmp_path / "times.json")
    assert set(table.pieces) == set(PIECES)
    assert all(samples.ms > 0 and len(samples.values) >= 7 for samples in table.pieces.values())
    assert (table.target, table.subject.options, table.subject.classes) == (TARGET, {"cells": "4"}, 7)
    (network,) = table.networks
    assert fingerprint(network.genotype) == fingerprint(preset("arch2"))
    assert network.key is not None
    assert network.step is None
    assert machine["provider"] == "CPUExecutionProvider"


def test_a_stopped_run_goes_on(pack: Path, tmp_path: Path) -> None:
    assert run(pack, "--minutes", "0.000001", cwd=tmp_path).returncode == 0
    before = json.loads((tmp_path / "times.json").read_text())["samples"]
    assert run(pack, cwd=tmp_path).returncode == 0
    after = json.loads((tmp_path / "times.json").read_text())["samples"]
    assert all(after[name][: len(values)] == values for name, values in before.items())
    assert len(next(iter(after.values()))) >= 7


def test_times_of_another_pack_are_not_continued(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "times.json").write_text(json.dumps({"id": "other", "samples": {}}))
    done = run(pack, cwd=tmp_path)
    assert done.returncode != 0
    assert "another pack" in done.stderr


def test_other_backends_have_no_pack(tmp_path: Path) -> None:
    target = Target("here", "A", backend="torch")
    with pytest.raises(UserError, match="backend is torch"):
        write_pack(tmp_path / "pack.zip", target, Subject("lgc"), [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"samples": {}}, "no times yet"),
        ({"samples": {"nonsense": [1.0]}}, "is no piece"),
        ({"samples": {str(PIECES[0]): [-1.0]}}, "no samples"),
        ({"target": {"name": "x"}}, "is no target"),
        ({"segsmith_times": 9}, "version 9"),
        ({"segsmith_times": None}, "is no times"),
    ],
)
def test_damaged_times(tmp_path: Path, change: dict[str, object], what: str) -> None:
    record = {
        "segsmith_times": 1,
        "id": "x",
        "machine": {},
        "target": TARGET.record(),
        "subject": Subject("lgc").record(),
        "networks": [],
        "samples": {str(PIECES[0]): [1.0]},
    }
    path = tmp_path / "times.json"
    path.write_text(json.dumps(record))
    assert read_times(path)[0].pieces[PIECES[0]].ms == 1.0
    path.write_text(json.dumps(record | change))
    with pytest.raises(UserError, match=what) as error:
        read_times(path)
    assert str(path) in str(error.value)
