"""What repeated measurements of one thing say."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Samples:
    """Milliseconds, each the median of a few runs. ``again`` marks what was out of line and measured once more."""

    values: tuple[float, ...]
    again: bool = False

    @property
    def ms(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half of the samples lie within so much."""
        if len(self.values) < 2:
            return float("inf")
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return high - low

    def record(self) -> dict[str, Any]:
        spread = {"spread": round(self.spread, 5)} if len(self.values) > 1 else {}
        again = {"again": True} if self.again else {}
        return {"ms": round(self.ms, 5), **spread, **again, "samples": [round(value, 5) for value in self.values]}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Samples":
        """Median and spread stand there for people."""
        odd = set(record) - {"ms", "spread", "again", "samples"}
        values = tuple(float(value) for value in record["samples"])
        if odd or not values or not all(0 < value < float("inf") for value in values):
            raise ValueError(f"no samples: {dict(record)}")
        return cls(values, bool(record.get("again", False)))
