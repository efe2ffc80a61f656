"""What every data set of the house looks like: classes, frames, sequences, clips.

A reader (one file for each kind) lists frames without decoding them and decodes one on request. Everything here
is plain data that can be sent to another process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from segsmith.data.faults import Fault

VOID = 255
"""The mask value of pixels that count for nothing."""

Image: TypeAlias = npt.NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes in the order of their ids, with a colour for each."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. ``image`` and ``mask`` are whatever the reader finds them by: mostly a path.

    ``index`` is the picture's place in its sequence; ``mask`` is empty where the picture is not labelled.
    """

    name: str
    image: str
    mask: str = ""
    index: int = 0

    @property
    def labelled(self) -> bool:
        return bool(self.mask)


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """Consecutive frames of one camera. Where frames are not consecutive, each is a sequence of one."""

    name: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames of one sequence in the order of time; the last one is labelled in a clip for training."""

    sequence: str
    frames: tuple[Frame, ...]


Splits: TypeAlias = Mapping[str, tuple[FrameSequence, ...]]


class Reader(Protocol):
    """Decodes the frames of one data set. ``image``: uint8 RGB HxWx3. ``mask``: uint8 HxW, VOID where ignored."""

    def image(self, frame: Frame) -> Image: ...

    def mask(self, frame: Frame) -> Image | None: ...


@dataclass(frozen=True)
class Dataset:
    """``name`` is the KIND:PATH that was asked for; ``protocol`` says how labels were read, for every result.

    ``faults``: what was met while the files were listed, such as a mask without a frame; none that is fatal.
    """

    name: str
    protocol: str
    classes: Classes
    splits: Splits
    reader: Reader
    rate_hz: float = 0.0
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def frames(self, split: str) -> tuple[Frame, ...]:
        return tuple(frame for sequence in self.splits.get(split, ()) for frame in sequence.frames)

    def clips(self, split: str, length: int = 1, stride: int = 1) -> list[Clip]:
        """Every clip of ``length`` frames, ``stride`` apart in their sequence, that ends in a labelled frame."""
        reach = (length - 1) * stride
        return [
            Clip(sequence.name, sequence.frames[end - reach : end + 1 : stride])
            for sequence in self.splits.get(split, ())
            for end in range(reach, len(sequence.frames))
            if sequence.frames[end].labelled
        ]


def labelled(frames: Sequence[Frame]) -> list[Frame]:
    return [frame for frame in frames if frame.labelled]
