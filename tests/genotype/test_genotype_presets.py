"""The published networks, number lists both ways, and what a person may call a genotype."""

from pathlib import Path

import pytest
import strategies
from hypothesis import assume, given, settings

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node, fingerprint, load_genotype, preset, presets, to_json, to_text
from segsmith.genotype.canonical import canonical
from segsmith.genotype.faults import StructureError
from segsmith.genotype.numbers import (
    decoder_from_numbers,
    decoder_to_numbers,
    template_from_numbers,
    template_to_numbers,
)
from segsmith.genotype.presets import preset_name

FINGERPRINTS = {
    "arch0": "da3ceabdda988b3c",
    "arch1": "fe8f902bda9aa5a6",
    "arch2": "96a5751f24370af7",
    "template-arch0": "859f0c17f19bf983",
    "template-arch1": "d6b8d1e4d1193a99",
    "copy": "b006e99e0f82fa22",
    "light": "4c18c6157c9a4413",
    "typical": "b546fd1954ac2695",
}


@pytest.mark.parametrize("name", presets.PRESETS)
def test_fingerprints_do_not_drift(name: str) -> None:
    """Caches, studies and reports know networks by them."""
    assert fingerprint(preset(name)) == FINGERPRINTS[name]
    assert preset_name(preset(name)) == name


def test_the_contextual_cell_of_arch2() -> None:
    nodes = {node.name: (node.op, node.inputs) for node in preset("arch2").cells["context"].nodes}
    assert nodes["first"] == ("conv3d3", ("x",))
    assert nodes["r0.a"] == ("gap", ("x",))
    assert nodes["r1.a"] == ("conv1", ("r0.b",)), "the pool holds the operations, too, not the sums alone"
    assert nodes["r2"] == ("sum", ("r2.a", "r2.b"))
    assert nodes["out"] == ("sum", ("first", "r0", "r1", "r2"))
    assert preset("arch2").net.outputs == ("n1", "n2")


def test_a_single_sum_that_no_row_reads_is_the_output_itself() -> None:
    cell = decoder_from_numbers([[0, [1, 1, 2, 3], [4, 4, 0, 9]], [[0, 1]]]).cells["context"]
    assert cell.outputs == ("r1",)


def test_rows_of_template_arch0() -> None:
    net = preset("template-arch0").net
    assert net.nodes[0] == Node("n0", "t0", ("layer1", "layer2"), stride=2, align="smaller")
    assert net.nodes[2] == Node("n2", "t1", ("n1", "layer2"), repeat=2, align="smaller")
    assert net.nodes[3].align == "larger"
    assert net.outputs == ("n2", "n4", "n5", "n6")


@pytest.mark.parametrize("name", ["ARCH0", "ARCH1", "ARCH2"])
def test_decoders_are_written_back(name: str) -> None:
    numbers = getattr(presets, name)
    assert decoder_to_numbers(decoder_from_numbers(numbers)) == numbers


@pytest.mark.parametrize("name", ["TEMPLATE_ARCH0", "TEMPLATE_ARCH1"])
def test_templates_are_written_back(name: str) -> None:
    numbers = getattr(presets, name)
    assert template_to_numbers(template_from_numbers(numbers)) == numbers


@given(strategies.decoders())
@settings(max_examples=60, deadline=None)
def test_any_decoder_of_the_paper_is_written_back(genotype: Genotype) -> None:
    try:
        canonical(genotype)
    except StructureError:
        assume(False)
    again = decoder_from_numbers(decoder_to_numbers(genotype))
    assert (again.net, again.cells) == (genotype.net, genotype.cells)


@given(strategies.templates())
@settings(max_examples=60, deadline=None)
def test_any_template_network_is_written_back(genotype: Genotype) -> None:
    assert template_from_numbers(template_to_numbers(genotype)) == genotype


