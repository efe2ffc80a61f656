"""The README's tables say what the files in results/ say."""

import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

RESULTS = Path(__file__).parent.parent / "results"

SCORES = {"miou": 0.5432, "flicker": 0.0444, "vc8_strict": 0.8, "controls": {}}
FEW = {"miou": 0.4, "flicker": 0.1, "vc8_strict": None}
ONE: dict[str, Any] = {
    "name": "net",
    "kind": "template",
    "parameters": 270_000,
    "weights": ["random weights"],
    "trained": ["60 minutes (100 images)", "9 epochs (5 images)"],
    "teacher": "",
    "protocol": "drawn streets",
    "holdout": "",
    "commit": "abc",
    "machine": {"processor": "a processor"},
    "scores": {"val": SCORES},
    "latency": {
        "backend": "onnxruntime",
        "threads": 2,
        "size": [360, 480],
        "key": {"median_ms": 20.0},
        "mix_ms": 20.0,
    },
}
VIDEO = ONE | {
    "name": "moving",
    "kind": "dynamic",
    "holdout": "0006R0",
    "weights": ["static network from net; the cell is new", "random weights"],
    "scores": {
        "val": SCORES | {"controls": {"static on every frame": FEW, "copy the key frame": FEW, "warp": FEW}},
        "holdout": SCORES | {"miou": 0.35},
    },
    "latency": ONE["latency"] | {"step": {"median_ms": 5.0}, "mix_ms": 6.5},
}


@pytest.fixture(scope="module")
def table() -> Iterator[ModuleType]:
    sys.path.insert(0, str(RESULTS))
    import table

    yield table
    sys.path.remove(str(RESULTS))


def test_the_readme_is_what_the_files_say(table: ModuleType) -> None:
    readme = table.README.read_text(encoding="utf-8")
    records = table.read()
    assert records
    assert table.put(readme, table.render(records)) == readme, "python results/table.py --write"


def test_every_figure_comes_from_the_file(table: ModuleType) -> None:
    text = table.render([ONE])
    training = "60 minutes (100 images), then 9 epochs (5 images) | random, no ImageNet"
    assert f"| [net](results/net.json) | 270,000 | 54.3 % | - | 4.4 % | 80.0 % | 20.0 | {training} |" in text
    changed = deepcopy(ONE)
    changed["scores"]["val"]["miou"] = 0.5444
    assert table.render([changed]) == text.replace("54.3 %", "54.4 %")


def test_a_video_network_stands_beside_its_controls(table: ModuleType) -> None:
    text = table.render([VIDEO])
    training = "60 minutes (100 images), then 9 epochs (5 images) | random, no ImageNet"
    assert f"| 54.3 % | 35.0 % | 4.4 % | 80.0 % | 20.0 / 5.0 / 6.5 | {training} |" in text
    assert "| moving | the network | 54.3 % | 4.4 % | 80.0 % | 6.5 |" in text
    assert "| moving | static on every frame | 40.0 % | 10.0 % | - | 20.0 |" in text
    assert "| moving | copy the key frame | 40.0 % | 10.0 % | - | 2.0 |" in text
    assert "| moving | warp | 40.0 % | 10.0 % | - | - |" in text
    assert "every frame by itself: a video network answers it by its key frames alone" in text
    assert "key frames alone" not in table.render([ONE | {"holdout": "0006R0"}, VIDEO | {"holdout": ""}])


def test_a_teacher_is_told(table: ModuleType) -> None:
    assert "9 epochs (5 images), teacher street-still |" in table.render([ONE | {"teacher": "street-still"}])


def test_times_that_were_taken_later_have_their_own_commit(table: ModuleType) -> None:
    assert "commit abc." in table.render([ONE])
    assert "commit abc, def." in table.render([ONE | {"latency": ONE["latency"] | {"commit": "def"}}])


def test_pretrained_weights_are_said(table: ModuleType) -> None:
    assert table.start(["static network from x; the cell is new", "encoder weights from v2.pth"]).endswith("v2.pth")


def test_only_what_stands_between_the_marks_is_written(table: ModuleType) -> None:
    readme = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"
    once = table.put(readme, table.render([ONE, VIDEO]))
    assert once.startswith("before\n")
    assert once.endswith(f"{table.END}\nafter\n")
    assert "old" not in once
    assert table.put(once, table.render([ONE, VIDEO])) == once
    with pytest.raises(SystemExit, match="no place for results"):
        table.put("no marks", "text")


def test_files_are_read_image_networks_first(table: ModuleType, tmp_path: Path) -> None:
    from segsmith.training.runfolder import write_json

    write_json(tmp_path / "a.json", VIDEO)
    write_json(tmp_path / "b.json", ONE)
    assert [one["name"] for one in table.read(tmp_path)] == ["net", "moving"]
