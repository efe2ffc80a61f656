"""Reads the text form of ``text.py``; an error names line and column.

A text without its first line is a dynamic cell, and a dynamic cell without a ``static`` line stands on arch2.
"""

import json
import re
from dataclasses import dataclass, field

from segsmith.errors import UserError
from segsmith.genotype.check import validate
from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.faults import StructureError, nearest
from segsmith.genotype.lines import Expressions, Line, TextFault, Tokens, read_lines
from segsmith.genotype.presets import STANDARD_STATIC, STATIC_PRESETS, preset
from segsmith.genotype.text import VERSION, main_block
from segsmith.genotype.vocabulary import KINDS, Setting

HEADER = re.compile(r"\s*segsmith\s+(?P<version>\d{1,9})\s+(?=\S)")
STATIC = re.compile(r"\s*static\s+(?=\S)")
WORD = re.compile(r"\S+")
SETTING = re.compile(r'\s*(?P<name>[^\s="]+)=(?P<value>"(?:[^"\\]|\\.)*"|[^\s"]+)(?=\s|$)')
WHOLE = re.compile(r"-?\d{1,18}")
DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")

Places = dict[str, tuple[int, int]]


@dataclass
class Block:
    """A graph while its rows come in."""

    place: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: list[Node] = field(default_factory=list)

    def graph(self) -> Graph:
        return Graph(self.inputs, tuple(self.nodes), self.outputs)


@dataclass
class Section:
    """One genotype while its lines come in; ``prefix`` is that of its places in errors."""

    kind: str
    prefix: str
    settings: dict[str, Setting] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)

    def genotype(self, static: Genotype | None) -> Genotype:
        graphs = {name: block.graph() for name, block in self.blocks.items()}
        main = main_block(self.kind)
        if main not in graphs and self.kind != "external":
            raise StructureError(f"{self.prefix}kind", f"the graph {main}(...) -> ... of this kind is missing")
        net = graphs.pop(main, Graph((), (), ()))
        return Genotype(self.kind, net, graphs, self.settings, static)


def from_text(text: str, where: str = "") -> Genotype:
    """What ``to_text`` or a person wrote; ``where`` names the file in errors."""
    places: Places = {}
    try:
        return validate(_document(read_lines(text), places))
    except TextFault as fault:
        line, column, what, fix = fault.line, fault.column, fault.reason, fault.fix
    except StructureError as fault:
        line, column = _position(places, fault.place)
        what, fix = fault.what, fault.fix
    raise UserError(f"line {line}, column {column}: {what}", fix=fix, path=where or None)


def _position(places: Places, place: str) -> tuple[int, int]:
    """Where a place is in the text, or else what it is part of."""
    while place not in places and place:
        place = place.rpartition(".")[0]
    return places.get(place, (1, 1))


def _document(lines: list[Line], places: Places) -> Genotype:
    if not lines:
        raise TextFault(1, 1, "there is no genotype in this text")
    section = Section("dynamic", "")
    static: Section | None = None
    ready: Genotype | None = None
    if lines[0].word == "segsmith":
        section = _header(lines.pop(0), places)
    current: Section | None = section
    for line in lines:
        if line.word == "static":
            if static or ready:
                raise line.fault(1, "a second static network")
            ready = _static_preset(line, places)
            static = None if ready else _settings(line, STATIC, "static.", places)
            current = static
        elif current is None:
            raise line.fault(1, "nothing stands behind the static network's name")
        else:
            _graph_line(line, current, places)
    if static is not None:
        ready = static.genotype(None)
    elif ready is None and section.kind == "dynamic":
        ready = preset(STANDARD_STATIC)
    return section.genotype(ready)


def _static_preset(line: Line, places: Places) -> Genotype | None:
    places["static"] = (line.number, 1)
    words = line.text.split()
    name = words[1] if len(words) > 1 else ""
    if name not in KINDS and (name not in STATIC_PRESETS or len(words) > 2):
        wrong = " ".join(words[1:]) if name in STATIC_PRESETS else name
        raise line.fault(8, f"unknown static network {wrong!r}", nearest(wrong, [*STATIC_PRESETS, *KINDS]))
    return preset(name) if name in STATIC_PRESETS else None


def _header(line: Line, places: Places) -> Section:
    found = HEADER.match(line.text)
    if found is None:
        raise line.fault(1, "a text begins with 'segsmith', a format and a kind", f"segsmith {VERSION} dynamic")
    version = int(found["version"])
    if version != VERSION:
        newer = version > VERSION
        fix = "update segsmith" if newer else f"formats up to {VERSION} are read"
        reason = f"format {version} is {'newer than this program' if newer else 'unknown'}"
        raise line.fault(found.start("version") + 1, reason, fix)
    return _settings(line, HEADER, "", places)


def _settings(line: Line, before: re.Pattern[str], prefix: str, places: Places) -> Section:
    """The kind that stands behind ``before``, and the ``name=value`` behind it."""
    start = found.end() if (found := before.match(line.text)) else 0
    kind = found[0] if (found := WORD.match(line.text, start)) else ""
    if kind not in KINDS:
        raise line.fault(start + 1, f"unknown kind {kind!r}", nearest(kind, KINDS))
    section, at = Section(kind, prefix), start + len(kind)
    places[prefix.rstrip(".")] = places[f"{prefix}kind"] = (line.number, start + 1)
    while rest := line.text[at:].strip():
        found = SETTING.match(line.text, at)
        if found is None or found["name"] in section.settings:
            raise line.fault(line.text.index(rest, at) + 1, "a setting is written once, as name=value")
        places[f"{prefix}settings.{found['name']}"] = (line.number, found.start("name") + 1)
        default = KINDS[kind][1].get(found["name"])
        section.settings[found["name"]] = _value(line, found.start("value"), found["value"], default)
        at = found.end()
    return section


def _value(line: Line, column: int, text: str, default: Setting | None) -> Setting:
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except json.JSONDecodeError as fault:
            raise line.fault(column + 1, f"{text} is no quoted text: {fault.msg}") from None
    if isinstance(default, str):
        return text
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text


def _graph_line(line: Line, section: Section, places: Places) -> None:
    """A graph's first line, or a row of the graph above."""
    tokens = Tokens(line)
    column, name = tokens.column, tokens.take("name", "the name of a graph or a node")
    if tokens.have("="):
        if not section.blocks:
            raise line.fault(column, f"{name} belongs to no graph", "begin with a line as cell(inputs) -> outputs")
        block, row = next(reversed(section.blocks.values())), Expressions(tokens)
        row.read(name, column)
        block.nodes += row.nodes
        places.update({f"{block.place}.{node}": (line.number, at) for node, at in row.columns.items()})
    else:
        if name in section.blocks:
            raise line.fault(column, f"a second graph called {name!r}")
        place = "net" if name == main_block(section.kind) else f"cells.{name}"
        section.blocks[name] = _block(tokens, f"{section.prefix}{place}")
        places[f"{section.prefix}{place}"] = (line.number, column)


def _block(tokens: Tokens, place: str) -> Block:
    tokens.need("(")
    inputs = tokens.names()
    tokens.need(")")
    tokens.need("->")
    block = Block(place, inputs, tokens.names())
    tokens.end()
    return block
