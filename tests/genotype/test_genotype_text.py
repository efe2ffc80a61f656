"""The text form: what may be written, and where a fault is."""

import pytest

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node, from_text, preset, to_text

PASTED = """
cell(prev:dec, layer2) -> n1   # a cell as it stands in a report
n0 = concat(sep3(prev:dec), deform3(layer2))

n1 = attention(sep5d6(n0), skip(layer2))
"""


def test_a_pasted_cell_is_a_dynamic_one_on_arch2() -> None:
    genotype = from_text(PASTED)
    assert (genotype.kind, genotype.static) == ("dynamic", preset("arch2"))
    assert genotype.net.nodes[2] == Node("n0", "concat", ("n0.a", "n0.b"))
    assert [node.name for node in genotype.net.nodes] == ["n0.a", "n0.b", "n0", "n1.a", "n1.b", "n1"]


def test_how_it_looks() -> None:
    assert to_text(preset("light")) == (
        "segsmith 1 dynamic\n\n"
        "cell(prev:dec, layer2) -> n1\n"
        "  n0 = concat(skip(prev:dec), skip(layer2))\n"
        "  n1 = wsum(sep5d6(n0), skip(prev:dec))\n\n"
        "static arch2\n"
    )
    assert "  n1 = t2(n0, layer2) x2 ~smaller\n" in to_text(preset("template-arch0"))
    assert "  n0 = t0(layer1, layer2) /2 ~smaller\n" in to_text(preset("template-arch0"))


def test_only_what_is_read_once_in_its_place_is_written_inside() -> None:
    nodes = (
        Node("n0.a", "skip", ("layer2",)),
        Node("n0.b", "skip", ("layer2",)),
        Node("n0", "wsum", ("n0.b", "n0.a")),
        Node("n1.a", "skip", ("n0",)),
        Node("n1", "wsum", ("n1.a", "n1.a")),
    )
    genotype = Genotype("dynamic", Graph(("layer2",), nodes, ("n1",)), static=preset("arch2"))
    rows = to_text(genotype).split("\n\n")[1].splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["n0.a", "n0.b", "n0", "n1.a", "n1"]
    assert from_text(to_text(genotype)) == genotype


def test_a_static_network_of_ones_own_follows_in_full() -> None:
    static = Genotype("external", Graph((), (), ()), settings={"source": 'a:"b # c"'})
    genotype = Genotype("dynamic", Graph(("prev:dec",), (Node("n", "skip", ("prev:dec",)),), ("n",)), static=static)
    assert to_text(genotype).endswith('\nstatic external source="a:\\"b # c\\""\n')
    assert from_text(to_text(genotype)) == genotype


CELL = "cell(layer2) -> a\n"
FAULTS = {
    "": "line 1, column 1: there is no genotype in this text",
    "# nothing": "line 1, column 1: there is no genotype",
    "segsmith": "line 1, column 1: a text begins with 'segsmith', a format and a kind (segsmith 1 dynamic)",
    "segsmith dynamic": "line 1, column 1: a text begins with",
    "segsmith 2 dynamic": "line 1, column 10: format 2 is newer than this program (update segsmith)",
    "segsmith 0 dynamic": "line 1, column 10: format 0 is unknown (formats up to 1 are read)",
    "segsmith 1 dynamik": "line 1, column 12: unknown kind 'dynamik' (did you mean 'dynamic'?)",
    "segsmith 1 dynamic": "line 1, column 12: kind: the graph cell(...) -> ... of this kind is missing",
    "segsmith 1 dynamic oops": "line 1, column 20: a setting is written once, as name=value",
    "segsmith 1 dynamic channels=1 channels=2": "line 1, column 31: a setting is written once",
    "segsmith 1 dynamic channels=x\n"
    + CELL
    + "a = skip(layer2)": "line 1, column 20: settings.channels: 'x' is not of",
    'segsmith 1 external source="a\\q"': 'line 1, column 28: "a\\q" is no quoted text',
    "segsmith 1 lgc fusion=asp\nnet(stem) -> a": "line 1, column 16: settings.fusion: 'asp' is not a choice (did you",
    "\n\na = skip(layer2)": "line 3, column 1: a belongs to no graph (begin with a line as cell(inputs) -> outputs)",
    CELL + "a = skip(layer2": "line 2, column 16: ',' should stand here, not 'the end of the line'",
    CELL + "a = skip layer2": "line 2, column 10: '(' should stand here, not 'layer2'",
    CELL + "a = skip(layer2) layer3": "line 2, column 18: the line should end here, not go on with 'layer3'",
    CELL + "a = (layer2)": "line 2, column 5: an operation should stand here, not '('",
    CELL + "a = wsum(,layer2)": "line 2, column 10: a name or an operation should stand here, not ','",
    CELL + "a = skip(layer2) /x2": "line 2, column 19: a stride should stand here, not 'x2'",
    CELL + "a = skip(layer2) ~smallest": "line 2, column 19: unknown align 'smallest' (did you mean 'smaller'?)",
    CELL + "a = skip($)": "line 2, column 10: '$' cannot be read here",
    CELL + "a = skip(layer2) /3": "line 2, column 1: net.a: stride 3 is not 1, 2, 4, ...",
    CELL + "  a = wsum(sepp3(layer2), layer2)": "line 2, column 12: net.a.a: unknown operation: 'sepp3' (did you mean",
    CELL + "a = skip(b)\nb = skip(a)": "line 1, column 1: net: a cycle: a, b wait for each other",
    CELL + "a = skip(layer2)\na = skip(layer2)": "line 1, column 1: net: the name 'a' is there more than once",
    CELL + CELL: "line 2, column 1: a second graph called 'cell'",
    "cell(layer2 -> a": "line 1, column 13: ')' should stand here, not '->'",
    "cell(layer2) a": "line 1, column 14: '->' should stand here, not 'a'",
    CELL + "a = skip(layer2)\nstatic arch9": "line 3, column 8: unknown static network 'arch9' (did you mean 'arch",
    CELL + "a = skip(layer2)\nstatic typical": "line 3, column 8: unknown static network 'typical'",
    CELL + "a = skip(layer2)\nstatic arch2 channels=3": "line 3, column 8: unknown static network 'arch2 channels=3'",
    CELL + "a = skip(layer2)\nstatic": "line 3, column 8: unknown static network ''",
    CELL + "a = skip(layer2)\nstatic arch2\nstatic arch2": "line 4, column 1: a second static network",
    CELL
    + "a = skip(layer2)\nstatic arch2\nnet(x) -> y": "line 4, column 1: nothing stands behind the static network's",
    CELL + "a = skip(layer2)\nstatic external source=x": "line 3, column 17: static.settings.source: 'x' names no",
    CELL + "a = " + "skip(" * 60 + "layer2" + ")" * 60: "more than 50 operations inside each other (give some a row)",
}


@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_fault(number: int) -> None:
    text, message = list(FAULTS.items())[number]
    with pytest.raises(UserError) as caught:
        from_text(text, "a.txt")
    assert message in str(caught.value)
    assert str(caught.value).startswith("a.txt: line ")


def test_arguments_beyond_z_are_read_back() -> None:
    nodes = tuple(Node(f"n.{name}", "skip", ("x",)) for name in [*"abcdefghijklmnopqrstuvwxyz", "aa", "ab"])
    context = Graph(("x",), (*nodes, Node("n", "sum", tuple(node.name for node in nodes))), ("n",))
    genotype = Genotype("decoder", preset("arch2").net, {"context": context})
    assert to_text(genotype).count("\n  n") == 4, "one row for the sum, three for the merges"
    assert from_text(to_text(genotype)) == genotype
