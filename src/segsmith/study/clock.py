"""What a candidate takes on this machine, by the clock: before it is trained, and with nothing else of ours running."""

from dataclasses import dataclass, field

from segsmith.errors import UserError
from segsmith.genotype import Genotype
from segsmith.latency.opened import open_whole
from segsmith.latency.target import Target, is_here
from segsmith.latency.whole import wholes_of
from segsmith.runtimes.graphs import KEY, STEP
from segsmith.runtimes.timing import measure

SECONDS = 5.0
"""The most that timing one candidate takes; most are known within a percent or two long before."""


@dataclass
class Clock:
    """Milliseconds of the mean frame of networks for so many ``classes``, in the target's backend.

    All cells of a space have the same key frames, which are timed once.
    """

    target: Target
    classes: int
    _keys: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_here(self.target):
            fix = "segsmith latency pack measures there what a --table is made of"
            raise UserError(f"the target is {self.target.device}, and this machine is another", fix=fix)

    def __call__(self, genotype: Genotype) -> float:
        wholes = wholes_of(genotype, self.target.size, self.classes)
        known = self._keys.get(wholes[KEY].name)
        wanted = {part: whole for part, whole in wholes.items() if part != KEY or known is None}
        timings = measure(open_whole(wanted, self.target), seconds=SECONDS)
        found = {part: timing.median_ms for part, timing in timings.items()}
        key = self._keys.setdefault(wholes[KEY].name, found.get(KEY, known or 0.0))
        every = self.target.key_every
        return (key + (every - 1) * found.get(STEP, key)) / every
