"""What pieces cost on one target, and what networks made of them will."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from segsmith.errors import UserError
from segsmith.genotype import Genotype, from_json, to_json
from segsmith.latency.fault import strict
from segsmith.latency.files import read_record, write_json
from segsmith.latency.model import PLAIN, Model
from segsmith.latency.piece import Piece
from segsmith.latency.pieces import Frames, pieces_of
from segsmith.latency.sample import Samples
from segsmith.latency.subject import Subject
from segsmith.latency.surround import net_ms
from segsmith.latency.target import Target

VERSION = 1


@dataclass(frozen=True, slots=True)
class Prediction:
    """Milliseconds. An image network has no step: every frame is a key frame."""

    key_ms: float
    step_ms: float | None = None

    def mix(self, key_every: int) -> float:
        """The mean over frames, one in ``key_every`` a key frame."""
        if self.step_ms is None:
            return self.key_ms
        return (self.key_ms + (key_every - 1) * self.step_ms) / key_every


@dataclass(frozen=True, slots=True)
class Network:
    """A whole network that was measured: the model is fitted to some, and checked on others."""

    genotype: Genotype
    use: str
    key: Samples | None = None
    step: Samples | None = None


@dataclass
class Table:
    """``pieces`` holds what was measured, surroundings included; ``model`` makes of it what a piece adds to a
    network. ``statics`` are the networks below dynamic cells, by fingerprint; ``checked`` is what the last check
    found."""

    target: Target
    subject: Subject
    pieces: dict[Piece, Samples] = field(default_factory=dict)
    model: Model = PLAIN
    networks: list[Network] = field(default_factory=list)
    checked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def frames(self) -> Frames:
        return Frames(self.target.size, self.subject.classes)

    def piece_ms(self, piece: Piece) -> float:
        """What a piece adds to a network."""
        return self.model.ms(piece, self.net_ms(piece))

    def net_ms(self, piece: Piece) -> float:
        """As measured, less what surrounded it."""
        try:
            return net_ms(piece, self.pieces)
        except KeyError as missing:
            raise UserError(
                f"the table has no {missing.args[0]}",
                fix="segsmith latency measure NETWORK --missing -o TABLE adds what a network needs",
            ) from None

    def predict(self, genotype: Genotype) -> Prediction:
        work = pieces_of(genotype, self.frames)
        key = self.cost(work.key)
        return Prediction(key, self.cost(work.step) if work.step else None)

    def cost(self, pieces: Sequence[Piece]) -> float:
        return sum(map(self.piece_ms, pieces))

    def check_target(self, target: Target) -> None:
        """Refuse to speak for another target."""
        differences = self.target.differences(target)
        if differences:
            raise UserError(
                f"the table is for another target: {'; '.join(differences)}",
                fix=f"segsmith latency measure {self.subject.words()} --target TARGET -o TABLE",
            )

    def save(self, path: str | Path) -> None:
        write_json(Path(path), {"segsmith_table": VERSION, **self.record()})

    def record(self) -> dict[str, Any]:
        return {
            "target": self.target.record(),
            "subject": self.subject.record(),
            "check": dict(self.checked),
            "model": self.model.record(),
            "networks": [network_record(network) for network in self.networks],
            "pieces": {str(piece): self.pieces[piece].record() for piece in sorted(self.pieces)},
        }

    @classmethod
    def load(cls, path: str | Path) -> Self:
        record = read_record(Path(path), "table", VERSION)
        with strict("table", path):
            return cls(
                Target.of_record(record.pop("target"), path),
                Subject.of_record(record.pop("subject")),
                {Piece.parse(text): Samples.of_record(value) for text, value in record.pop("pieces").items()},
                Model.of_record(record.pop("model")),
                [network_of(value) for value in record.pop("networks")],
                dict(record.pop("check")),
                **record,
            )


def network_record(network: Network) -> dict[str, Any]:
    found = {"key": network.key, "step": network.step}
    measured = {part: samples.record() for part, samples in found.items() if samples is not None}
    return {"use": network.use, "genotype": to_json(network.genotype), **measured}


def network_of(record: Mapping[str, Any]) -> Network:
    parts = {part: Samples.of_record(record[part]) for part in ("key", "step") if part in record}
    return Network(from_json(record["genotype"]), record["use"], **parts)
