"""Drawings that say what each node gives and costs."""

import random
from xml.etree import ElementTree as XML

import pytest

from segsmith.genotype import Genotype, preset
from segsmith.genotype.diagram import panels
from segsmith.networks.build import build
from segsmith.report.inside import NET, look_inside
from segsmith.report.network import annotated
from segsmith.spaces import LgcSpace

SIZE = (64, 96)


def lgc() -> Genotype:
    space, rng = LgcSpace(), random.Random(1)
    return space.decode(tuple(rng.randrange(len(decision.options)) for decision in space.decisions))


NETWORKS = {
    "decoder": lambda: preset("arch1"),
    "template": lambda: preset("template-arch0"),
    "dynamic": lambda: preset("typical"),
    "lgc": lgc,
}


@pytest.mark.parametrize("kind", ["decoder", "template", "dynamic", "lgc"])
def test_every_node_of_a_drawing_has_a_label(kind: str) -> None:
    genotype = NETWORKS[kind]()
    inside = look_inside(genotype, SIZE, 5)
    svg = annotated(inside, "k")
    root = XML.fromstring(svg)
    nodes = [group for group in root.iter("g") if group.get("class") == "sg-node"]
    tips = [group for group in root.iter("g") if group.get("class") == "sg-tip"]
    operations = [box for panel in panels(genotype) for box in panel.boxes if box.style in ("operation", "aggregation")]
    assert len(nodes) == len(tips) >= len(operations)
    assert len({group.get("id") for group in root.iter("g") if group.get("id")}) == len(nodes) + len(tips)
    assert all(group.get("tabindex") == "0" and group.find("rect") is not None for group in nodes)
    assert all("gives" in (group.get("aria-label") or "") for group in nodes)
    rules = root.findtext("style") or ""
    assert all(f"#{group.get('id')}" in rules for group in tips)


def test_what_is_said_of_a_node_is_so() -> None:
    genotype = preset("light")
    inside = look_inside(genotype, SIZE, 5)
    network = build(genotype, 5)
    cell = network.get_submodule("cell.net.nodes.n0")
    (spot,) = inside.spots[NET, "n0"]
    assert spot.parameters == sum(p.numel() for p in cell.parameters())
    assert spot.shapes == [(64, 8, 12)]
    assert inside.words(NET, "n0")[0] == "gives 64 × 8 × 12"
    assert inside.words(NET, "layer2") == []


def test_a_cell_that_is_used_often_says_so() -> None:
    inside = look_inside(preset("arch1"), SIZE, 5)
    assert len(inside.spots["context", "first"]) == 6
    assert any("in each use" in line for line in inside.words("context", "first"))
