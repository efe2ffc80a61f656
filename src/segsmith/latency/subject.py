"""What a table is about: a space, or single networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segsmith.errors import UserError
from segsmith.genotype import Genotype, fingerprint, from_json, to_json
from segsmith.spaces import Space
from segsmith.spaces.make import make_space


@dataclass(frozen=True)
class Subject:
    """``space`` with its options as written, or empty; ``static`` is what its dynamic cells stand on. ``statics`` are
    all networks that pieces name by fingerprint."""

    space: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    classes: int = 11
    static: Genotype | None = None
    statics: tuple[Genotype, ...] = ()

    def open(self) -> Space:
        if not self.space:
            raise UserError("the table is of single networks, not of a space", fix="segsmith latency measure SPACE")
        return make_space(self.space, self.options, self.static)

    def named(self, name: str) -> Genotype:
        """The static network of a fingerprint."""
        for genotype in (*([self.static] if self.static else []), *self.statics):
            if fingerprint(genotype) == name:
                return genotype
        raise UserError(f"the table has lost the network {name}", fix="measure it anew")

    def words(self) -> str:
        """As on the command line."""
        options = [f"{key}={value}" for key, value in self.options.items()]
        static = ["--static STATIC"] if self.static is not None else []
        return " ".join([self.space or "NETWORK", *options, *static, f"--classes {self.classes}"])

    def record(self) -> dict[str, Any]:
        return {
            "space": self.space,
            "options": dict(self.options),
            "classes": self.classes,
            "static": None if self.static is None else to_json(self.static),
            "statics": [to_json(genotype) for genotype in self.statics],
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Subject":
        if set(record) != {"space", "options", "classes", "static", "statics"}:
            raise ValueError("no subject")
        static = record["static"]
        return cls(
            str(record["space"]),
            {str(key): str(value) for key, value in record["options"].items()},
            int(record["classes"]),
            None if static is None else from_json(static),
            tuple(from_json(text) for text in record["statics"]),
        )
