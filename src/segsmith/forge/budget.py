"""How a budget is shared out among the stages: what has to be is set aside, what is left is learning.

The same arithmetic makes the plan and, behind every stage, divides anew what is left; so the total holds.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from segsmith.errors import UserError
from segsmith.forge.options import duration_words

LOOK, TABLE, STATIC, SEARCH, TRAIN, PICK, JUDGE, REPORT = STAGES = (
    *("look", "table", "static", "search", "train", "pick", "judge", "report"),
)
SHARES: Mapping[str, float] = {STATIC: 0.40, SEARCH: 0.25, TRAIN: 0.35}
"""Of the time for learning."""
TABLE_SHARE, TABLE_FROM = 0.08, 7200.0
"""Of the whole budget, where that is so long: else every candidate is timed by itself, which takes less."""
FINALISTS = ((7200.0, 3), (1200.0, 2), (0.0, 1))
"""By budget in seconds, how many candidates are trained to the end."""
SHORTEST = 15.0
"""Seconds below which a training is none."""
RESERVE = 0.02
"""Of what is left, kept for what takes longer than foreseen."""
PACES = 1.0, 3.0
"""What is believed of a machine that other work slows down; speeds are those of one that has none."""


@dataclass(frozen=True)
class Speeds:
    """Seconds, as measured on this machine. ``timed_s``: one candidate is timed; ``candidate_s``: it is timed, trained
    and judged; ``collect_s``: what candidates learn from is computed; ``start_s``: a training gets going and is
    scored; ``controls_s``: what the network has to beat is judged beside it; ``export_s``, ``benchmark_s``,
    ``judge_s`` and ``report_s`` speak for themselves."""

    timed_s: float
    candidate_s: float
    collect_s: float
    start_s: float
    export_s: float
    benchmark_s: float
    judge_s: float
    controls_s: float
    report_s: float

    def times(self, pace: float) -> "Speeds":
        return Speeds(**{name: pace * value for name, value in asdict(self).items()})

    def record(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Share:
    """A stage's part of the budget: ``fixed`` seconds that it takes anyway, and ``learning`` seconds that it is
    given."""

    stage: str
    fixed: float
    learning: float

    @property
    def seconds(self) -> float:
        return self.fixed + self.learning


def finalists(budget: float) -> int:
    return next(count for least, count in FINALISTS if budget >= least)


def wants_table(budget: float, given: str) -> bool:
    return not given and budget >= TABLE_FROM


def fixed_of(stage: str, speeds: Speeds, count: int) -> float:
    """What a stage takes whatever it is given. ``count``: how many are trained to the end. A search ends with the
    candidate that it is at, on average half a one late."""
    return {
        STATIC: speeds.start_s,
        SEARCH: speeds.collect_s + speeds.candidate_s / 2,
        TRAIN: count * speeds.start_s + (count + 1) * speeds.timed_s,
        PICK: speeds.export_s + speeds.benchmark_s,
        JUDGE: speeds.judge_s,
        REPORT: speeds.report_s,
    }.get(stage, 0.0)


def divide(
    budget: float, spent: float, done: Collection[str], speeds: Speeds, without: Collection[str] = (TABLE,)
) -> list[Share]:
    """What each stage that is still to come gets of what is left. It may be negative where too little is."""
    count = finalists(budget)
    coming = [stage for stage in STAGES if stage not in {*done, LOOK, *without}]
    fixed = {stage: fixed_of(stage, speeds, count) for stage in coming}
    given = {TABLE: TABLE_SHARE * budget} if TABLE in coming else {}
    left = (1 - RESERVE) * (budget - spent) - sum(fixed.values()) - sum(given.values())
    learning = {stage: SHARES[stage] for stage in coming if stage in SHARES}
    whole = sum(learning.values())
    given |= {stage: left * share / whole for stage, share in learning.items()}
    return [Share(stage, fixed[stage], given.get(stage, 0.0)) for stage in coming]


def share_of(stage: str, shares: list[Share]) -> Share:
    return next(share for share in shares if share.stage == stage)


def needed(spent: float, speeds: Speeds) -> float:
    """The shortest budget that trains a network, one candidate, and as many to their end as are trained on it."""
    found = 0.0
    for count in sorted(count for _, count in FINALISTS):
        found = max(found, needed_for(count, spent, speeds))
        if finalists(found) <= count:
            break
    return found


def needed_for(count: int, spent: float, speeds: Speeds) -> float:
    fixed = sum(fixed_of(stage, speeds, count) for stage in STAGES)
    learning = max(
        speeds.candidate_s / SHARES[SEARCH],
        SHORTEST / SHARES[STATIC],
        count * SHORTEST / SHARES[TRAIN],
    )
    return 1.05 * (spent + (fixed + learning) / (1 - RESERVE))


def pace(stages: Iterable[Mapping[str, Any]], before: float) -> float:
    """How much longer than planned at first everything but learning takes: other work on the machine comes and goes.
    Stages were planned with the pace that held before them. ``before``: the pace of the look."""
    now = before
    for one in stages:
        took, planned = one["seconds"] - one["learning"], one["planned"] - one["learning"]
        if planned > 0 and took > 0:  # a search may end before its time
            now = within_reason(now * took / planned)
    return now


def within_reason(pace: float) -> float:
    return min(PACES[1], max(PACES[0], pace))


class TooShort(UserError):
    """``needed``: seconds that would do."""

    def __init__(self, what: str, needed: float) -> None:
        super().__init__(what, fix=f"--budget {duration_words(needed)} would do")
        self.needed = needed


def check_enough(budget: float, spent: float, speeds: Speeds, shares: list[Share]) -> None:
    """Refuse a budget that is too short for one candidate."""
    least = {STATIC: SHORTEST, SEARCH: speeds.candidate_s, TRAIN: SHORTEST * finalists(budget)}
    if any(share.learning < least.get(share.stage, 0.0) for share in shares):
        raise TooShort(
            f"a budget of {duration_words(budget)} is too short for one candidate, which takes "
            f"{speeds.candidate_s:.0f} s, beside all else",
            max(needed(spent, speeds), budget + 60),
        )
