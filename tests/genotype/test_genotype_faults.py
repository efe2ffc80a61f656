"""Every fault of a structure is one line that names its place, the value and the way out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import strategies

from segsmith.errors import UserError
from segsmith.genotype import Genotype, Graph, Node, canonical, preset, validate

ARCH2, TEMPLATE, TYPICAL = preset("arch2"), preset("template-arch0"), preset("typical")
LGC = strategies.example_lgc()
EXTERNAL = Genotype("external", Graph((), (), ()), settings={"source": "timm:resnet18"})


def net(genotype: Genotype, **changes: Any) -> Genotype:
    return replace(genotype, net=replace(genotype.net, **changes))


def node(genotype: Genotype, index: int, **changes: Any) -> Genotype:
    nodes = list(genotype.net.nodes)
    nodes[index] = replace(nodes[index], **changes)
    return net(genotype, nodes=tuple(nodes))


def cells(genotype: Genotype, **changes: Any) -> Genotype:
    return replace(genotype, cells={**genotype.cells, **changes})


def settings(genotype: Genotype, **values: Any) -> Genotype:
    return replace(genotype, settings=values)


def context(*nodes: Node, outputs: tuple[str, ...] = ("o",)) -> Genotype:
    return cells(ARCH2, context=Graph(("x",), nodes, outputs))


FAULTS: dict[str, tuple[Genotype, str]] = {
    "kind": (replace(ARCH2, kind="decodr"), "kind: unknown kind 'decodr' (did you mean 'decoder'?)"),
    "setting": (settings(ARCH2, chanels=3), "settings.chanels: unknown setting 'chanels' for kind 'decoder' (did you"),
    "setting type": (settings(ARCH2, channels="64"), "settings.channels: '64' is not of the type int"),
    "setting bool": (settings(ARCH2, channels=True), "settings.channels: True is not of the type int"),
    "setting small": (settings(ARCH2, channels=0), "settings.channels: 0 is too small (at least 1)"),
    "setting choice": (settings(TYPICAL, step_scale=0.3), "settings.step_scale: 0.3 is not a choice"),
    "setting text": (settings(EXTERNAL, source="timm:\n"), "settings.source: 'timm:\\n' has characters"),
    "operation": (node(TYPICAL, 0, op="deform5"), "net.n0.a: unknown operation: 'deform5' (did you mean 'deform3'?)"),
    "operation elsewhere": (node(TYPICAL, 0, op="none"), "net.n0.a: no operation of a dynamic net: 'none'"),
    "operation in net": (node(TEMPLATE, 0, op="sep3"), "net.n0: no operation of a template net: 'sep3'"),
    "up2 in a cell": (context(Node("o", "up2", ("x",))), "cells.context.o: no operation of a decoder cell: 'up2'"),
    "dangling": (
        node(TYPICAL, 0, inputs=("prev:dex",)),
        "net.n0.a: nothing is called 'prev:dex' (did you mean 'prev:de",
    ),
    "arity": (node(TYPICAL, 0, inputs=("layer2", "layer3")), "net.n0.a: deform3 reads 1 input, not 2"),
    "arity of a cell": (node(TEMPLATE, 0, inputs=("layer1",)), "net.n0: t0 reads 2 inputs, not 1"),
    "no input": (context(Node("o", "sum", ())), "cells.context.o: sum reads at least one input"),
    "cycle": (
        net(TYPICAL, nodes=(Node("p", "skip", ("q",)), Node("q", "skip", ("p",))), outputs=("p",)),
        "net: a cycle: p, q wait for each other",
    ),
    "itself": (net(TYPICAL, nodes=(Node("p", "skip", ("p",)),), outputs=("p",)), "net: a cycle: p wait"),
    "twice": (node(TYPICAL, 1, name="n0.a"), "net: the name 'n0.a' is there more than once"),
    "twice an input": (node(TYPICAL, 1, name="layer2"), "net: the name 'layer2' is there more than once"),
    "name": (node(TYPICAL, 0, name="0"), "net: '0' is not a name"),
    "name of an input": (net(TYPICAL, inputs=("a b",)), "net.inputs: 'a b' is not a name"),
    "stride": (node(TEMPLATE, 0, stride=3), "net.n0: stride 3 is not 1, 2, 4, ..."),
    "stride zero": (node(TEMPLATE, 0, stride=0), "net.n0: stride 0 is not 1, 2, 4, ..."),
    "repeat": (node(TEMPLATE, 0, repeat=0), "net.n0: repeat 0 is not at least 1"),
    "align": (node(TEMPLATE, 0, align="bigger"), "net.n0: unknown align 'bigger' (did you mean 'larger'?)"),
    "stride elsewhere": (node(TYPICAL, 0, stride=2), "net.n0.a: stride 2 has no meaning here"),
    "repeat elsewhere": (node(LGC, 0, repeat=2), "net.c0: repeat 2 has no meaning here"),
    "align elsewhere": (node(LGC, 0, align="smaller"), "net.c0: align smaller has no meaning here"),
    "stride in a cell": (context(Node("o", "sep3", ("x",), stride=2)), "cells.context.o: stride 2 has no meaning"),
    "output": (net(TYPICAL, outputs=("n9",)), "net.outputs: nothing is called 'n9' (did you mean"),
    "output twice": (net(TYPICAL, outputs=("n3", "n3")), "net.outputs: the name 'n3' is there more than once"),
    "no output": (net(TYPICAL, outputs=()), "net.outputs: a network has at least one output"),
    "output an input": (net(TYPICAL, outputs=("layer2",)), "net.outputs: 'layer2' is an input; an output of the net"),
    "no output of a cell": (context(Node("o", "sep3", ("x",)), outputs=()), "cells.context.outputs: a cell has"),
    "cell name": (cells(TEMPLATE, sep3=TEMPLATE.cells["t0"]), "cells.sep3: 'sep3' is taken"),
    "reserved cell name": (cells(TEMPLATE, net=TEMPLATE.cells["t0"]), "cells.net: 'net' is taken"),
    "decoder input": (net(ARCH2, inputs=("layer5", *ARCH2.net.inputs)), "net.inputs: no input 'layer5' here (did you"),
    "decoder cell": (
        replace(
            ARCH2, cells={"c": ARCH2.cells["context"]}, net=Graph(("layer1",), (Node("o", "c", ("layer1",)),), ("o",))
        ),
        "cells: a decoder has one cell, 'context', not ['c']",
    ),
    "decoder two cells": (cells(ARCH2, other=ARCH2.cells["context"]), "cells: a decoder has one cell, 'context', not"),
    "decoder cell outputs": (
        context(Node("o", "sep3", ("x",)), Node("p", "sep3", ("x",)), outputs=("o", "p")),
        "cells.context: a contextual cell has one input and one output",
    ),
    "decoder merge": (node(ARCH2, 2, inputs=("layer1", "n0.a")), "net.n0: merge joins two 'context' cells, not"),
    "decoder chain": (node(ARCH2, 1, inputs=("n0.a",)), "net.n0.b: 'context' reads a layer or a merge, not another"),
    "decoder output": (net(ARCH2, outputs=("n0.a",)), "net.outputs: 'n0.a' is no merge"),
    "template form": (
        cells(TEMPLATE, t0=Graph(("a", "b"), (Node("o", "concat", ("a", "b")),), ("o",))),
        "cells.t0: a template is one aggregation of one operation on each of its two inputs",
    ),
    "template one-sided": (
        cells(
            TEMPLATE,
            t0=Graph(
                ("a", "b"),
                (Node("p", "sep3", ("a",)), Node("q", "sep3", ("a",)), Node("o", "wsum", ("p", "q"))),
                ("o",),
            ),
        ),
        "cells.t0: a template is one aggregation",
    ),
    "lgc without fusion": (settings(LGC, fusion="aspp"), "cells: fusion not searched has no cell 'fusion'"),
    "lgc no fusion cell": (
        replace(
            LGC, cells={"c": LGC.cells["cell0"]}, net=Graph(("stem",), (Node("o", "c", ("stem", "stem")),), ("o",))
        ),
        "cells: fusion searched needs a cell 'fusion'",
    ),
    "lgc inputs": (
        cells(LGC, more=Graph(("a", "b", "c"), (Node("o", "skip", ("a",)),), ("o",))),
        "cells.more.inputs: 1 to 2 inputs, not 3",
    ),
    "lgc outputs": (net(LGC, outputs=("c12", "c13")), "net.outputs: an LGC network has one output, not 2"),
    "lgc end": (net(LGC, outputs=("c13",)), "net.outputs: one node with the op 'fusion' is the only output"),
    "lgc fusion stride": (node(LGC, -1, stride=2), "net.out: stride 2 has no meaning here"),
    "dynamic alone": (replace(TYPICAL, static=None), "static: a dynamic cell needs the static network"),
    "dynamic on dynamic": (replace(TYPICAL, static=TYPICAL), "static: a dynamic cell cannot stand on another one"),
    "static elsewhere": (replace(ARCH2, static=ARCH2), "static: a genotype of kind 'decoder' stands on no static"),
    "dynamic cells": (cells(TYPICAL, c=ARCH2.cells["context"]), "cells: a genotype of kind 'dynamic' has no cells"),
    "dynamic input": (net(TYPICAL, inputs=("layer1", *TYPICAL.net.inputs)), "net.inputs: no input 'layer1' here"),
    "dynamic on template": (replace(TYPICAL, static=TEMPLATE), "net.inputs: no input 'layer3' here"),
    "fault in the static": (
        replace(TYPICAL, static=settings(ARCH2, channels=-1)),
        "static.settings.channels: -1 is too small (at least 1)",
    ),
    "external source": (settings(EXTERNAL, source="resnet18"), "settings.source: 'resnet18' names no backbone (timm:"),
    "external cells": (cells(EXTERNAL, c=ARCH2.cells["context"]), "cells: a genotype of kind 'external' has no cells"),
    "external graph": (net(EXTERNAL, inputs=("x",)), "net.inputs: no input 'x' here (there is none"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str) -> None:
    genotype, message = FAULTS[name]
    with pytest.raises(UserError) as caught:
        validate(genotype)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_fault_names_the_file() -> None:
    with pytest.raises(UserError, match=r"^nets/a\.json: net\.n0: stride 3"):
        validate(node(TEMPLATE, 0, stride=3), "nets/a.json")


VALID: dict[str, Callable[[], Genotype]] = {
    "any tap of an external network": lambda: replace(
        TYPICAL, net=Graph(("prev:blocks.3",), (Node("n", "skip", ("prev:blocks.3",)),), ("n",)), static=EXTERNAL
    ),
    "a tap of a template network": lambda: replace(
        TYPICAL, net=Graph(("prev:layer1",), (Node("n", "skip", ("prev:layer1",)),), ("n",)), static=TEMPLATE
    ),
    "whole numbers for a decimal": lambda: settings(TYPICAL, step_scale=1),
}


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    genotype = VALID[name]()
    assert validate(genotype) is genotype


def test_nothing_alive_is_a_fault() -> None:
    with pytest.raises(UserError, match="net: nothing is left of it without its dead parts"):
        canonical(validate(context(Node("o", "none", ("x",)))))
