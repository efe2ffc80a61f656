"""Tables and targets as files: read back as they were, and refused where they are not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segsmith.errors import UserError
from segsmith.genotype import preset
from segsmith.latency.model import Model
from segsmith.latency.piece import Piece
from segsmith.latency.sample import Samples
from segsmith.latency.subject import Subject
from segsmith.latency.table import Network, Prediction, Table
from segsmith.latency.target import Target, is_here, load_target, save_target, this_machine

TARGET = Target("box", "A processor", threads=2, size=(120, 160), key_every=5)
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    table = Table(
        TARGET,
        Subject("dynamic", {"rows": "3"}, 7, preset("arch2"), (preset("arch0"),)),
        {Piece("conv3", 8, 8, 10, 20, stride=2): Samples((1.0, 1.25, 1.5), again=True)},
        Model({"operation": 1.25, "join": 0.0}),
        [Network(preset("light"), "fit", Samples((4.0, 5.0)), Samples((1.0,)))],
        {"median_error": 0.03},
    )
    table.save(tmp_path / "table.json")
    return tmp_path / "table.json"


def test_a_table_is_read_back(path: Path) -> None:
    table = Table.load(path)
    table.save(path.with_name("again.json"))
    assert path.with_name("again.json").read_text() == path.read_text()
    assert table.target == TARGET
    assert table.model.weights == {"operation": 1.25, "join": 0.0}
    (piece,) = table.pieces
    assert (piece.stride, table.pieces[piece].ms, table.pieces[piece].again) == (2, 1.25, True)
    (network,) = table.networks
    assert network.key is not None
    assert network.key.ms == 4.5


def changed(path: Path, change: Change) -> None:
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r.update(segsmith_table=2), "version 2"),
        (lambda r: r.pop("segsmith_table"), "is no table"),
        (lambda r: r.update(extra=1), "extra"),
        (lambda r: r.pop("pieces"), "pieces"),
        (lambda r: r["pieces"].update({"conv3": {"samples": [1.0]}}), "'conv3' is no piece"),
        (lambda r: r["pieces"].update({"conv3 8@9x9 > 8": {"samples": []}}), "no samples"),
        (lambda r: r["pieces"].update({"conv3 8@9x9 > 8": {"samples": [0.0]}}), "no samples"),
        (lambda r: r["target"].pop("threads"), "threads"),
        (lambda r: r["target"].update(threads="2"), "wrong kind"),
        (lambda r: r["model"]["weights"].update(convolution=-1.0), "no model"),
        (lambda r: r["model"]["weights"].update(magic=1.0), "no model"),
        (lambda r: r["subject"].pop("classes"), "no subject"),
    ],
)
def test_damaged_tables_name_the_file(path: Path, change: Change, what: str) -> None:
    changed(path, change)
    with pytest.raises(UserError, match=what) as error:
        Table.load(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(("text", "what"), [("", "not JSON"), ("[]", "is no table"), ("\x00\xff", "not JSON")])
def test_other_files(path: Path, text: str, what: str) -> None:
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=what):
        Table.load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such table"):
        Table.load(tmp_path / "none.json")


def test_a_target_is_read_back(tmp_path: Path) -> None:
    save_target(TARGET, tmp_path / "target.json")
    assert load_target(tmp_path / "target.json") == TARGET


def test_a_table_speaks_for_one_target(path: Path) -> None:
    table = Table.load(path)
    # what it is called, and how often key frames come, changes nothing about pieces
    table.check_target(Target("another", "A processor", threads=2, size=(120, 160), key_every=9))
    for other in (
        Target("box", "A processor", threads=4, size=(120, 160)),
        Target("box", "B processor", threads=2, size=(120, 160)),
        Target("box", "A processor", "openvino", threads=2, size=(120, 160)),
        Target("box", "A processor", threads=2, size=(360, 480)),
    ):
        with pytest.raises(UserError, match=r"another target.*segsmith latency measure dynamic rows=3"):
            table.check_target(other)


def test_means_over_frames() -> None:
    assert Prediction(40.0, 10.0).mix(10) == 13.0
    assert Prediction(40.0, 10.0).mix(1) == 40.0
    assert Prediction(40.0).mix(10) == 40.0


def test_this_machine_is_here() -> None:
    assert is_here(this_machine())
    assert not is_here(TARGET)
    assert this_machine().device
