"""JSON: what it looks like, and that nothing else is taken for it."""

import json

import pytest

from segsmith.errors import UserError
from segsmith.genotype import from_json, preset, to_json

LIGHT = json.loads(to_json(preset("light")))


def changed(path: str, value: object) -> str:
    """The JSON of ``light`` with another value at a dotted path; None takes the key away."""
    data = json.loads(json.dumps(LIGHT))
    *way, last = path.split(".")
    at = data
    for key in way:
        at = at[int(key)] if key.isdigit() else at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return json.dumps(data)


def test_it_is_short_and_readable() -> None:
    text = to_json(preset("copy"))
    assert text.startswith('{\n "segsmith": 1,\n "kind": "dynamic",\n "net": {\n  "inputs": ["prev:dec"],\n')
    assert '\n   {"name": "n0", "op": "skip", "inputs": ["prev:dec"]}\n' in text
    assert "stride" not in text


FAULTS = {
    changed("segsmith", 2): "segsmith: is of format 2, newer than this program (update segsmith)",
    changed("segsmith", 0): "segsmith: is of format 0 (formats up to 1 are read)",
    changed("segsmith", "1"): "segsmith: is of format '1' (formats up to 1",
    changed("segsmith", True): "segsmith: is of format True (formats up to 1",
    changed("segsmith", None): "the key 'segsmith' is missing",
    changed("net", None): "the key 'net' is missing",
    changed("nett", {}): "unknown key 'nett' (did you mean 'net'?)",
    changed("net.nods", []): "net: unknown key 'nods' (did you mean 'nodes'?)",
    changed("net.nodes.0.strid", 2): "net.nodes[0]: unknown key 'strid' (did you mean 'stride'?)",
    changed("net.nodes.0.op", None): "net.nodes[0]: the key 'op' is missing",
    changed("net.nodes.0.op", 3): "net.nodes[0].op: 3 is not of the type str",
    changed("net.nodes.0.stride", "2"): "net.nodes[0].stride: '2' is not of the type int",
    changed("net.nodes.0.stride", True): "net.nodes[0].stride: True is not of the type int",
    changed("net.nodes.0.repeat", 1.5): "net.nodes[0].repeat: 1.5 is not of the type int",
    changed("net.nodes.0.inputs", "layer2"): "net.nodes[0].inputs: 'layer2' is not of the type list",
    changed("net.nodes", [[]]): "net.nodes[0]: [] is not of the type dict",
    changed("net.outputs", [1]): "net.outputs: 1 is not of the type str",
    changed("settings", {"channels": [1]}): "settings.channels: [1] is no number and no text",
    changed("cells", []): "cells: [] is not of the type dict",
    changed("static.segsmith", 1): "static: unknown key 'segsmith'",
    changed("static.net.nodes.0.op", "merg"): "static.net.n0.a: unknown operation: 'merg' (did you mean 'merge'?)",
    changed("net.nodes.0.op", "skp"): "net.n0.a: unknown operation: 'skp' (did you mean 'skip'?)",
    '{"segsmith": 1, "kind": "decoder", "kind": "lgc"}': "the key 'kind' is there more than once",
    '{"segsmith": 1, "x": NaN}': "NaN is no number of a genotype",
    "[1, 2]": "[1, 2] is not of the type dict",
    '{"segsmith": 1,\n oops}': "no JSON: Expecting property name enclosed in double quotes in line 2, column 2",
    "": "no JSON: Expecting value in line 1, column 1",
    "[" * 100_000: "no genotype: nested without end",
    '{"segsmith": ' + "1" * 5000 + "}": "no genotype: Exceeds the limit",
}


@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_fault(number: int) -> None:
    text, message = list(FAULTS.items())[number]
    with pytest.raises(UserError) as caught:
        from_json(text, "cells/a.json")
    assert message in str(caught.value)
    assert str(caught.value).startswith("cells/a.json: ")
    assert len(str(caught.value)) < 300
