"""Spaces as a person asks for them."""

import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from segsmith.cli.space import space as command
from segsmith.errors import UserError
from segsmith.genotype import preset
from segsmith.spaces import DynamicSpace, LgcSpace, TemplateSpace, make_space
from segsmith.spaces.make import read_options

APP = Typer()
APP.command()(command)


def test_words_become_options() -> None:
    lgc = make_space("lgc", read_options(["shared=yes", "fusion=dense", "reductions=1,9", "up-operations=up2"]))
    assert lgc == LgcSpace(shared=True, fusion="dense", reductions=(1, 9), up_operations=("up2",))
    arch2 = preset("arch2")
    dynamic = make_space("dynamic", {"rows": "5", "step_scales": "1, 0.5", "inputs": "prev:dec,layer2"}, arch2)
    assert dynamic == DynamicSpace(arch2, rows=5, step_scales=(1.0, 0.5), inputs=("prev:dec", "layer2"))
    assert make_space("template", {"strides": "1"}) == TemplateSpace(strides=(1,))


@pytest.mark.parametrize(
    ("name", "words", "what"),
    [
        ("dynamik", [], "dynamic"),
        ("lgc", ["row=3"], "row"),
        ("lgc", ["cells"], "KEY=VALUE"),
        ("lgc", ["cells=many"], "'many' is no whole number"),
        ("lgc", ["shared=perhaps"], "neither yes nor no"),
        ("lgc", ["reductions=1"], "1 values, not 2"),
        ("dynamic", ["step_scales=half"], "'half' is no number"),
        ("dynamic", [], "static"),
    ],
)
def test_what_is_wrong_is_said(name: str, words: list[str], what: str) -> None:
    with pytest.raises(UserError, match=what):
        make_space(name, read_options(words))


def test_the_command_prints_json() -> None:
    result = CliRunner().invoke(APP, ["template", "rows=2", "--json"])
    shown = json.loads(result.stdout)
    assert shown["size"] == make_space("template", {"rows": "2"}).size
    assert shown["options"]["rows"] == 2
    assert shown["decisions"][0] == {
        "name": "t0.op1",
        "kind": "op",
        "options": ["sep3", "sep5", "gap", "maxpool3", "sep5d6", "skip"],
    }


def test_the_command_prints_a_table() -> None:
    result = CliRunner().invoke(APP, ["dynamic", "--static", "template-arch0"], env={"COLUMNS": "150"})
    assert "prev:layer2, prev:dec, layer1, layer2" in result.stdout
    assert "combinations" in result.stdout
