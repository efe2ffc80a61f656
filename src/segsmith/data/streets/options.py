"""What simulated streets are made from, as the user writes it: ``clips=40,frames=30,size=360x480,seed=0``."""

import re
from dataclasses import dataclass, fields

from segsmith.data.streets.camera import RATE_HZ
from segsmith.data.streets.chance import SPLITS
from segsmith.errors import UserError

LIMITS = {
    "clips": (3, 100_000),
    "frames": (1, 3000),
    "seed": (0, 2**31 - 1),
    "frame_every": (1, 30),
    "label_every": (1, 3000),
}
SIDES = (48, 2160)


@dataclass(frozen=True, slots=True)
class Options:
    """``size`` is (height, width). A clip has every ``frame_every``-th frame of a camera with 30 frames a second; of
    those every ``label_every``-th, counted back from the last, has a mask."""

    clips: int = 40
    frames: int = 30
    size: tuple[int, int] = (360, 480)
    seed: int = 0
    frame_every: int = 1
    label_every: int = 1

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise UserError(f"streets cannot have {name}={getattr(self, name)}", fix=f"from {low} to {high}")
        if not all(SIDES[0] <= side <= SIDES[1] for side in self.size):
            fix = f"sides from {SIDES[0]} to {SIDES[1]}, such as 360x480"
            raise UserError(f"streets cannot have size={self._written('size')}", fix=fix)

    def counts(self) -> dict[str, int]:
        """Clips in each split: about 70, 15 and 15 of 100, and never none."""
        held_out = max(1, self.clips * 3 // 20)
        return dict(zip(SPLITS, (self.clips - 2 * held_out, held_out, held_out), strict=True))

    @property
    def rate_hz(self) -> float:
        return RATE_HZ / self.frame_every

    def labelled(self, index: int) -> bool:
        return (self.frames - 1 - index) % self.label_every == 0

    def text(self) -> str:
        return ",".join(f"{field.name}={self._written(field.name)}" for field in fields(self))

    def _written(self, name: str) -> str:
        return "{}x{}".format(*self.size) if name == "size" else str(getattr(self, name))


# Small enough for two cores, and no smaller: at 192x256 a lamp post in the middle distance is 3 to 6 pixels wide, and
# the true labels averaged to 1/8 and back still score about 78 % mIoU (at 144x192: 72 %). Eighteen frames are what
# windows of 16 need; further frames of a street teach less than further streets, so there are a hundred of those. At 15
# frames a second 7 % of the pixels change from mask to mask, about as many as in CamVid (6 %) at the same rate.
TOY = Options(clips=100, frames=18, size=(192, 256), seed=11, frame_every=2)


def parse(text: str) -> Options:
    """The options that a text names; the rest as they are by default."""
    values: dict[str, str] = {}
    known = [field.name for field in fields(Options)]
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in known or not equals:
            fix = f"write NAME=VALUE with {', '.join(known)}, such as {Options().text()}"
            raise UserError(f"streets have no option {part!r}", fix=fix)
        if name in values:
            raise UserError(f"streets option {name} is given twice", fix="give it once")
        values[name] = value
    size = _size(values.pop("size", "360x480"))
    return Options(size=size, **{name: _number(name, value) for name, value in values.items()})


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", value):
        raise UserError(f"streets option {name}={value} is no whole number", fix="from {} to {}".format(*LIMITS[name]))
    return int(value)


def _size(value: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,6})x([0-9]{1,6})", value)
    if not found:
        raise UserError(f"streets option size={value} is not HEIGHTxWIDTH", fix="such as 360x480")
    return int(found[1]), int(found[2])
