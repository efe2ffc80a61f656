"""How long something takes on a machine that has nothing else to do, found out on one that may have."""

import time
from collections.abc import Callable


class Watch:
    """``passed`` by the clock, ``worked`` by the processors where that is less: then the machine did other things, and
    ``pace`` says how much longer everything takes for that."""

    def __init__(self) -> None:
        self.begun, self.cpu = time.perf_counter(), time.process_time()

    @property
    def passed(self) -> float:
        return time.perf_counter() - self.begun

    @property
    def worked(self) -> float:
        return min(self.passed, time.process_time() - self.cpu)

    @property
    def pace(self) -> float:
        return self.passed / max(self.worked, 1e-9)


def seconds_of(call: Callable[[], object]) -> float:
    """As on a machine that has nothing else to do."""
    watch = Watch()
    call()
    return watch.worked
