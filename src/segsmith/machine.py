"""What this machine offers."""

import os


def cores() -> int:
    """The cores that this process may use, which a container or a scheduler may have made fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
