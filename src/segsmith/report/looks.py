"""What a trained network makes of frames of its data: the worst, some others, and a clip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segsmith.data.base import Dataset, Frame, FrameSequence, Image
from segsmith.data.open import open_dataset
from segsmith.data.pictures import errors, fitted, overlay
from segsmith.networks.dynamic import DynamicNetwork
from segsmith.networks.loading import load
from segsmith.report.blocks import Clip, Strip
from segsmith.report.pictures import WIDEST, clip, picture, shrunk
from segsmith.report.read import Judged, Run
from segsmith.training.answerers import TorchAnswerer
from segsmith.training.evaluation import frame_miou
from segsmith.training.match import require_same_classes

WORST, OTHERS, LENGTH = 3, 3, 40
PIXELS = LENGTH * 720 * 960
"""A clip is shorter where frames are so large that it would keep its reader waiting."""

RATE, LEAST = 10.0, 6


@dataclass(frozen=True)
class Looks:
    """``classes``, ``size`` and ``protocol`` are those of the data."""

    split: str
    strips: tuple[Strip, ...]
    clip: Clip | None


@dataclass(frozen=True)
class Place:
    """Where a frame stands."""

    sequence: FrameSequence
    index: int

    @property
    def frame(self) -> Frame:
        return self.sequence.frames[self.index]


def look(run: Run, judged: Judged) -> Looks:
    """Run the network of a run once more, on the split that it was judged on."""
    network = load(run.path)
    meta = network.meta
    assert meta is not None
    dataset = open_dataset(str(judged.record.get("data") or run.configuration["data"]))
    require_same_classes(meta, dataset)
    every = int(judged.record.get("key_every", 1)) if isinstance(network, DynamicNetwork) else 1
    answerer = TorchAnswerer(network, meta)
    worst = [entry["frame"] for entry in judged.record.get("worst", ())]
    strips = [_strip(dataset, answerer, place, every, why) for why, place in chosen(dataset, judged.split, worst)]
    return Looks(judged.split, tuple(strips), _clip(dataset, answerer, judged.split, every))


def chosen(dataset: Dataset, split: str, worst: Sequence[str]) -> Iterator[tuple[str, Place]]:
    """Labelled frames: the worst that are known, one of each sequence, for neighbours look alike; then others, spread
    evenly."""
    sequences = dataset.splits.get(split, ())
    places = [Place(one, i) for one in sequences for i, frame in enumerate(one.frames) if frame.labelled]
    known = {place.frame.name: place for place in reversed(places)}
    bad = list({known[name].sequence.name: known[name] for name in reversed(worst) if name in known}.values())[::-1]
    rest = [place for place in places if place not in bad]
    for place in bad[:WORST]:
        yield "one of the worst", place
    step = max(1, len(rest) // OTHERS)
    for place in rest[step // 2 :: step][:OTHERS]:
        yield "as it comes", place


def answers(
    dataset: Dataset, answerer: TorchAnswerer, frames: Sequence[Frame], every: int
) -> Iterator[tuple[Image, Image]]:
    """Every frame with the network's answer; the first is a key frame."""
    for index, frame in enumerate(frames):
        image = dataset.reader.image(frame)
        yield image, answerer.step(image) if index % every else answerer.key(image)


def _strip(dataset: Dataset, answerer: TorchAnswerer, place: Place, every: int, why: str) -> Strip:
    """The answer as the stream gives it: from the last key frame on."""
    behind = place.index % every
    frames = place.sequence.frames[place.index - behind : place.index + 1]
    image, answer = list(answers(dataset, answerer, frames, every))[-1]
    truth = dataset.reader.mask(place.frame)
    assert truth is not None
    said = "" if every == 1 else f", {behind} after the key frame" if behind else ", a key frame"
    pictures = (
        picture(image, "frame"),
        picture(overlay(image, answer, dataset.classes), "answer"),
        picture(overlay(image, truth, dataset.classes), "truth"),
        picture(errors(image, answer, truth), "wrong in red"),
    )
    return Strip(f"{place.frame.name}: mIoU {100 * frame_miou(answer, truth):.1f} %{said} ({why})", pictures)


def _clip(dataset: Dataset, answerer: TorchAnswerer, split: str, every: int) -> Clip | None:
    """The first sequences that are long enough to see something move, one behind the other."""
    sequences = [one for one in dataset.splits.get(split, ()) if len(one.frames) >= LEAST]
    if not sequences:
        return None
    height, width = dataset.reader.image(sequences[0].frames[0]).shape[:2]
    room = max(LEAST, min(LENGTH, PIXELS // (height * width)))
    shown: list[Image] = []
    for sequence in sequences:
        for image, answer in answers(dataset, answerer, sequence.frames[: room - len(shown)], every):
            both = np.hstack([image, overlay(image, answer, dataset.classes)])
            shown.append(both if not shown else fitted(both, *shown[0].shape[:2]))
        if len(shown) >= room:
            break
    words = f"{len(shown)} frames of {split}, a frame and the answer to it side by side"
    said = f"{words}; a key frame every {every}" if every > 1 else words
    return clip([shrunk(frame, 2 * WIDEST) for frame in shown], dataset.rate_hz or RATE, said)
