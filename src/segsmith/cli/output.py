"""Where a command's words go: results to stdout, everything else to stderr."""

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def say(text: str = "") -> None:
    """A line for the person who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def console() -> "Console":
    """Rich output (tables, progress) on stderr, so that stdout holds results alone."""
    from rich.console import Console

    return Console(stderr=True)


def emit_json(value: Any) -> None:
    """Print the one JSON object of a command with ``--json``. NaN is no JSON: it becomes null."""
    sys.stdout.write(json.dumps(_plain(value), indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value != value:
        return None
    return value
