"""The searched choices as numbers that a gradient can move: logits, and what is drawn of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from segsmith.search.graph_guided import Guide
from segsmith.search.gumbel import entropy, gumbel_noise, relaxed, straight_through
from segsmith.spaces import LgcSpace, Option, Space

Shares: TypeAlias = Mapping[str, Tensor]
"""By block, how much of every option is taken: a row for each decision, which sums to one."""

NEAR_ZERO = 1e-3
"""The spread of logits at the start."""


@dataclass(frozen=True, slots=True)
class Block:
    """Decisions with the same options, whose logits make one matrix."""

    name: str
    decisions: tuple[str, ...]
    options: tuple[Option, ...]

    def column(self, option: Option) -> int:
        return self.options.index(option)


def blocks_of(space: Space) -> tuple[Block, ...]:
    """A cell's edges make a block, or two where they differ in options; elsewhere the decisions of one kind do."""
    if isinstance(space, LgcSpace):
        names = [f"{edge.cell}-{edge.kind}" for edge in space.edges]
    else:
        names = [decision.kind for decision in space.decisions]
    rows: dict[str, list[str]] = {}
    options: dict[str, tuple[Option, ...]] = {}
    for name, decision in zip(names, space.decisions, strict=True):
        rows.setdefault(name, []).append(decision.name)
        options[name] = decision.options
    return tuple(Block(name, tuple(decisions), options[name]) for name, decisions in rows.items())


class Architecture(nn.Module):
    """The logits of every decision. ``guided`` names the blocks that tell each other of their choices, in order."""

    def __init__(self, blocks: Sequence[Block], seed: int, guide: Guide | None = None, guided: Sequence[str] = ()):
        super().__init__()
        self.blocks = tuple(blocks)
        chance = torch.Generator().manual_seed(seed)
        self.own = nn.ParameterDict(
            {b.name: NEAR_ZERO * torch.randn(len(b.decisions), len(b.options), generator=chance) for b in blocks}
        )
        self.guide, self.guided = guide, tuple(guided)

    def logits(self) -> dict[str, Tensor]:
        """As they are drawn from: updated by the guide."""
        found = {block.name: self.own[block.name] for block in self.blocks}
        if self.guide is None:
            return found
        told = self.guide([found[name] for name in self.guided])
        return found | dict(zip(self.guided, told, strict=True))

    def draw(self, seed: int, step: int, temperature: float, one_path: bool) -> dict[str, Tensor]:
        """What step n of a search takes."""
        logits = self.logits()
        sizes = [logits[block.name].numel() for block in self.blocks]
        parts = torch.split(gumbel_noise(seed, step, sum(sizes)), sizes)
        noise = {block.name: part for block, part in zip(self.blocks, parts, strict=True)}
        return {
            name: relaxed(values, noise[name].reshape(values.shape), temperature, one_path)
            for name, values in logits.items()
        }

    def settled(self, temperature: float) -> dict[str, Tensor]:
        """Without noise."""
        return {name: relaxed(values, None, temperature) for name, values in self.logits().items()}

    def chances(self) -> dict[str, Tensor]:
        """How probable each option is to be drawn, at any temperature."""
        return self.settled(1.0)

    def best(self) -> dict[str, Tensor]:
        """The most probable option of every decision, one-hot."""
        return {name: straight_through(values) for name, values in self.chances().items()}

    def log_chances(self) -> dict[str, tuple[float, ...]]:
        """By decision, over its options."""
        with torch.no_grad():
            logits = {name: torch.log_softmax(values, dim=-1).tolist() for name, values in self.logits().items()}
        return {
            decision: tuple(row)
            for block in self.blocks
            for decision, row in zip(block.decisions, logits[block.name], strict=True)
        }

    def picks(self) -> dict[str, Option]:
        """The most probable option of every decision."""
        options = {decision: block.options for block in self.blocks for decision in block.decisions}
        return {name: options[name][row.index(max(row))] for name, row in self.log_chances().items()}

    def entropy(self) -> float:
        """Mean over the decisions: 1 where nothing is preferred, 0 where everything is decided."""
        with torch.no_grad():
            return float(torch.cat([entropy(values) for values in self.logits().values()]).mean())


def one_hot(blocks: Sequence[Block], picks: Mapping[str, Option]) -> dict[str, Tensor]:
    """Options that are picked, as shares."""
    found = {}
    for block in blocks:
        columns = torch.tensor([block.column(picks[decision]) for decision in block.decisions])
        found[block.name] = torch.nn.functional.one_hot(columns, len(block.options)).float()
    return found


def places_of(blocks: Sequence[Block]) -> dict[str, tuple[str, int]]:
    """Block and row of every decision."""
    return {decision: (block.name, row) for block in blocks for row, decision in enumerate(block.decisions)}
