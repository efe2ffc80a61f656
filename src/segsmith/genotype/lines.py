"""A line of the text form, its tokens, and the expressions written in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from segsmith.genotype.core import Align, Node
from segsmith.genotype.faults import nearest
from segsmith.genotype.names import NAME, letter

BEFORE_COMMENT = re.compile(r'(?:[^"#]|"(?:[^"\\]|\\.)*")*')
TOKEN = re.compile(rf"(?P<name>{NAME.pattern})|(?P<number>\d{{1,9}})|(?P<mark>->|[(),=/~])")
REPEAT = re.compile(r"x(\d{1,9})")
DEEPEST = 50
ALIGNS: dict[str, Align] = {"larger": "larger", "smaller": "smaller"}


class TextFault(Exception):
    """Something that cannot be read."""

    def __init__(self, line: int, column: int, reason: str, fix: str = "") -> None:
        self.line, self.column, self.reason, self.fix = line, column, reason, fix
        super().__init__(reason)


@dataclass(frozen=True)
class Line:
    """A line without its comment."""

    number: int
    text: str

    @property
    def word(self) -> str:
        return self.text.split(None, 1)[0]

    def fault(self, column: int, reason: str, fix: str = "") -> TextFault:
        return TextFault(self.number, column, reason, fix)


def read_lines(text: str) -> list[Line]:
    """The lines that hold something."""
    lines = [Line(i, _uncommented(raw)) for i, raw in enumerate(text.splitlines(), 1)]
    return [line for line in lines if line.text.strip()]


def _uncommented(raw: str) -> str:
    found = BEFORE_COMMENT.match(raw)
    end = found.end() if found else 0
    return raw[:end] if raw[end : end + 1] in ("", "#") else raw


class Tokens:
    """Walks over the tokens of a line."""

    def __init__(self, line: Line) -> None:
        self.line, self.at, self.tokens = line, 0, list(_tokens(line))

    @property
    def column(self) -> int:
        return self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.line.text.rstrip()) + 1

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at][:2] if self.at < len(self.tokens) else ("end", "the end of the line")

    def take(self, kind: str, wanted: str) -> str:
        found, text = self.peek()
        if found != kind:
            raise self.line.fault(self.column, f"{wanted} should stand here, not {text!r}")
        self.at += 1
        return text

    def have(self, mark: str) -> bool:
        """Whether the mark stands here; steps over it."""
        here = self.peek() == ("mark", mark)
        self.at += here
        return here

    def need(self, mark: str) -> None:
        column, (_, text) = self.column, self.peek()
        if not self.have(mark):
            raise self.line.fault(column, f"{mark!r} should stand here, not {text!r}")

    def names(self) -> tuple[str, ...]:
        """Names between commas, perhaps none."""
        if self.peek()[0] != "name":
            return ()
        names = [self.take("name", "a name")]
        while self.have(","):
            names.append(self.take("name", "a name"))
        return tuple(names)

    def end(self) -> None:
        kind, text = self.peek()
        if kind != "end":
            raise self.line.fault(self.column, f"the line should end here, not go on with {text!r}")


def _tokens(line: Line) -> Iterator[tuple[str, str, int]]:
    at = 0
    while rest := line.text[at:].lstrip():
        at = len(line.text) - len(rest)
        found = TOKEN.match(line.text, at)
        if found is None or found.lastgroup is None:
            raise line.fault(at + 1, f"{line.text[at]!r} cannot be read here")
        yield found.lastgroup, found.group(), at + 1
        at = found.end()


@dataclass
class Expressions:
    """Nodes in the order in which they are written, and the column of each."""

    tokens: Tokens
    nodes: list[Node] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)

    def read(self, name: str, column: int) -> None:
        """``op(arguments) /stride xrepeat ~align`` as the node ``name``, behind what is written inside it."""
        self._node(name, column, self.tokens.take("name", "an operation"), 0)
        self.tokens.end()

    def _node(self, name: str, column: int, op: str, depth: int) -> None:
        tokens = self.tokens
        if depth > DEEPEST:
            raise tokens.line.fault(column, f"more than {DEEPEST} operations inside each other", "give some a row")
        tokens.need("(")
        inputs: list[str] = []
        while not tokens.have(")"):
            if inputs:
                tokens.need(",")
            here, source = tokens.column, tokens.take("name", "a name or an operation")
            if tokens.peek() == ("mark", "("):
                inner = f"{name}.{letter(len(inputs))}"
                self._node(inner, here, source, depth + 1)
                source = inner
            inputs.append(source)
        self.columns[name] = column
        self.nodes.append(Node(name, op, tuple(inputs), *self._options()))

    def _options(self) -> tuple[int, int, Align]:
        tokens, stride, repeat, align = self.tokens, 1, 1, ALIGNS["larger"]
        if tokens.have("/"):
            stride = int(tokens.take("number", "a stride"))
        times = REPEAT.fullmatch(tokens.peek()[1])
        if times:
            tokens.at += 1
            repeat = int(times[1])
        if tokens.have("~"):
            here, word = tokens.column, tokens.take("name", "larger or smaller")
            if word not in ALIGNS:
                raise tokens.line.fault(here, f"unknown align {word!r}", nearest(word, ALIGNS))
            align = ALIGNS[word]
        return stride, repeat, align
