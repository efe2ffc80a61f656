"""What networks cost where they are to run: of a choice while it is searched, and of a whole network."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch

from segsmith.genotype import Genotype
from segsmith.latency.check import timed_here
from segsmith.latency.table import Table
from segsmith.networks.build import build
from segsmith.ops.blocks import Size
from segsmith.ops.memory import channels_last
from segsmith.runtimes.fold import fold
from segsmith.runtimes.timing import measure
from segsmith.search.architecture import blocks_of
from segsmith.search.costs import CostModel
from segsmith.search.dynamic_costs import DynamicCostModel
from segsmith.search.lgc_costs import LgcCostModel
from segsmith.spaces import DynamicSpace, LgcSpace, Space
from segsmith.study.gradient.costs import FLOPS, Predict, flops_costs, predicted_costs
from segsmith.study.gradient.costs_dynamic import dynamic_flops, predicted_dynamic
from segsmith.study.meter import FlopsMeter

SECONDS = 3.0
"""The most that timing a network takes."""


class Price(Protocol):
    """``measured`` is None where the network cannot be run here."""

    @property
    def unit(self) -> str: ...

    @property
    def words(self) -> str:
        """What the unit is of."""
        ...

    def model(self, space: Space) -> CostModel:
        """Of the choices of a space."""
        ...

    def whole(self, genotype: Genotype) -> float: ...

    def measured(self, genotype: Genotype) -> float | None:
        """Milliseconds."""
        ...


@dataclass(frozen=True)
class FlopsPrice:
    """FLOPs stand in for the latency; a network is timed as torch runs it here."""

    size: Size
    classes: int
    key_every: int
    unit: str = FLOPS
    words: str = "MFLOPs a frame"

    def model(self, space: Space) -> CostModel:
        if isinstance(space, LgcSpace):
            return LgcCostModel(blocks_of(space), flops_costs(space, self.size, self.classes))
        assert isinstance(space, DynamicSpace)
        return DynamicCostModel(space, dynamic_flops(space, self.size, self.classes, self.key_every))

    def whole(self, genotype: Genotype) -> float:
        return FlopsMeter(self.size, self.classes, self.key_every)(genotype).flops / 1e6

    def measured(self, genotype: Genotype) -> float:
        return timed(genotype, self.size, self.classes, self.key_every)


@dataclass(frozen=True)
class PredictedPrice:
    """Milliseconds on a target: ``predict`` is asked for networks that differ in single choices."""

    predict: Predict
    measure: Callable[[Genotype], float | None]
    unit: str = "ms"
    words: str = "ms a frame"

    def model(self, space: Space) -> CostModel:
        if isinstance(space, LgcSpace):
            return LgcCostModel(blocks_of(space), predicted_costs(space, self.predict))
        assert isinstance(space, DynamicSpace)
        return DynamicCostModel(space, predicted_dynamic(space, self.predict))

    def whole(self, genotype: Genotype) -> float:
        return self.predict(genotype)

    def measured(self, genotype: Genotype) -> float | None:
        return self.measure(genotype)


def price_of_table(path: str) -> PredictedPrice:
    """Of a table of latencies, and measured where the table was."""
    table = Table.load(path)
    target = table.target

    def predict(genotype: Genotype) -> float:
        return table.predict(genotype).mix(target.key_every)

    return PredictedPrice(predict, partial(timed_here, table), words=f"ms a frame on {target.words()}")


@torch.inference_mode()
def timed(genotype: Genotype, size: Size, classes: int, key_every: int) -> float:
    """Milliseconds a frame, batch norms folded; with a key frame every ``key_every`` where the network has steps."""
    network = channels_last(fold(build(genotype, classes)))
    frame = torch.randn(1, network.in_channels, *size).contiguous(memory_format=torch.channels_last)
    _, state = network.key(frame)
    calls = {"key": partial(network.key, frame)}
    if genotype.static is not None:
        calls["step"] = partial(network.step, frame, state)
    found = {name: timing.median_ms for name, timing in measure(calls, seconds=SECONDS).items()}
    return (found["key"] + (key_every - 1) * found["step"]) / key_every if "step" in found else found["key"]
