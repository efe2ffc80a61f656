"""What a search may choose: a fixed list of categorical decisions, and the genotype that a set of choices makes."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar, TypeAlias

from segsmith.errors import UserError
from segsmith.genotype import Genotype, fingerprint
from segsmith.genotype.vocabulary import OPERATIONS, PART_OPERATIONS, Group

Option: TypeAlias = str | int | float
Picks: TypeAlias = Mapping[str, Option]
Choices: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One choice among options. Decisions of one ``kind`` have the same options and share a controller's head."""

    name: str
    kind: str
    options: tuple[Option, ...]


class Space(ABC):
    """A search space. ``choices`` are indices of options, one for each decision; every combination is a network.

    A new space says its decisions, makes a genotype of the picked options, and reads them back off a genotype.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def decisions(self) -> tuple[Decision, ...]: ...

    @abstractmethod
    def build(self, picks: Picks) -> Genotype:
        """The genotype of one picked option for each decision. Never fails."""

    @abstractmethod
    def read(self, genotype: Genotype) -> dict[str, Option]:
        """Options that ``build`` would make this genotype of; decisions left out make no difference to it."""

    @property
    def size(self) -> int:
        """Combinations of choices; several of them may be one network."""
        return math.prod(len(decision.options) for decision in self.decisions)

    def random(self, rng: Random) -> Choices:
        return tuple(rng.randrange(len(decision.options)) for decision in self.decisions)

    def picks(self, choices: Sequence[int]) -> dict[str, Option]:
        if len(choices) != len(self.decisions):
            raise ValueError(f"{len(choices)} choices for the {len(self.decisions)} decisions of {self.name}")
        return {decision.name: decision.options[i] for decision, i in zip(self.decisions, choices, strict=True)}

    def decode(self, choices: Sequence[int]) -> Genotype:
        return self.build(self.picks(choices))

    def encode(self, genotype: Genotype) -> Choices:
        """Choices that decode to the network of ``genotype``; a user's error where the space does not hold it."""
        picks = self.read(genotype)
        choices = tuple(_index(self.name, d, picks.get(d.name, d.options[0])) for d in self.decisions)
        if fingerprint(self.decode(choices)) != fingerprint(genotype):
            raise UserError(
                f"this network is not in the {self.name} space", fix="give the space the network's settings"
            )
        return choices


def offered(part: str, group: Group) -> tuple[str, ...]:
    """What a sub-space may name: all that this part of a genotype may use, beyond what the papers searched over."""
    infos = ((name, info) for name, info in OPERATIONS.items() if name in PART_OPERATIONS[part])
    return tuple(name for name, info in infos if info.group == group)


def check_names(what: str, names: Sequence[str], allowed: Sequence[str]) -> None:
    """A sub-space names the operations (or the like) that it keeps."""
    if not names:
        raise UserError(f"a space without {what}", fix=f"name some of {', '.join(allowed)}")
    for name in names:
        if name not in allowed:
            raise UserError(f"{what}: {name!r} is not in this space", fix=f"it has {', '.join(allowed)}")
    if len(set(names)) != len(names):
        raise UserError(f"{what}: a name occurs twice in {', '.join(names)}", fix="name each once")


def check_at_least(what: str, value: int, least: int) -> None:
    if value < least:
        raise UserError(f"{what} {value} is too small", fix=f"at least {least}")


def _index(space: str, decision: Decision, option: Option) -> int:
    if option not in decision.options:
        options = ", ".join(map(str, decision.options))
        raise UserError(f"the {space} space has no {decision.name} = {option}", fix=f"it offers {options}")
    return decision.options.index(option)
