"""``segsmith forge`` without its flags: the stages in their order, each done once, the rest of the time divided anew
behind every one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from segsmith.errors import UserError
from segsmith.forge import finish, work
from segsmith.forge.budget import (
    JUDGE,
    LOOK,
    PICK,
    REPORT,
    SEARCH,
    SHORTEST,
    STATIC,
    TABLE,
    TRAIN,
    Share,
    Speeds,
    check_enough,
    divide,
    finalists,
    share_of,
    wants_table,
)
from segsmith.forge.facts import Facts, look
from segsmith.forge.ledger import Ledger
from segsmith.forge.options import ForgeOptions
from segsmith.latency.target import is_here

Say = Callable[[str], None]
Show = Callable[[ForgeOptions, Facts, float, list[Share]], None]
"""Is shown the plan: what was asked, what the look found and how long it took, and the shares."""


def run_forge(options: ForgeOptions, say: Say, show: Show, plan_only: bool = False) -> dict[str, Any]:
    """What was picked, or nothing where only the plan was wanted. Asked again, a forge goes on where it was."""
    with _alone(Path(options.out)):
        forge = Forge(options, Ledger.open(options), say)
        return forge.plan(show) if plan_only else forge.run(show)


class Forge:
    def __init__(self, options: ForgeOptions, ledger: Ledger, say: Say) -> None:
        self.options, self.ledger, self.say = options, ledger, say

    def plan(self, show: Show) -> dict[str, Any]:
        facts = self._looked()
        shares = self._shares(facts)
        if STATIC not in self.ledger.stages:
            check_enough(self.options.budget, self.ledger.spent, facts.speeds, shares)
        show(self.options, facts, self.ledger.spent, shares)
        return {}

    def run(self, show: Show) -> dict[str, Any]:
        self.plan(show)
        facts = self._looked()
        job = work.Job(self.options, facts, self.say)
        count = finalists(self.options.budget)
        steps: dict[str, Callable[[Share], dict[str, Any]]] = {
            TABLE: lambda share: work.make_table(job, share.learning),
            STATIC: lambda share: work.train_static(job, share.learning),
            SEARCH: lambda share: work.search(job, share.learning),
            TRAIN: lambda share: work.train_best(job, share.learning, count),
            PICK: lambda share: finish.pick(job, self._trained, facts.speeds.benchmark_s / 2),
            JUDGE: lambda share: finish.judge(job),
            REPORT: lambda share: self._report(job),
        }
        for share in self._shares(facts):
            stage = share.stage
            now = share_of(stage, self._shares(facts))
            learning = self.ledger.learning(stage, max(SHORTEST, now.learning) if now.learning else 0.0)
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
        ledger, options = self.ledger, self.options
        table = wants_table(options.budget, options.table) and is_here(facts.target)
        return divide(options.budget, ledger.spent, ledger.done, self._speeds(facts), table)

    def _speeds(self, facts: Facts) -> Speeds:
        """What it takes to begin a training and to score it is known when one is done."""
        if STATIC not in self.ledger.done:
            return facts.speeds
        done = self.ledger.stages[STATIC]
        return replace(facts.speeds, start_s=max(0.0, done["seconds"] - done["learning"]))

    @property
    def _trained(self) -> list[dict[str, Any]]:
        return list(self.ledger.found(TRAIN)["trained"])

    def _report(self, job: work.Job) -> dict[str, Any]:
        """The page is to say that it is finished: nothing comes behind it."""
        self.ledger.finish(self.ledger.found(PICK))
        return finish.write_report(job, self._trained)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise UserError("another forge is running in this folder", fix="wait for it, or stop it", path=folder) from None
