"""Files that are not what they should be."""

from collections.abc import Iterator
from contextlib import contextmanager

from segsmith.errors import UserError


@contextmanager
def strict(kind: str, path: object) -> Iterator[None]:
    """Whatever is missing, too much or of the wrong kind is the file's fault."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"is no {kind} as segsmith writes them: {reason}", fix="measure it anew", path=path) from None
