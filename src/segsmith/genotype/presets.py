"""Networks by name: the published ones, and dynamic cells written by hand for the video network."""

from collections.abc import Callable

from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.numbers import decoder_from_numbers, joined, template_from_numbers

ARCH0 = [[8, [0, 0, 5, 2], [0, 2, 8, 8], [0, 5, 1, 4]], [[3, 3], [3, 2], [3, 0]]]
ARCH1 = [[2, [1, 0, 3, 6], [0, 1, 2, 8], [2, 0, 6, 1]], [[2, 3], [3, 1], [4, 4]]]
ARCH2 = [[5, [0, 0, 4, 1], [3, 2, 0, 1], [5, 6, 5, 0]], [[1, 3], [4, 3], [2, 2]]]

TEMPLATE_ARCH0 = [
    [[3, 0, 1], [4, 1, 1], [3, 1, 1]],
    [
        *([0, 1, 0, 0, 1], [2, 1, 2, 1, 0], [3, 1, 1, 1, 0], [1, 1, 2, 0, 0]),
        *([3, 0, 2, 0, 0], [5, 3, 2, 1, 0], [0, 5, 0, 1, 0]),
    ],
]
TEMPLATE_ARCH1 = [
    [[1, 1, 0], [1, 3, 0], [3, 4, 0]],
    [
        *([1, 1, 0, 0, 0], [0, 1, 1, 1, 1], [3, 1, 2, 3, 0], [3, 0, 2, 2, 0]),
        *([0, 1, 2, 0, 0], [2, 1, 1, 3, 0], [4, 0, 2, 2, 0]),
    ],
]


def _dynamic(*nodes: Node) -> Genotype:
    names = {node.name for node in nodes}
    inputs = tuple(dict.fromkeys(name for node in nodes for name in node.inputs if name not in names))
    return Genotype("dynamic", Graph(inputs, nodes, (nodes[-1].name,)), static=decoder_from_numbers(ARCH2))


def _copy() -> Genotype:
    return _dynamic(Node("n0", "skip", ("prev:dec",)))


def _light() -> Genotype:
    return _dynamic(
        *joined("n0", "concat", ("skip", "prev:dec"), ("skip", "layer2")),
        *joined("n1", "wsum", ("sep5d6", "n0"), ("skip", "prev:dec")),
    )


def _typical() -> Genotype:
    return _dynamic(
        *joined("n0", "concat", ("deform3", "prev:dec"), ("skip", "layer2")),
        *joined("n1", "concat", ("sep5d6", "n0"), ("deform3", "layer3")),
        *joined("n2", "concat", ("sep3", "layer2"), ("conv1", "layer3")),
        *joined("n3", "concat", ("skip", "n1"), ("conv1", "n2")),
    )


PRESETS: dict[str, Callable[[], Genotype]] = {
    "arch0": lambda: decoder_from_numbers(ARCH0),
    "arch1": lambda: decoder_from_numbers(ARCH1),
    "arch2": lambda: decoder_from_numbers(ARCH2),
    "template-arch0": lambda: template_from_numbers(TEMPLATE_ARCH0),
    "template-arch1": lambda: template_from_numbers(TEMPLATE_ARCH1),
    "copy": _copy,
    "light": _light,
    "typical": _typical,
}
