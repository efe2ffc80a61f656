"""What nodes and cells may be called."""

import re

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
RESERVED = ("segsmith", "net", "cell", "static")  # words of the text form


def letter(index: int) -> str:
    """a, b, ... z, aa, ab, ...: the last part of the name of a node that is written inside its reader."""
    text = ""
    while index >= 0:
        text = chr(ord("a") + index % 26) + text
        index = index // 26 - 1
    return text
