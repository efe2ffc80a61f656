"""What a study knows of its finished trials, kept in memory: nothing is read twice, however long it gets."""

from dataclasses import dataclass, field

from segsmith.study.stopping import Stopper
from segsmith.study.trial import COUNTED, FAILED, INFEASIBLE, REPEATED, SCORED, Record


@dataclass
class Book:
    """``failures``, ``refusals`` and ``known_again`` are those in a row, up to now. A network that is known to fail is
    no failure, but refused."""

    stopper: Stopper
    counted: int = 0
    repeats: int = 0
    failures: int = 0
    refusals: int = 0
    known_again: int = 0
    elapsed: float = 0.0
    best: Record | None = None
    scored: dict[str, Record] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    failed: dict[str, list[Record]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """In the order in which trials are finished."""
        self.elapsed = max(self.elapsed, record.elapsed)
        known_to_fail = record.state == FAILED and record.repeat_of is not None
        if not known_to_fail:
            self.failures = self.failures + 1 if record.state == FAILED else 0
        self.refusals = self.refusals + 1 if record.state == INFEASIBLE or known_to_fail else 0
        again = record.repeat_of is not None or record.fingerprint in self.refused
        self.known_again = self.known_again + 1 if again else 0
        if record.state == INFEASIBLE:
            self.refused.add(record.fingerprint)
        if record.state == FAILED and not known_to_fail:
            self.failed.setdefault(record.fingerprint, []).append(record)
        if record.state not in COUNTED:
            return
        self.counted += 1
        if record.state == REPEATED:
            self.repeats += 1
            return
        self.scored[record.fingerprint] = record
        self.stopper.observe([stage["reward"] for stage in record.stages])
        if better(record, self.best):
            self.best = record

    def known(self, fingerprint: str) -> Record | None:
        """The trial in which this network was scored, or failed as it would again: by itself, or twice."""
        failed = self.failed.get(fingerprint, [])
        sure = failed[-1] if len(failed) > 1 or any(record.certain for record in failed) else None
        return self.scored.get(fingerprint, sure)


def better(record: Record, than: Record | None) -> bool:
    """Meeting all demands goes before the reward, and a whole training before one that was stopped."""
    if record.reward is None:
        return False
    return than is None or merit(record) > merit(than)


def merit(record: Record) -> tuple[bool, bool, float]:
    reward = record.reward if record.reward is not None else float("-inf")
    return not record.missed, record.state == SCORED, reward
