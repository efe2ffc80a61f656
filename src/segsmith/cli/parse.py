"""Words of the command line as values."""

from segsmith.errors import UserError


def size(text: str | None) -> tuple[int, int] | None:
    """HEIGHTxWIDTH, such as 360x480."""
    if text is None:
        return None
    height, cross, width = text.lower().partition("x")
    if not (cross and height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise UserError(f"{text!r} is no size", fix="give HEIGHTxWIDTH, such as 360x480")
    return int(height), int(width)


def count(text: str) -> int:
    """A number above zero, or auto as 0."""
    if text == "auto":
        return 0
    if not text.isdecimal() or not int(text):
        raise UserError(f"{text!r} is neither a number above zero nor auto")
    return int(text)
