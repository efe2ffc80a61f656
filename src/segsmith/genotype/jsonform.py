"""Genotypes as JSON: versioned, strict, and short where they can be.

``{"segsmith": 1, "kind": ..., "settings": {...}, "cells": {name: graph}, "net": graph, "static": genotype}``; what
is empty or has its default value is left out.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from segsmith.errors import UserError
from segsmith.genotype.check import validate
from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.faults import StructureError, nearest

VERSION = 1
LINE = 100
DEFAULTS = {"stride": 1, "repeat": 1, "align": "larger"}


def to_json(genotype: Genotype) -> str:
    """A text with one short line for each node, that ``from_json`` reads back equal."""
    return _pretty({"segsmith": VERSION, **to_data(genotype)}, 0) + "\n"


def to_data(genotype: Genotype) -> dict[str, Any]:
    """Plain dictionaries and lists."""
    data: dict[str, Any] = {"kind": genotype.kind}
    if genotype.settings:
        data["settings"] = dict(genotype.settings)
    if genotype.cells:
        data["cells"] = {name: _graph_data(cell) for name, cell in genotype.cells.items()}
    data["net"] = _graph_data(genotype.net)
    if genotype.static is not None:
        data["static"] = to_data(genotype.static)
    return data


def _graph_data(graph: Graph) -> dict[str, Any]:
    nodes = [
        {f.name: getattr(node, f.name) for f in fields(node) if getattr(node, f.name) != DEFAULTS.get(f.name)}
        for node in graph.nodes
    ]
    return {"inputs": graph.inputs, "nodes": nodes, "outputs": graph.outputs}


def _pretty(data: Any, indent: int) -> str:
    line = json.dumps(data)
    if not isinstance(data, dict | list | tuple) or (len(line) + indent <= LINE and not _is_listing(data)):
        return line
    space = " " * (indent + 1)
    if isinstance(data, dict):
        parts = [f"{json.dumps(key)}: {_pretty(value, indent + 1)}" for key, value in data.items()]
        opening, closing = "{", "}"
    else:
        parts = [_pretty(value, indent + 1) for value in data]
        opening, closing = "[", "]"
    return f"{opening}\n{space}" + f",\n{space}".join(parts) + f"\n{' ' * indent}{closing}"


def _is_listing(data: Any) -> bool:
    """Whether something stands in it that is best read one a line: nodes or graphs."""
    return any(
        isinstance(value, dict | list) and value for value in (data.values() if isinstance(data, dict) else data)
    )


def from_json(text: str, where: str = "") -> Genotype:
    """What ``to_json`` wrote, checked; ``where`` names the file in errors."""
    try:
        data = json.loads(text, object_pairs_hook=_no_doubles, parse_constant=_no_constant)
        return validate(_versioned(data), where)
    except json.JSONDecodeError as fault:
        message = f"no JSON: {fault.msg} in line {fault.lineno}, column {fault.colno}"
        raise UserError(message, path=where or None) from None
    except ValueError as fault:  # a whole number of thousands of digits
        raise UserError(f"no genotype: {fault}", path=where or None) from None
    except RecursionError:
        raise UserError("no genotype: nested without end", path=where or None) from None
    except StructureError as fault:
        raise StructureError(fault.place, fault.reason, fix=fault.fix, path=where or None) from None


def _versioned(data: Any) -> Genotype:
    record = _record(data, "", required={"segsmith"}, optional=None)
    version = record["segsmith"]
    if version != VERSION or isinstance(version, bool):
        newer = isinstance(version, int) and not isinstance(version, bool) and version > VERSION
        reason = f"is of format {version!r}" + (", newer than this program" if newer else "")
        raise StructureError(
            "segsmith", reason, fix="update segsmith" if newer else f"formats up to {VERSION} are read"
        )
    return _genotype({key: value for key, value in record.items() if key != "segsmith"}, "")


def _genotype(data: Any, prefix: str) -> Genotype:
    place = prefix.rstrip(".")
    record = _record(data, place, required={"kind", "net"}, optional={"settings", "cells", "static"})
    cells = _record(record.get("cells", {}), f"{prefix}cells", required=set(), optional=None)
    settings = _record(record.get("settings", {}), f"{prefix}settings", required=set(), optional=None)
    for name, value in settings.items():
        if not isinstance(value, int | float | str):
            raise StructureError(f"{prefix}settings.{name}", f"{value!r} is no number and no text")
    return Genotype(
        _typed(record["kind"], str, f"{prefix}kind"),
        _graph(record["net"], f"{prefix}net"),
        {name: _graph(cell, f"{prefix}cells.{name}") for name, cell in cells.items()},
        settings,
        _genotype(record["static"], f"{prefix}static.") if "static" in record else None,
    )


def _graph(data: Any, place: str) -> Graph:
    record = _record(data, place, required={"inputs", "nodes", "outputs"}, optional=set())
    nodes = _typed(record["nodes"], list, f"{place}.nodes")
    return Graph(
        _names(record["inputs"], f"{place}.inputs"),
        tuple(_node(node, f"{place}.nodes[{index}]") for index, node in enumerate(nodes)),
        _names(record["outputs"], f"{place}.outputs"),
    )


def _node(data: Any, place: str) -> Node:
    record = _record(data, place, required={"name", "op", "inputs"}, optional=set(DEFAULTS))
    return Node(
        _typed(record["name"], str, f"{place}.name"),
        _typed(record["op"], str, f"{place}.op"),
        _names(record["inputs"], f"{place}.inputs"),
        **{key: _typed(record[key], type(DEFAULTS[key]), f"{place}.{key}") for key in DEFAULTS if key in record},
    )


def _names(data: Any, place: str) -> tuple[str, ...]:
    return tuple(_typed(name, str, place) for name in _typed(data, list, place))


def _typed(data: Any, kind: type, place: str) -> Any:
    if not isinstance(data, kind) or isinstance(data, bool):
        raise StructureError(place, f"{data!r} is not of the type {kind.__name__}")
    return data


def _record(data: Any, place: str, *, required: set[str], optional: set[str] | None) -> Mapping[str, Any]:
    """A dictionary with its required keys and, unless ``optional`` is None, no unknown ones."""
    record: dict[str, Any] = _typed(data, dict, place)
    for key in sorted(required - set(record)):
        raise StructureError(place, f"the key {key!r} is missing")
    if optional is not None:
        for key in sorted(set(record) - required - optional):
            raise StructureError(place, f"unknown key {key!r}", fix=nearest(key, required | optional))
    return record


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise StructureError("", f"the key {twice!r} is there more than once")
    return record


def _no_constant(name: str) -> float:
    raise StructureError("", f"{name} is no number of a genotype")
