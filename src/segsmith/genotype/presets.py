"""Networks by name: the published ones, and dynamic cells written by hand for the video network."""

from collections.abc import Callable

from segsmith.errors import UserError
from segsmith.genotype.core import Genotype, Graph, Node
from segsmith.genotype.faults import nearest
from segsmith.genotype.numbers import (
    DecoderNumbers,
    TemplateNumbers,
    decoder_from_numbers,
    joined,
    template_from_numbers,
)

ARCH0: DecoderNumbers = [[8, [0, 0, 5, 2], [0, 2, 8, 8], [0, 5, 1, 4]], [[3, 3], [3, 2], [3, 0]]]
ARCH1: DecoderNumbers = [[2, [1, 0, 3, 6], [0, 1, 2, 8], [2, 0, 6, 1]], [[2, 3], [3, 1], [4, 4]]]
ARCH2: DecoderNumbers = [[5, [0, 0, 4, 1], [3, 2, 0, 1], [5, 6, 5, 0]], [[1, 3], [4, 3], [2, 2]]]

TEMPLATE_ARCH0: TemplateNumbers = [
    [[3, 0, 1], [4, 1, 1], [3, 1, 1]],
    [
        *([0, 1, 0, 0, 1], [2, 1, 2, 1, 0], [3, 1, 1, 1, 0], [1, 1, 2, 0, 0]),
        *([3, 0, 2, 0, 0], [5, 3, 2, 1, 0], [0, 5, 0, 1, 0]),
    ],
]
TEMPLATE_ARCH1: TemplateNumbers = [
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
        *joined("n2", "concat", ("sep3", "layer2"), ("gap", "layer3")),
        *joined("n3", "concat", ("skip", "n1"), ("skip", "n2")),
    )


STANDARD_STATIC = "arch2"
STATIC_PRESETS = ("arch0", "arch1", "arch2", "template-arch0", "template-arch1")

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


def preset(name: str) -> Genotype:
    """The preset of that name; a UserError names the nearest one."""
    if name not in PRESETS:
        raise UserError(f"no preset {name!r}", fix=nearest(name, PRESETS))
    return PRESETS[name]()


def preset_name(genotype: Genotype) -> str:
    """What a genotype is called if it is exactly a preset, otherwise nothing."""
    return next((name for name in PRESETS if PRESETS[name]() == genotype), "")
