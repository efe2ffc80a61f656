"""What an exported file tells about itself: words by name, in whatever place the format has for them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segsmith.errors import UserError
from segsmith.networks.meta import Meta

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Card:
    """``size`` is that of the frames, or None where any will do; ``parity`` says how the file was proved."""

    meta: Meta
    part: str
    size: tuple[int, int] | None = None
    precision: str = "fp32"
    deform: str = "grid"
    versions: Mapping[str, str] = field(default_factory=dict)
    parity: Mapping[str, Any] = field(default_factory=dict)

    def words(self) -> dict[str, str]:
        """All of it as texts; JSON but for single words."""
        record = self.meta.record()
        normalisation = {name: record.pop(name) for name in ("mean", "std")}
        described = {
            "working_size": record.pop("size"),
            "genotype": json.loads(record.pop("genotype")),
            "normalisation": normalisation,
            "trained_with": record.pop("versions"),
            **record,
            "versions": self.versions,
            "parity": self.parity,
        }
        return {
            "segsmith": str(FORMAT),
            "part": self.part,
            "precision": self.precision,
            "deform": self.deform,
            "frame_size": "dynamic" if self.size is None else f"{self.size[0]}x{self.size[1]}",
        } | {name: json.dumps(value) for name, value in described.items()}

    @classmethod
    def read(cls, words: Mapping[str, str], path: Path) -> "Card":
        if not words.get("segsmith", "").isdecimal():
            raise UserError("is no export of segsmith: it has no description", fix="segsmith export RUN", path=path)
        if int(words["segsmith"]) > FORMAT:
            raise UserError("was exported by a newer segsmith", fix="upgrade segsmith", path=path)
        try:
            record = {name: json.loads(words[name]) for name in ("classes", "palette", "recipe", "made")}
            meta = Meta.read(
                record
                | json.loads(words["normalisation"])
                | {"genotype": words["genotype"], "versions": json.loads(words["trained_with"])}
                | {"size": json.loads(words["working_size"])}
            )
            height, cross, width = words["frame_size"].partition("x")
            return cls(
                meta,
                words["part"],
                (int(height), int(width)) if cross else None,
                words["precision"],
                words["deform"],
                json.loads(words["versions"]),
                json.loads(words["parity"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"its description is not whole: {error!r}", fix="export it again", path=path) from None
