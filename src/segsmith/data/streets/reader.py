"""Simulated streets as a data set: no files, frames are drawn when they are asked for."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segsmith.data.base import Dataset, Frame, FrameSequence, Image
from segsmith.data.classes import CAMVID
from segsmith.data.streets.options import TOY, Options, parse
from segsmith.data.streets.scene import Scene, build

CLASSES = CAMVID
REVISION = 2
"""Raised whenever the same options give other pictures, so that nobody takes old frames out of a cache."""
_SCENES = 3
_FRAMES = 8


@dataclass
class StreetReader:
    """Draws frames from what their names say, each on its own. Safe to share between threads.

    A few streets and frames are kept, since the mask is mostly asked for right after its frame.
    """

    options: Options
    _scenes: OrderedDict[tuple[str, int], Scene] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )
    _drawn: OrderedDict[str, tuple[Image, Image]] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )
    _turn: Any = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[type["StreetReader"], tuple[Options]]:
        return StreetReader, (self.options,)

    def image(self, frame: Frame) -> Image:
        return self._pair(frame.image)[0].copy()

    def mask(self, frame: Frame) -> Image | None:
        return self._pair(frame.mask)[1].copy() if frame.labelled else None

    def _pair(self, key: str) -> tuple[Image, Image]:
        with self._turn:
            if key in self._drawn:
                return self._drawn[key]
        split, clip, index = _parsed(key)
        drawn = self._scene(split, clip).frame(index)
        with self._turn:
            self._drawn[key] = drawn
            while len(self._drawn) > _FRAMES:
                self._drawn.popitem(last=False)
        return drawn

    def _scene(self, split: str, clip: int) -> Scene:
        with self._turn:
            if (split, clip) not in self._scenes:
                self._scenes[split, clip] = build(self.options, split, clip)
                while len(self._scenes) > _SCENES:
                    self._scenes.popitem(last=False)
            return self._scenes[split, clip]


def open_streets(path: Path | str | None = None, *, toy: bool = False) -> Dataset:
    """``path`` is what stands after ``streets:``, options and no folder."""
    text = str(path) if path else ""
    options = TOY if toy else parse(text)
    splits = {
        split: tuple(_sequence(options, split, clip) for clip in range(count))
        for split, count in options.counts().items()
    }
    return Dataset(
        name="toy" if toy else f"streets:{text}",
        protocol=f"simulated streets, revision {REVISION}",
        classes=CLASSES,
        splits=splits,
        reader=StreetReader(options),
        rate_hz=options.rate_hz,
        notes=(f"drawn from {options.text()}",),
    )


def clip_name(split: str, clip: int) -> str:
    return f"{split}_{clip:03d}"


def _sequence(options: Options, split: str, clip: int) -> FrameSequence:
    name = clip_name(split, clip)
    return FrameSequence(name, tuple(_frame(options, split, clip, index) for index in range(options.frames)))


def _frame(options: Options, split: str, clip: int, index: int) -> Frame:
    key = f"seed={options.seed} split={split} clip={clip} frame={index * options.frame_every}"
    return Frame(f"{clip_name(split, clip)}_{index:05d}", key, key if options.labelled(index) else "", index)


def _parsed(key: str) -> tuple[str, int, int]:
    parts = dict(part.split("=") for part in key.split())
    return parts["split"], int(parts["clip"]), int(parts["frame"])
