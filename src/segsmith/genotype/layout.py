"""Places the boxes of a small acyclic graph in layers from top to bottom, with few crossings and straight lines.

Longest-path layers; edges that pass layers get a bend in each, shared by all edges of one source; order by
barycentres; then each box as near to its neighbours as the order and the gaps allow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
Key = tuple[str, int]  # a box (name, -1) or the bend of its edges in a layer (name, layer)
Rows = list[list[Key]]
Neighbours = Mapping[Key, list[Key]]

BEND = 10.0
GAP = 18.0
SWEEPS = 12
STRAIGHT = 4.0  # how much more a bend keeps its place than a box


@dataclass(frozen=True)
class Placed:
    """The middle of every box, its layer, and for every edge the bends on its way, in the order of the edges."""

    x: dict[str, float]
    layer: dict[str, int]
    bends: list[list[tuple[float, int]]]
    width: float


def place(widths: Mapping[str, float], edges: Sequence[Edge]) -> Placed:
    """Boxes are given sources first; the first layer keeps their order."""
    layer = _layers(list(widths), edges)
    chains = [_chain(edge, layer) for edge in edges]
    links = sorted({link for chain in chains for link in pairwise(chain)})
    rows = _rows(list(widths), layer, chains)
    sizes = {key: BEND if key[1] >= 0 else widths[key[0]] for row in rows for key in row}
    up, down = _neighbours(links)
    rows = _fewest_crossings(rows, up, down)
    x = _straightened(rows, sizes, up, down)
    left = min(x[key] - sizes[key] / 2 for key in x)
    width = max(x[key] + sizes[key] / 2 for key in x) - left
    middle = {key: value - left for key, value in x.items()}
    bends = [[(middle[key], key[1]) for key in chain[1:-1]] for chain in chains]
    return Placed({name: middle[name, -1] for name in widths}, layer, bends, width)


def _layers(names: list[str], edges: Sequence[Edge]) -> dict[str, int]:
    """As high as possible; then, from below, a box whose sources are no more than its readers sinks to them."""
    sources: dict[str, set[str]] = {name: set() for name in names}
    readers: dict[str, set[str]] = {name: set() for name in names}
    for source, target in edges:
        sources[target].add(source)
        readers[source].add(target)
    layer: dict[str, int] = {}
    for name in names:
        layer[name] = max((layer[source] + 1 for source in sources[name]), default=0)
    for name in reversed(names):
        if 0 < len(sources[name]) <= len(readers[name]):
            layer[name] = min(layer[reader] for reader in readers[name]) - 1
    return layer


def _chain(edge: Edge, layer: Mapping[str, int]) -> list[Key]:
    source, target = edge
    return [(source, -1), *((source, i) for i in range(layer[source] + 1, layer[target])), (target, -1)]


def _rows(names: list[str], layer: Mapping[str, int], chains: Iterable[list[Key]]) -> list[list[Key]]:
    rows: list[dict[Key, None]] = [{} for _ in range(max(layer.values()) + 1)]
    for name in names:
        rows[layer[name]][name, -1] = None
    for chain in chains:
        for key in chain[1:-1]:
            rows[key[1]][key] = None
    return [list(row) for row in rows]


def _neighbours(links: Iterable[tuple[Key, Key]]) -> tuple[dict[Key, list[Key]], dict[Key, list[Key]]]:
    up: dict[Key, list[Key]] = {}
    down: dict[Key, list[Key]] = {}
    for upper, lower in links:
        up.setdefault(lower, []).append(upper)
        down.setdefault(upper, []).append(lower)
    return up, down


def _fewest_crossings(rows: Rows, up: Neighbours, down: Neighbours) -> Rows:
    best, fewest = rows, _crossings(rows, down)
    for sweep in range(SWEEPS):
        rows = _sorted_rows(rows, down if sweep % 2 else up, upwards=bool(sweep % 2))
        rows = _swapped(rows, up, down)
        crossings = _crossings(rows, down)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _sorted_rows(rows: Rows, neighbours: Neighbours, upwards: bool) -> Rows:
    """Every row by the mean place of its neighbours in the row before it; what has none stays where it is."""
    result, place = list(rows), dict[Key, float]()
    for index in reversed(range(len(rows))) if upwards else range(len(rows)):
        own = {key: i / max(1, len(rows[index]) - 1) for i, key in enumerate(rows[index])}
        row = sorted(rows[index], key=lambda key: _mean([place[n] for n in neighbours.get(key, [])], own[key]))
        place.update({key: i / max(1, len(row) - 1) for i, key in enumerate(row)})
        result[index] = row
    return result


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _swapped(rows: Rows, up: Neighbours, down: Neighbours) -> Rows:
    """Neighbours in a row change places as long as that undoes a crossing."""
    rows = [list(row) for row in rows]
    better = True
    while better:
        better = False
        place = {key: i for row in rows for i, key in enumerate(row)}
        for row in rows:
            for i in range(len(row) - 1):
                left, right = row[i], row[i + 1]
                if sum(_cost(left, right, side, place) - _cost(right, left, side, place) for side in (up, down)) > 0:
                    row[i], row[i + 1] = right, left
                    place[left], place[right] = i + 1, i
                    better = True
    return rows


def _cost(left: Key, right: Key, side: Neighbours, place: Mapping[Key, int]) -> int:
    """Crossings between the edges of two boxes to one side, the first standing left of the second."""
    return sum(place[a] > place[b] for a in side.get(left, []) for b in side.get(right, []))


def _crossings(rows: Rows, down: Neighbours) -> int:
    place = {key: i for row in rows for i, key in enumerate(row)}
    return sum(
        _cost(row[i], row[j], down, place) for row in rows for i in range(len(row)) for j in range(i + 1, len(row))
    )


def _straightened(rows: Rows, sizes: Mapping[Key, float], up: Neighbours, down: Neighbours) -> dict[Key, float]:
    x: dict[Key, float] = {}
    for row in rows:
        x |= _apart(row, sizes, dict.fromkeys(row, 0.0))
    for sweep in range(2 * SWEEPS + 1):  # the last one goes down
        sides: tuple[Neighbours, ...] = ((up,), (down,), (up, down))[2 if sweep >= SWEEPS else sweep % 2]
        for row in reversed(rows) if sweep % 2 else rows:
            near = {key: [x[n] for side in sides for n in side.get(key, [])] for key in row}
            x |= _apart(row, sizes, {key: _mean(near[key], x[key]) for key in row})
    return x


def _apart(row: list[Key], sizes: Mapping[Key, float], wanted: Mapping[Key, float]) -> dict[Key, float]:
    """As near as can be, by squares, to where each wants to be, with gaps between (pooling of violators)."""
    offsets, offset = list[float](), 0.0
    for index, key in enumerate(row):
        offset += (sizes[row[index - 1]] + sizes[key]) / 2 + GAP if index else 0.0
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []  # weighted sum, weight, members
    for key, shift in zip(row, offsets, strict=True):
        weight = STRAIGHT if key[1] >= 0 else 1.0
        total, count = weight * (wanted[key] - shift), 1
        while pools and pools[-1][0] / pools[-1][1] >= total / weight:
            more, heavier, members = pools.pop()
            total, weight, count = total + more, weight + heavier, count + members
        pools.append((total, weight, count))
    levels = [total / weight for total, weight, count in pools for _ in range(count)]
    return {key: level + shift for key, level, shift in zip(row, levels, offsets, strict=True)}
