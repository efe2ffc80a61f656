"""A total order of a graph's vertices that does not depend on how the graph is written.

Colours are refined by those of inputs and readers until nothing changes; vertices that are still alike are told
apart by setting one of them apart, and of all such choices the one with the smallest description counts. Choices
with equal descriptions differ by a symmetry of the graph, so that one of them is enough.
"""

from dataclasses import dataclass

Colours = tuple[int, ...]
Description = tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class Plan:
    """A graph as numbers: for every vertex a label, its inputs, and whether their order counts."""

    labels: tuple[int, ...]
    inputs: tuple[tuple[int, ...], ...]
    unordered: tuple[bool, ...]
    readers: tuple[tuple[tuple[int, int], ...], ...]


def plan(labels: list[str], inputs: list[tuple[int, ...]], unordered: list[bool]) -> Plan:
    inputs = [tuple(sorted(ins)) if free else ins for ins, free in zip(inputs, unordered, strict=True)]
    rank = {label: index for index, label in enumerate(sorted(set(labels)))}
    readers: list[list[tuple[int, int]]] = [[] for _ in labels]
    for vertex, sources in enumerate(inputs):
        for position, source in enumerate(sources):
            readers[source].append((vertex, 0 if unordered[vertex] else position))
    places = tuple(rank[label] for label in labels)
    return Plan(places, tuple(inputs), tuple(unordered), tuple(map(tuple, readers)))


def canonical_colours(graph: Plan) -> Colours:
    """A different number for each vertex, the same ones for every spelling of the graph up to its symmetries."""
    return _smallest(graph, _refined(graph, graph.labels))[1]


def _refined(graph: Plan, colours: Colours) -> Colours:
    """Colours, as ranks from 0, that inputs and readers no longer split; their order is kept."""
    count = 0
    while True:
        keys = [
            (colour, _inputs(graph, vertex, colours), tuple(sorted([(colours[u], p) for u, p in readers])))
            for vertex, (colour, readers) in enumerate(zip(colours, graph.readers, strict=True))
        ]
        distinct = sorted(set(keys))
        rank = {key: index for index, key in enumerate(distinct)}
        colours = tuple([rank[key] for key in keys])
        if len(distinct) in (count, len(keys)):
            return colours
        count = len(distinct)


def _inputs(graph: Plan, vertex: int, colours: Colours) -> Colours:
    found = [colours[source] for source in graph.inputs[vertex]]
    return tuple(sorted(found)) if graph.unordered[vertex] else tuple(found)


def _smallest(graph: Plan, colours: Colours) -> tuple[Description, Colours]:
    seen, found = set[Description](), list[tuple[Description, Colours]]()
    for choice in _choices(graph, colours):
        refined = _refined(graph, choice)
        end = _any_end(graph, refined)
        if end not in seen:
            seen.add(end)
            found.append(_smallest(graph, refined))
    return min(found) if found else (_description(graph, colours), colours)


def _any_end(graph: Plan, colours: Colours) -> Description:
    while choices := _choices(graph, colours):
        colours = _refined(graph, choices[0])
    return _description(graph, colours)


def _choices(graph: Plan, colours: Colours) -> list[Colours]:
    """Ways to go on where colours leave vertices alike: one of them set apart."""
    groups: dict[int, list[int]] = {}
    for vertex, colour in enumerate(colours):
        groups.setdefault(colour, []).append(vertex)
    tied = next((group for _, group in sorted(groups.items()) if len(group) > 1), [])
    if len({(graph.inputs[v], graph.readers[v]) for v in tied}) == 1:  # twins: any order of them is the same
        return [_apart(colours, tied)]
    return [_apart(colours, [vertex]) for vertex in tied]


def _apart(colours: Colours, vertices: list[int]) -> Colours:
    """The vertices before all others of their colour, each with a colour of its own."""
    step, result = len(vertices) + 1, [0] * len(colours)
    for vertex, colour in enumerate(colours):
        result[vertex] = (colour + 1) * step
    for index, vertex in enumerate(vertices):
        result[vertex] -= len(vertices) - index
    return tuple(result)


def _description(graph: Plan, colours: Colours) -> Description:
    order = sorted(range(len(colours)), key=colours.__getitem__)
    return tuple((graph.labels[vertex], *_inputs(graph, vertex, colours)) for vertex in order)
