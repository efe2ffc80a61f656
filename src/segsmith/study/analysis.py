"""What a search shows when it is looked at as a whole: plain numbers, for a page to draw."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod
from statistics import median

from segsmith.genotype import Genotype
from segsmith.genotype.jsonform import from_json
from segsmith.genotype.vocabulary import OPERATIONS
from segsmith.study.trial import COUNTED, STOPPED, Record

POINTS = 40
"""At most so many windows over the length of a search."""


@dataclass(frozen=True)
class Rewards:
    """By trial, in the order of their numbers; ``median`` is that of the window that ends there. ``stopped`` names the
    trials whose training ended half way: their rewards are lower than they would have been."""

    trials: tuple[int, ...]
    rewards: tuple[float, ...]
    median: tuple[float, ...]
    best: tuple[float, ...]
    stopped: tuple[int, ...]


@dataclass(frozen=True)
class Shares:
    """How often each of several things was proposed, in windows that end at ``trials``: each adds up to one."""

    what: str
    trials: tuple[int, ...]
    shares: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Analysis:
    """``by_downsampling``: the rewards of networks that shrink their input by that factor, behind the stem."""

    rewards: Rewards
    shares: tuple[Shares, ...]
    by_downsampling: Mapping[int, tuple[float, ...]]


@dataclass(frozen=True)
class Proposal:
    """What a network is made of, counted as it was proposed."""

    record: Record
    genotype: Genotype

    @cached_property
    def operations(self) -> Counter[str]:
        return self._of_group("operation")

    @cached_property
    def aggregations(self) -> Counter[str]:
        return self._of_group("aggregation")

    @cached_property
    def inputs(self) -> Counter[str]:
        net = self.genotype.net
        return Counter(name for node in net.nodes for name in node.inputs if name in net.inputs)

    @cached_property
    def downsampling(self) -> Counter[str]:
        return Counter([str(self.factor)])

    @property
    def factor(self) -> int:
        """Strides of all rows together."""
        return prod(node.stride for node in self.genotype.net.nodes)

    def _of_group(self, group: str) -> Counter[str]:
        graphs = (self.genotype.net, *self.genotype.cells.values())
        ops = (node.op for graph in graphs for node in graph.nodes)
        return Counter(op for op in ops if op in OPERATIONS and OPERATIONS[op].group == group)


def analyse(records: Sequence[Record]) -> Analysis:
    """Of all that was proposed; what failed has no reward and counts in the shares all the same."""
    ordered = sorted(records, key=lambda record: record.number)
    proposals = [Proposal(record, from_json(json.dumps(record.genotype))) for record in ordered]
    ends = _ends(len(proposals))
    kinds = ("operations", "aggregations", "inputs", "downsampling")
    shares = tuple(_shares(what, [getattr(one, what) for one in proposals], ordered, ends) for what in kinds)
    return Analysis(_rewards(ordered), shares, _by_downsampling(proposals))


def window_of(count: int) -> int:
    """How many trials a median or a share is taken over."""
    return max(10, count // 20)


def _ends(count: int) -> list[int]:
    """The places behind which a window ends: the first full one, the last trial, and evenly between them."""
    first = min(window_of(count), count)
    points = min(POINTS, count - first + 1)
    if points < 2:
        return [count] if count else []
    return [first + (count - first) * point // (points - 1) for point in range(points)]


def _shares(what: str, counts: Sequence[Counter[str]], records: Sequence[Record], ends: Sequence[int]) -> Shares:
    window = window_of(len(counts))
    sums = [sum(counts[max(0, end - window) : end], Counter[str]()) for end in ends]
    names = sorted(set().union(*sums)) if sums else []
    shares = {name: tuple(found[name] / max(1, found.total()) for found in sums) for name in names}
    return Shares(what, tuple(records[end - 1].number for end in ends), shares)


def _rewards(records: Sequence[Record]) -> Rewards:
    scored = [record for record in records if record.state in COUNTED]
    rewards = [float(record.reward or 0.0) for record in scored]
    window = window_of(len(rewards))
    medians = [median(rewards[max(0, end - window) : end]) for end in range(1, len(rewards) + 1)]
    stopped = tuple(record.number for record in scored if record.state == STOPPED)
    return Rewards(
        tuple(record.number for record in scored),
        tuple(rewards),
        tuple(medians),
        tuple(accumulate(rewards, max)),
        stopped,
    )


def _by_downsampling(proposals: Sequence[Proposal]) -> dict[int, tuple[float, ...]]:
    found: dict[int, list[float]] = defaultdict(list)
    for one in proposals:
        if one.record.state in COUNTED and one.record.reward is not None:
            found[one.factor].append(one.record.reward)
    return {factor: tuple(rewards) for factor, rewards in sorted(found.items())}
