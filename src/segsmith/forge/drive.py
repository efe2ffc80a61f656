"""``segsmith forge`` without its flags: the stages in their order, each done once, the rest of the time divided anew
behind every one."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from segsmith.forge import finish, work
from segsmith.forge.budget import (
    JUDGE,
    LOOK,
    PICK,
    REPORT,
    SEARCH,
    SHARES,
    SHORTEST,
    STATIC,
    TABLE,
    TRAIN,
    Share,
    Speeds,
    check_enough,
    divide,
    finalists,
    pace,
    share_of,
    wants_table,
)
from segsmith.forge.facts import Facts, look
from segsmith.forge.job import Job
from segsmith.forge.ledger import Ledger
from segsmith.forge.options import LGC, ForgeOptions
from segsmith.latency.target import is_here
from segsmith.training.runfolder import alone

LATE = 0.05
"""Of the budget: how long a network is trained that stood by and is needed after all."""

Say = Callable[[str], None]
Show = Callable[[ForgeOptions, Facts, float, list[Share]], None]
"""Is shown the plan: what was asked, what the look found and how long it took, and the shares."""


def run_forge(options: ForgeOptions, say: Say, show: Show, plan_only: bool = False) -> dict[str, Any]:
    """What was picked, or the plan where nothing else was wanted. Asked again, a forge goes on where it was."""
    with alone(Path(options.out), "forge"):
        ledger = Ledger.open(options)
        forge = Forge(options, ledger, say)
        try:
            return forge.plan(show) if plan_only else forge.run(show)
        finally:
            ledger.rest()


class Forge:
    def __init__(self, options: ForgeOptions, ledger: Ledger, say: Say) -> None:
        self.options, self.ledger, self.say = options, ledger, say

    def plan(self, show: Show) -> dict[str, Any]:
        facts = self._looked()
        shares = self._shares(facts)
        if not {STATIC, SEARCH} & self.ledger.stages.keys():
            undisturbed = self._divided(facts, facts.speeds)  # what other work takes now it may not take later
            check_enough(self.options.budget, self.ledger.spent, facts.speeds, undisturbed)
        show(self.options, facts, self.ledger.spent, shares)
        stages = [{**asdict(share), "seconds": share.seconds} for share in shares]
        return {"budget": self.options.budget, "spent": self.ledger.spent, "facts": facts.record(), "stages": stages}

    def run(self, show: Show) -> dict[str, Any]:
        self.plan(show)
        facts = self._looked()
        job = Job(self.options, facts, self.say)
        count = finalists(self.options.budget)
        steps: dict[str, Callable[[Share], dict[str, Any]]] = {
            TABLE: lambda share: work.make_table(job, share.learning),
            STATIC: lambda share: work.train_static(job, share.learning),
            SEARCH: lambda share: work.search(job, share.learning),
            TRAIN: lambda share: work.train_best(job, share.learning, count),
            PICK: lambda share: finish.pick(job, self._finalists(job), facts.speeds.benchmark_s / 2),
            JUDGE: lambda share: finish.judge(job, self._has_time_for_controls(facts)),
            REPORT: lambda share: self._report(job),
        }
        for share in self._shares(facts):
            stage = share.stage
            now = share_of(stage, self._shares(facts))
            least = self._speeds(facts).candidate_s if stage == SEARCH else SHORTEST
            learning = self.ledger.learning(stage, max(least, now.learning) if now.learning else 0.0)
            self.say(f"\n{stage}")
            with self.ledger.stage(stage, replace(now, learning=learning)) as found:
                found |= steps[stage](replace(now, learning=learning))
        self.ledger.finish()
        return self.ledger.found(PICK) | {"seconds": self.ledger.spent}

    def _looked(self) -> Facts:
        if LOOK not in self.ledger.done:
            with self.ledger.stage(LOOK, Share(LOOK, 0.0, 0.0)) as found:
                found |= look(self.options, self.say).record()
        return Facts.of_record(self.ledger.found(LOOK), self.ledger.path)

    def _shares(self, facts: Facts) -> list[Share]:
        """Of the stages that are not done, by what is left now."""
        return self._divided(facts, self._speeds(facts))

    def _divided(self, facts: Facts, speeds: Speeds) -> list[Share]:
        ledger, options = self.ledger, self.options
        without = set() if wants_table(options.budget, options.table) and is_here(facts.target) else {TABLE}
        if facts.space == LGC:
            without.add(STATIC)
        return divide(options.budget, ledger.spent, ledger.done, speeds, without)

    def _speeds(self, facts: Facts) -> Speeds:
        done = [self.ledger.stages[stage] for stage in self.ledger.done if stage in SHARES]
        return facts.speeds.times(pace(done, facts.pace))

    def _has_time_for_controls(self, facts: Facts) -> bool:
        speeds = self._speeds(facts)
        left = self.options.budget - self.ledger.spent
        return facts.controls and left >= speeds.judge_s + speeds.controls_s + speeds.report_s

    def _finalists(self, job: Job) -> Iterator[dict[str, Any]]:
        """The one that stands by comes last, and is trained when it is asked for."""
        found = self.ledger.found(TRAIN)
        yield from found["trained"]
        if found["reserve"] is not None:
            yield work.train_one(job, found["reserve"], max(SHORTEST, LATE * self.options.budget))

    def _report(self, job: Job) -> dict[str, Any]:
        """The page is to say that it is finished: nothing comes behind it."""
        self.ledger.finish(self.ledger.found(PICK))
        return finish.write_report(job, self.ledger.found(PICK)["trial"])
