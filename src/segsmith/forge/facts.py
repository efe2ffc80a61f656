"""What the first look at data, target and machine found: all that the other stages have to know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segsmith.data.cache import Size
from segsmith.forge.budget import Speeds, within_reason
from segsmith.forge.material import material_of
from segsmith.forge.narrow import narrowed
from segsmith.forge.options import DYNAMIC, ForgeOptions
from segsmith.forge.reachable import Price, reached, space_of, statics_for
from segsmith.forge.speed import speeds_of
from segsmith.forge.watch import Watch
from segsmith.genotype import preset
from segsmith.latency.table import Table
from segsmith.latency.target import Target, is_here
from segsmith.study.clock import Clock
from segsmith.training.run import device_of

WORTH = 0.05
"""The share of the budget that the controls may take, which are run beside the network when it is judged."""


@dataclass(frozen=True)
class Facts:
    """``split`` is what the network is judged on in the end, ``controls`` whether there is time for what it has to
    beat; ``resized`` whether frames are worked on at another size than their own. ``pace``: how much longer everything
    took than the ``speeds`` say, which are those of a machine that does nothing else. ``rows`` of a cell and ``flops``
    of a candidate narrow the space."""

    space: str
    static: str
    target: Target
    classes: int
    resized: bool
    limit_ms: float
    held_ms: float
    static_ms: float
    lean_ms: float
    split: str
    controls: bool
    speeds: Speeds
    pace: float = 1.0
    rows: int = 0
    flops: float = 0.0

    @property
    def work_size(self) -> Size | None:
        return self.target.size if self.resized else None

    def record(self) -> dict[str, Any]:
        return dict(vars(self)) | {"target": self.target.record(), "speeds": self.speeds.record()}

    @classmethod
    def of_record(cls, record: Mapping[str, Any], path: Path) -> "Facts":
        target = Target.of_record(record["target"], path)
        return cls(**{**record, "target": target, "speeds": Speeds(**record["speeds"])})


def look(options: ForgeOptions, say: Callable[[str], None]) -> Facts:
    """The first stage."""
    device = device_of(options.device)
    say("looking at the data")
    watch = Watch()
    material = material_of(options)
    classes = len(material.dataset.classes)
    table = Table.load(options.table) if options.table else None
    price = price_of(material.target, classes, table)
    say(f"timing on {material.target.words()}")
    statics = statics_for(options.budget, options.static, material.space, table)
    found = reached(material.space, options.latency, statics, price, material.target.words(), options.budget)
    say("timing what a candidate takes")
    target = material.target
    narrow = narrowed(material.space, found, target.size, classes, target.key_every)
    space = space_of(material.space, found.static, options.budget, narrow.rows)
    speeds = speeds_of(material, preset(found.static), space, found.timed_s, device)
    return Facts(
        space=material.space,
        static=found.static,
        target=material.target,
        classes=classes,
        resized=material.resized,
        limit_ms=found.limit_ms,
        held_ms=found.held_ms,
        static_ms=found.static_ms,
        lean_ms=found.lean_ms,
        split=material.split,
        controls=material.space == DYNAMIC and speeds.controls_s <= WORTH * options.budget,
        speeds=speeds,
        pace=within_reason(watch.pace),
        rows=narrow.rows,
        flops=narrow.flops,
    )


def price_of(target: Target, classes: int, table: Table | None) -> Price:
    """By the clock where this machine is the target, else by the table."""
    if table is None or is_here(target):
        return Clock(target, classes)
    return lambda genotype: table.predict(genotype).mix(target.key_every)
