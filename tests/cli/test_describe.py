"""``segsmith describe``: what it prints."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from segsmith.cli.describe import describe
from segsmith.errors import UserError
from segsmith.genotype import preset, to_json
from segsmith.networks.build import build
from segsmith.networks.checkpoint import save_checkpoint
from segsmith.networks.meta import Meta

app = typer.Typer()
app.command()(describe)


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_of_an_image_network() -> None:
    found = json.loads(run("template-arch0", "--size", "64x96", "--classes", "19", "--json"))
    assert found["parameters"] == 280147
    assert found["flops"] == sum(node["flops"] for node in found["nodes"])
    assert "key" not in found
    assert "step" not in found


def test_json_of_a_video_network() -> None:
    found = json.loads(run("light", "--size", "64x96", "--json"))
    assert found["key"]["flops"] == found["flops"]
    assert found["step"]["flops"] == sum(node["step_flops"] for node in found["nodes"])
    assert 0 < found["step"]["flops"] < 0.3 * found["key"]["flops"]


def test_table() -> None:
    shown = run("light")
    for words in ("static.encoder", "1,812,800", "cell.net.n1.a", "sep5d6", "total", "2,884,566", "4,475.5"):
        assert words in shown


def test_a_genotype_file(tmp_path: Path) -> None:
    (tmp_path / "genotype.json").write_text(to_json(preset("template-arch1")))
    for spec in (tmp_path, tmp_path / "genotype.json"):
        assert json.loads(run(str(spec), "--size", "64x96", "--json"))["parameters"] == 263619


def test_a_trained_network_knows_its_classes(tmp_path: Path) -> None:
    genotype = preset("template-arch1")
    meta = Meta(genotype, classes=tuple(f"c{i}" for i in range(19)), palette=((0, 0, 0),) * 19)
    save_checkpoint(tmp_path / "model.safetensors", build(genotype, 19), meta)
    for spec in (tmp_path, tmp_path / "model.safetensors"):
        assert json.loads(run(str(spec), "--size", "64x96", "--json"))["parameters"] == 268235


def test_frames_of_other_channels() -> None:
    found = json.loads(run("template-arch0", "--channels", "1", "--size", "64x96", "--json"))
    assert found["parameters"] == 275531 - 2 * 32 * 9


@pytest.mark.parametrize(("words", "message"), [(("arch9",), "arch9"), (("arch2", "--size", "big"), "no size")])
def test_mistakes(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        run(*words)
