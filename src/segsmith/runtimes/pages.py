"""Memory in pages of 2 MB instead of 4 KB, where the system gives them to whoever asks.

On large frames a network's time goes into moving its activations through memory; with small pages the processor
spends a tenth of it and more on looking up where they lie.
"""

import ctypes
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

HUGE = 2 << 20
LEAST = 4 * HUGE
HUGEPAGE, COLLAPSE = 14, 25
"""Of madvise: the system may give huge pages; and do it now (Linux 6.1; an older one takes its time)."""
POLICY = Path("/sys/kernel/mm/transparent_hugepage/enabled")
MAPS = Path("/proc/self/maps")

Range = tuple[int, int]


class Pages:
    """What the process takes after this was made moves into huge pages on each ``settle``. Elsewhere than on a Linux
    that waits to be asked, nothing happens."""

    def __init__(self, policy: Path = POLICY) -> None:
        self._advise = advisor(policy)
        self._known = set(regions()) if self._advise else set()

    def settle(self) -> int:
        """Returns how many bytes have been asked for."""
        if self._advise is None:
            return 0
        new = [found for found in regions() if found not in self._known]
        self._known |= set(new)
        for start, end in new:
            self._advise(start, end - start, HUGEPAGE)
            # one by one: it stops at the first page that is not there
            for page in range(start, end, HUGE):
                self._advise(page, HUGE, COLLAPSE)
        return sum(end - start for start, end in new)


def advisor(policy: Path) -> Callable[[int, int, int], int] | None:
    if not sys.platform.startswith("linux") or not policy.exists() or "[madvise]" not in policy.read_text():
        return None
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return lambda start, size, advice: int(advise(start, size, advice))


def regions() -> Iterator[Range]:
    """Large stretches of this process's own memory, as whole huge pages."""
    for line in MAPS.read_text().splitlines():
        where, rights, *_, inode = line.split()[:5]
        if rights != "rw-p" or inode != "0" or line.endswith("]"):
            continue
        start, end = (int(side, 16) for side in where.split("-"))
        start, end = -(-start // HUGE) * HUGE, end // HUGE * HUGE
        if end - start >= LEAST:
            yield start, end
