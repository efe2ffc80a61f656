"""Genotypes as text that is meant to be read, and pasted into an issue.

::

    segsmith 1 dynamic step_scale=0.5          kind and settings
    cell(prev:dec, layer2) -> n1               a graph: inputs, outputs ("net" in the other kinds, or a cell's name)
      n0 = concat(sep3(prev:dec), layer2)      a node; sep3 is the node n0.a
      n1 = t0(n0, layer2) /2 x3 ~smaller       stride, repeat, align
    static arch2                               what a dynamic cell stands on: a preset, or kind, settings and graphs

A node may be written inside the one that reads it where nothing else does and its name is its reader's with a letter
for its place (``n0.a``, ``n0.b``, ...). ``from_text`` reads back an equal genotype, names and order included.
"""

import json
import re

from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.names import letter
from segsmith.genotype.presets import preset_name
from segsmith.genotype.vocabulary import Setting

VERSION = 1
BARE = re.compile(r'[^\s"#]+')


def main_block(kind: str) -> str:
    """What the net of a kind is called in a text."""
    return "cell" if kind == "dynamic" else "net"


def to_text(genotype: Genotype) -> str:
    """The genotype as lines; ``from_text`` reads them."""
    parts = _parts(genotype, f"segsmith {VERSION}")
    if genotype.static is not None:
        name = preset_name(genotype.static)
        parts += [f"static {name}"] if name else _parts(genotype.static, "static")
    return "\n\n".join(parts) + "\n"


def _parts(genotype: Genotype, word: str) -> list[str]:
    settings = [f"{name}={_value(value)}" for name, value in genotype.settings.items()]
    parts = [" ".join([word, genotype.kind, *settings])]
    parts += [_block(name, cell) for name, cell in genotype.cells.items()]
    if genotype.kind != "external":
        parts.append(_block(main_block(genotype.kind), genotype.net))
    return parts


def _value(value: Setting) -> str:
    if isinstance(value, str) and not BARE.fullmatch(value):
        return json.dumps(value)
    return str(value)


def _block(name: str, graph: Graph) -> str:
    head = f"{name}({', '.join(graph.inputs)}) -> {', '.join(graph.outputs)}"
    return "\n".join([head, *(f"  {row} = {text}" for row, text in _rows(graph))])


def _rows(graph: Graph) -> list[tuple[str, str]]:
    """Name and expression of every node that is not written inside another.

    A stack keeps the order: only what stands right before its reader, in the reader's order, moves into it.
    """
    uses = [*graph.outputs, *(name for node in graph.nodes for name in node.inputs)]
    rows: list[tuple[str, str]] = []
    for node in graph.nodes:
        arguments = list(node.inputs)
        for index in reversed(range(len(arguments))):
            name = arguments[index]
            if rows and rows[-1][0] == name == f"{node.name}.{letter(index)}" and uses.count(name) == 1:
                arguments[index] = rows.pop()[1]
        rows.append((node.name, expression(node, arguments)))
    return rows


def expression(node: Node, arguments: list[str]) -> str:
    """``op(arguments)`` with what differs from the defaults behind it."""
    stride = f" /{node.stride}" if node.stride != 1 else ""
    repeat = f" x{node.repeat}" if node.repeat != 1 else ""
    align = f" ~{node.align}" if node.align != "larger" else ""
    return f"{node.op}({', '.join(arguments)}){stride}{repeat}{align}"
