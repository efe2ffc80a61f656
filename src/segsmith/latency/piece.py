"""Pieces: what a table holds the cost of. One operation at one shape, or a part that all networks of a space share."""

import re
from dataclasses import dataclass
from typing import NamedTuple

Size = tuple[int, int]

STEM, ENCODER, STATIC, ENCODE = "stem", "encoder", "static", "encode"
"""Where a network starts, from bytes: an LGC stem, an encoder as deep as a tap (``encoder:layer2``), or, below a
dynamic cell, the static network as a whole and its encoder as deep as a tap (``encode:FINGERPRINT:layer3``)."""
STARTS = (STEM, ENCODER, STATIC, ENCODE)
CLASSES = "classes"
"""Where it ends: the classifier and the class map at the frame's size; ``classes3`` has a 3x3 kernel."""
RUN = "run"
"""What starting a run costs, whatever is run."""
BASE = "base"
"""A map made and read by 1x1 convolutions: what surrounds a piece while it is measured."""
GIVE, CARRY = "give", "carry"
"""A map that leaves with the answer; one that leaves and comes back with the next frame."""
RESIZE, CAT, FUSE, RELU_FUSE = "resize", "cat", "fuse", "relu-fuse"

FORM = re.compile(
    r"(?P<op>[a-z0-9:-]+)(?: /(?P<stride>\d+))? (?:(?P<count>\d+) of )?(?P<c_in>\d+)@(?P<height>\d+)x(?P<width>\d+)"
    r" > (?P<c_out>\d+)(?:@(?P<to>\d+x\d+))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """An operation by its name in the vocabulary, or one of those above, on a map of ``height`` x ``width``.

    ``c_in`` are the channels of all its ``count`` inputs together; ``to`` is the size of what it gives, where that does
    not follow from the stride. Its text form is its name in a table.
    """

    op: str
    c_in: int
    c_out: int
    height: int
    width: int
    stride: int = 1
    count: int = 1
    to: Size | None = None

    def __str__(self) -> str:
        stride = f" /{self.stride}" if self.stride > 1 else ""
        count = f"{self.count} of " if self.count > 1 else ""
        to = f"@{self.to[0]}x{self.to[1]}" if self.to else ""
        return f"{self.op}{stride} {count}{self.c_in}@{self.height}x{self.width} > {self.c_out}{to}"

    @classmethod
    def parse(cls, text: str) -> "Piece":
        """A ValueError where it is none."""
        found = FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no piece")
        parts = {name: int(found[name] or 1) for name in ("c_in", "c_out", "height", "width", "stride", "count")}
        height, _, width = (found["to"] or "").partition("x")
        return cls(found["op"], **parts, to=(int(height), int(width)) if width else None)

    @property
    def part(self) -> str:
        """The operation without what follows a colon."""
        return self.op.partition(":")[0]

    @property
    def whole(self) -> bool:
        """A network by itself: it starts and ends."""
        return self.part == STATIC

    @property
    def starts(self) -> bool:
        return self.part in STARTS

    @property
    def ends(self) -> bool:
        return self.op.startswith(CLASSES)

    @property
    def size(self) -> Size:
        return self.height, self.width

    @property
    def out_size(self) -> Size:
        """The size of what it gives to the next piece."""
        if self.to is not None:
            return self.to
        if self.op in ("up2", "deconv2"):
            return 2 * self.height, 2 * self.width
        return strided(strided(self.size, self.stride), self.stride if self.op.startswith("sep") else 1)


class Work(NamedTuple):
    """The pieces of a key frame and of any other frame; an image network has none of the latter."""

    key: tuple[Piece, ...]
    step: tuple[Piece, ...] = ()


def strided(size: Size, stride: int) -> Size:
    return -(-size[0] // stride), -(-size[1] // stride)
