"""The names that a genotype may use: operations, aggregations, kinds of network and their settings.

Plain tables without torch. ``ops/`` holds a builder for every name here; a contract test keeps the two equal.
"""

from dataclasses import dataclass
from typing import Literal

Group = Literal["operation", "aggregation"]


@dataclass(frozen=True, slots=True)
class OpInfo:
    """What a genotype has to know of an operation. ``arity`` is None where any number (from one) is allowed."""

    label: str
    group: Group = "operation"
    arity: int | None = 1
    commutative: bool = False


OPERATIONS: dict[str, OpInfo] = {
    # full and depthwise separable convolutions; sep* are depthwise + pointwise, twice; dw* once
    "conv1": OpInfo("conv 1x1"),
    "conv3": OpInfo("conv 3x3"),
    "conv3d3": OpInfo("conv 3x3, dilation 3"),
    "conv3d12": OpInfo("conv 3x3, dilation 12"),
    "sep3": OpInfo("separable 3x3"),
    "sep5": OpInfo("separable 5x5"),
    "sep3d3": OpInfo("separable 3x3, dilation 3"),
    "sep5d6": OpInfo("separable 5x5, dilation 6"),
    "dw3": OpInfo("separable 3x3, once"),
    "dw3d2": OpInfo("separable 3x3, once, dilation 2"),
    "dw3d4": OpInfo("separable 3x3, once, dilation 4"),
    "dw3d8": OpInfo("separable 3x3, once, dilation 8"),
    "dw3d12": OpInfo("separable 3x3, once, dilation 12"),
    "deform3": OpInfo("deformable 3x3"),
    # pooling and the rest
    "gap": OpInfo("global average pool"),
    "gap5": OpInfo("average pool to 5x5"),
    "maxpool3": OpInfo("conv 1x1, max-pool 3x3"),
    "pool3": OpInfo("max-pool 3x3"),
    "up2": OpInfo("interpolate x2"),
    "deconv2": OpInfo("deconvolution x2"),
    "skip": OpInfo("skip"),
    "none": OpInfo("none"),
    # aggregations
    "sum": OpInfo("sum", "aggregation", None, commutative=True),
    "wsum": OpInfo("weighted sum", "aggregation", 2, commutative=True),
    "concat": OpInfo("concatenation", "aggregation", 2, commutative=True),
    "predict": OpInfo("predicted filters", "aggregation", 2),
    "affine": OpInfo("affine sampling", "aggregation", 2),
    "conv3d": OpInfo("3D convolution", "aggregation", 2, commutative=True),
    "attention": OpInfo("dense attention", "aggregation", 2),
    "merge": OpInfo("project and sum", "aggregation", 2, commutative=True),
    "fuse": OpInfo("concatenate and reduce", "aggregation", None, commutative=True),
}

Setting = int | float | str
TAPS = ("layer1", "layer2", "layer3", "layer4")

# kind -> (inputs that its net may read, settings with their defaults)
KINDS: dict[str, tuple[tuple[str, ...], dict[str, Setting]]] = {
    "decoder": (TAPS, {"channels": 64, "encoder": "mobilenet-v2"}),
    "template": (TAPS[:2], {"multiplier": 2, "adapt": 0, "head": 64}),
    "lgc": (("stem",), {"width": 32, "fusion": "searched", "branch": 48}),
    "dynamic": (
        ("prev:layer4", "prev:dec", "layer2", "layer3", "layer4"),
        {"channels": 64, "step_scale": 1.0},
    ),
    "external": ((), {"source": "", "channels": 64}),
}

LGC_FUSIONS = ("searched", "aspp", "ppm", "none")

# What a dynamic cell may read of each static kind beside its ``dec``; None: whatever the network calls its taps.
STATIC_TAPS: dict[str, tuple[str, ...] | None] = {
    "decoder": TAPS,
    "template": TAPS[:2],
    "lgc": TAPS[:3],
    "external": None,
}

# Settings that are not simply whole numbers from 1: the values allowed, or the least one.
SETTING_CHOICES: dict[str, tuple[Setting, ...]] = {
    "encoder": ("mobilenet-v2",),
    "fusion": LGC_FUSIONS,
    "step_scale": (1.0, 0.5),
}
SETTING_MINIMUM: dict[str, int] = {"adapt": 0}

_PLAIN = frozenset(name for name, info in OPERATIONS.items() if info.group == "operation") - {"none", "up2", "deconv2"}
_JOINING = frozenset(name for name, info in OPERATIONS.items() if info.group == "aggregation") - {"merge", "fuse"}

# Which operations each part of each kind may use beside cells. Where `none` is, only aggregations of any number are.
PART_OPERATIONS: dict[str, frozenset[str]] = {
    "decoder net": frozenset({"merge"}),
    "decoder cell": _PLAIN | {"sum", "none"},
    "template net": frozenset(),
    "template cell": _PLAIN | _JOINING,
    "lgc net": frozenset(),
    "lgc cell": _PLAIN | {"sum", "none"},
    "lgc fusion": _PLAIN | {"sum", "fuse", "up2", "deconv2", "none"},
    "dynamic net": _PLAIN | _JOINING,
    "external net": frozenset(),
}

# Cells that keep their name because the kind knows them by it.
ROLES: dict[str, str] = {"decoder": "context", "lgc": "fusion"}
