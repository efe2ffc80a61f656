"""What a candidate takes on this machine, by the clock: before it is trained, and with nothing else of ours running."""

from dataclasses import dataclass, field, replace

from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.latency.opened import Call, open_whole
from segsmith.latency.table import Table
from segsmith.latency.target import Target, is_here
from segsmith.latency.whole import wholes_of
from segsmith.runtimes.graphs import KEY, STEP
from segsmith.runtimes.timing import measure

SECONDS = 5.0
"""The most that timing one candidate takes; most are known within a percent or two long before."""
FIRST = "first"


@dataclass
class Clock:
    """Milliseconds of the mean frame of networks for so many ``classes``, in the target's backend.

    All cells of a space have the same key frames, which are timed once. Whatever is timed is timed in turns with the
    very first key frame, and told as if the machine were as quick as it was then: what else it does comes and goes.
    """

    target: Target
    classes: int
    _keys: dict[str, float] = field(default_factory=dict)
    _first: tuple[Call, float] | None = None

    def __post_init__(self) -> None:
        if not is_here(self.target):
            fix = "segsmith latency pack measures there what a --table is made of"
            raise UserError(f"the target is {self.target.device}, and this machine is another", fix=fix)

    @classmethod
    def beside(cls, table: Table, key_every: int) -> "Clock":
        """One that tells as if the machine were as quick as when the table was measured: its first key frame is one
        that the table knows. A table of pieces alone knows none."""
        clock = cls(replace(table.target, key_every=key_every), table.frames.classes)
        for network in table.networks[:1]:
            if network.key is not None:
                whole = wholes_of(network.genotype, table.target.size, table.frames.classes)[KEY]
                clock._first = open_whole({KEY: whole}, table.target)[KEY], network.key.ms
        return clock

    @property
    def key_ms(self) -> float | None:
        """Of the first key frame that was timed: that of all cells, or the image network itself."""
        return next(iter(self._keys.values()), None)

    def __call__(self, genotype: Genotype) -> float:
        wholes = wholes_of(genotype, self.target.size, self.classes)
        known = self._keys.get(wholes[KEY].name)
        wanted = {part: whole for part, whole in wholes.items() if part != KEY or known is None}
        found = self._timed(open_whole(wanted, self.target))
        key = self._keys.setdefault(wholes[KEY].name, found.get(KEY, known or 0.0))
        every = self.target.key_every
        return (key + (every - 1) * found.get(STEP, key)) / every

    def _timed(self, calls: dict[str, Call]) -> dict[str, float]:
        if self._first is None:
            timings = measure(calls, seconds=SECONDS)
            self._first = calls[KEY], timings[KEY].median_ms
            return {part: timing.median_ms for part, timing in timings.items()}
        call, before = self._first
        timings = measure({**calls, FIRST: call}, seconds=SECONDS)
        pace = before / timings[FIRST].median_ms
        return {part: pace * timings[part].median_ms for part in calls}
