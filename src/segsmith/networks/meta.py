"""What a trained network has to tell beside its weights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from segsmith.genotype.core import Genotype
from segsmith.genotype.jsonform import from_json, to_json

Colour: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Meta:
    """What a network was made of, for and how. ``mean`` and ``std`` normalise frames between 0 and 1."""

    genotype: Genotype
    classes: tuple[str, ...]
    palette: tuple[Colour, ...]
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    size: tuple[int, int] = (0, 0)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_channels(self) -> int:
        return len(self.mean)

    def record(self) -> dict[str, Any]:
        """As plain data."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return values | {"genotype": to_json(self.genotype)}

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "Meta":
        return cls(
            genotype=from_json(record["genotype"]),
            classes=tuple(map(str, record["classes"])),
            palette=tuple((int(r), int(g), int(b)) for r, g, b in record["palette"]),
            mean=_floats(record["mean"]),
            std=_floats(record["std"]),
            size=(int(record["size"][0]), int(record["size"][1])),
            recipe=dict(record["recipe"]),
            versions=dict(record["versions"]),
            made=dict(record["made"]),
        )


def _floats(values: Iterable[Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
