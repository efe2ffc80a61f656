"""Whether an exported network answers as the trained one does: both on the same clips, the state carried."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from segsmith.deploy.clips import Clips
from segsmith.metrics import Confusion
from segsmith.runtimes.runner import Answer, Runner

BOUNDS = {"fp32": 0.999, "fp16": 0.99, "int8": 0.8}
"""The share of pixels that must have the same class, by precision."""
GROWS = 10.0
"""Logits that become so much larger while the state is handed on will not stop there."""


@dataclass(frozen=True, slots=True)
class Parity:
    """``largest_logit`` puts ``largest_logit_difference`` in proportion, ``logit_growth`` is that of the clip's last
    frame against that of its first; all three are of the first clip, and None where the runtime gives no logits.
    ``miou`` is the export's, None where the frames have no labels of these classes."""

    runtime: str
    data: str
    clips: int
    frames_per_clip: int
    equal_pixels: float
    largest_logit_difference: float | None
    largest_logit: float | None
    logit_growth: float | None
    miou: float | None
    miou_torch: float | None

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def growing(self) -> str:
        """How much logits grow, where they grow without end; errors of rounding grow with them."""
        if self.logit_growth is None or self.logit_growth <= GROWS:
            return ""
        return f"logits grow {self.logit_growth:,.0f}-fold in {self.frames_per_clip} frames"

    def words(self) -> str:
        """One line for a person."""
        parts = [f"{self.equal_pixels:.4%} of pixels equal on {self.clips} clips of {self.frames_per_clip} frames"]
        if self.largest_logit_difference is not None:
            parts.append(f"logits off by at most {self.largest_logit_difference:.2g} (of {self.largest_logit:.2g})")
        if self.growing:
            parts.append(f"{self.growing}: take key frames far more often than that")
        if self.miou is not None and self.miou_torch is not None:
            parts.append(f"mIoU {self.miou:.2%}, in torch {self.miou_torch:.2%}")
        return "; ".join(parts)


class Side:
    """One network as it goes along a clip."""

    def __init__(self, runner: Runner, classes: int) -> None:
        self.runner, self.confusion = runner, Confusion(classes)
        self.last: Answer | None = None

    def answer(self, place: int, image: np.ndarray[Any, np.dtype[np.uint8]]) -> Answer:
        if place == 0 or self.last is None:
            self.last = self.runner.key(image[None])
        else:
            self.last = self.runner.step(image[None], self.last.state)
        return self.last


def compare(
    reference: Runner,
    exported: Runner,
    clips: Clips,
    witness: Runner | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Parity:
    """``witness`` is the same export with its logits shown, which are compared on the first clip."""
    names = reference.meta.classes
    sides = [Side(reference, len(names)), Side(exported, len(names))]
    shown = Side(witness, len(names)) if witness else None
    judged = clips.dataset.classes.names == names
    equal = pixels = 0
    logits = Logits()
    for number, clip in enumerate(clips):
        for place, (image, mask) in enumerate(clip):
            ours, theirs = (side.answer(place, image) for side in sides)
            equal += int(np.count_nonzero(ours.classes == theirs.classes))
            pixels += ours.classes.size
            if number == 0:
                logits.compare(ours, shown.answer(place, image) if shown else theirs)
            if judged and mask is not None:
                for side, answer in zip(sides, (ours, theirs), strict=True):
                    side.confusion.update(answer.classes[0], mask)
            progress()
    scored = sides[0].confusion.pixels > 0
    miou_torch, miou = (side.confusion.scores().miou if scored else None for side in sides)
    return Parity(
        runtime=exported.backend,
        data=f"{clips.dataset.name} ({clips.split})",
        clips=clips.count,
        frames_per_clip=clips.length,
        equal_pixels=equal / pixels,
        largest_logit_difference=logits.difference,
        largest_logit=logits.largest,
        logit_growth=logits.growth,
        miou=miou,
        miou_torch=miou_torch,
    )


class Logits:
    """The largest difference so far, beside the largest logit."""

    difference: float | None = None
    largest: float | None = None
    first: float | None = None
    growth: float | None = None

    def compare(self, ours: Answer, theirs: Answer) -> None:
        if ours.logits is None or theirs.logits is None:
            return
        largest = float(np.abs(ours.logits).max())
        self.difference = max(self.difference or 0.0, float(np.abs(ours.logits - theirs.logits).max()))
        self.largest = max(self.largest or 0.0, largest)
        self.first = self.first or largest
        self.growth = largest / self.first if self.first else None