def test_the_canonical_form_of_a_published_network_is_written_back() -> None:
    for name in ("arch0", "arch1", "arch2"):
        again = decoder_from_numbers(decoder_to_numbers(canonical(preset(name))))
        assert fingerprint(again) == fingerprint(preset(name))
    for name in ("template-arch0", "template-arch1"):
        again = template_from_numbers(template_to_numbers(canonical(preset(name))))
        assert fingerprint(again) == fingerprint(preset(name))


def test_what_a_number_list_cannot_hold() -> None:
    odd = Graph(("x",), (Node("first", "deform3", ("x",)),), ("first",))
    decoder = Genotype("decoder", preset("arch2").net, {"context": odd})
    with pytest.raises(UserError, match="'deform3' has no number in a number list"):
        decoder_to_numbers(decoder)
    two = Graph(("x",), (Node("a", "sep3", ("x",)), Node("b", "sep3", ("a",))), ("b",))
    with pytest.raises(UserError, match="stands not just one operation"):
        decoder_to_numbers(Genotype("decoder", preset("arch2").net, {"context": two}))
    net = preset("template-arch0").net
    larger = tuple(Node(n.name, n.op, n.inputs, n.stride, n.repeat) for n in net.nodes)
    with pytest.raises(UserError, match="a structure that its number list cannot hold"):
        template_to_numbers(
            Genotype("template", Graph(net.inputs, larger, net.outputs), preset("template-arch0").cells)
        )
    with pytest.raises(UserError, match="cannot hold a genotype of kind 'template'"):
        decoder_to_numbers(preset("template-arch0"))
    with pytest.raises(UserError, match="cannot hold a genotype of kind 'dynamic'"):
        template_to_numbers(preset("light"))


def test_wrong_numbers() -> None:
    with pytest.raises(UserError, match=r"is 11, not one of 0\.\.10"):
        decoder_from_numbers([[11], [[0, 1]]])
    with pytest.raises(UserError, match=r"is 4, not one of 0\.\.3"):
        decoder_from_numbers([[0], [[0, 4]]])
    with pytest.raises(UserError, match=r"has 4 numbers, not \[0, 0, 1\]"):
        decoder_from_numbers([[0, [0, 0, 1]], [[0, 1]]])
    with pytest.raises(UserError, match=r"is -1, not one of 0\.\.1"):
        template_from_numbers([[[0, 0, 0]], [[-1, 0, 0, 0, 0]]])


def test_the_dynamic_presets_read_what_they_say() -> None:
    assert preset("copy").net.inputs == ("prev:dec",)
    assert preset("light").net.inputs == ("prev:dec", "layer2")
    typical = preset("typical")
    assert typical.net.inputs == ("prev:dec", "layer2", "layer3")
    ops = [node.op for node in typical.net.nodes]
    assert (ops.count("deform3"), sum(op.startswith("sep") for op in ops), ops.count("concat")) == (2, 2, 4)


def test_a_genotype_is_loaded_by_name_file_and_run(tmp_path: Path) -> None:
    light = preset("light")
    (tmp_path / "genotype.json").write_text("\ufeff" + to_json(light), encoding="utf-8")
    (tmp_path / "light.txt").write_text(to_text(light), encoding="utf-8")
    for spec in ("light", str(tmp_path), str(tmp_path / "genotype.json"), str(tmp_path / "light.txt")):
        assert load_genotype(spec) == light


def test_faults_of_loading_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no preset, file or run folder is called 'arch3' \(did you mean 'arch2'\?\)"):
        load_genotype("arch3")
    with pytest.raises(UserError, match=r"the folder has no genotype\.json"):
        load_genotype(str(tmp_path))
    bad = tmp_path / "bad"
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="bad: no genotype: it is not text"):
        load_genotype(str(bad))
    bad.write_text("cell(x) -> y\n")
    with pytest.raises(UserError, match=r"bad: line 1, column 1: net\.outputs"):
        load_genotype(str(bad))
    bad.write_text(" {}\n")
    with pytest.raises(UserError, match="bad: the key 'segsmith' is missing"):
        load_genotype(str(bad))
    with pytest.raises(UserError, match=r"no preset 'arch3' \(did you mean"):
        preset("arch3")
