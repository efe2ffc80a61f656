"""Reading order of a graph: every node behind what it reads."""

from collections import Counter
from heapq import heapify, heappop, heappush

from segsmith.genotype.core import Graph, Node


def ordered(graph: Graph) -> tuple[Node, ...]:
    """The nodes so that each comes behind its inputs, otherwise as they stand. Nodes of a cycle are left out."""
    place = {node.name: index for index, node in enumerate(graph.nodes)}
    readers: dict[str, list[int]] = {name: [] for name in place}
    missing = Counter[int]()
    for index, node in enumerate(graph.nodes):
        for name in set(node.inputs):
            if name in place:
                readers[name].append(index)
                missing[index] += 1
    ready = [index for index in place.values() if not missing[index]]
    heapify(ready)
    result = []
    while ready:
        node = graph.nodes[heappop(ready)]
        result.append(node)
        for index in readers[node.name]:
            missing[index] -= 1
            if not missing[index]:
                heappush(ready, index)
    return tuple(result)


def unread(names: tuple[str, ...] | list[str], nodes: tuple[Node, ...] | list[Node]) -> tuple[str, ...]:
    """Those of ``names`` that no node reads, in their order."""
    read = {name for node in nodes for name in node.inputs}
    return tuple(name for name in names if name not in read)
