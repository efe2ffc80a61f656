"""Reads the commands that stand in the README and in docs/."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`((?:segsmith|make) [^`\n]+)`")
SHELL = ("", "sh", "bash", "console")
JOINTS = "|&;<>"


@dataclass(frozen=True)
class Typed:
    """One command of a page. ``whole`` where it stands in a block of its own, to be typed as it is."""

    page: str
    line: int
    words: tuple[str, ...]
    whole: bool

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line} {' '.join(self.words)}"


def typed(page: Path) -> Iterator[Typed]:
    text = page.read_text(encoding="utf-8")
    for block in FENCE.finditer(text):
        if block[1] in SHELL:
            first = text.count("\n", 0, block.start()) + 2
            yield from in_block(page.name, first, block[2])
    bare = FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    for span in INLINE.finditer(bare):
        number = bare.count("\n", 0, span.start()) + 1
        yield from (Typed(page.name, number, words, False) for words in commands(span[1]))


def in_block(page: str, first: int, block: str) -> Iterator[Typed]:
    joined = ""
    for number, line in enumerate(block.splitlines(), first):
        joined += line
        if joined.endswith("\\"):
            joined = joined[:-1]
            continue
        yield from (Typed(page, number, words, True) for words in commands(joined))
        joined = ""


def commands(line: str) -> Iterator[tuple[str, ...]]:
    """Those of ours in a line of shell: behind a pipe or && there may be another."""
    if not re.search(r"\b(segsmith|make)\b", line):
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars=JOINTS)
    lexer.whitespace_split = True
    words: list[str] = []
    for token in [*lexer, ";"]:
        if token.strip(JOINTS):
            words.append(token)
            continue
        if words and words[0] in ("segsmith", "make"):
            yield tuple(words)
        # what a file is called that is read or written takes part in no command
        words = ["file"] if token.strip("<>") != token else []


ALL = [one for page in PAGES for one in typed(page)]
