"""What key frames are worth where the scene changes, beside key frames by period, at an equal share of key frames.

    python benchmarks/keyframes.py MODEL [--data toy] [--split val] [--clips 15] [--every 3 6 9] [--cuts]

Every frame runs once as a step, which tells its scene; what threshold has as many key frames as a period is then found
without the network. Each way runs once for its mask scores. With ``--cuts`` all clips are one video, else each is one
of its own. ``runs`` counts what was computed: a frame whose scene is another is a step first, and a key frame then.
"""

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import record
from segsmith.cli.output import say
from segsmith.data.base import Dataset, Image
from segsmith.data.open import open_dataset
from segsmith.deploy.streams import Stream, Streams, When
from segsmith.errors import UserError
from segsmith.metrics import Confusion
from segsmith.runtimes.graphs import CLASSES, FRAME, KEY, SCENE, STEP
from segsmith.runtimes.opening import Settings, open_runner
from segsmith.runtimes.runner import Floats, Runner

Shots = Sequence[tuple[Image, Image | None]]

PERIOD, BY_SCENE, BY_THUMBNAIL = "period", "scene", "thumbnail"
HALVINGS = 14
HIGHEST = 4.0
"""No threshold is above; nothing is that far from anything."""


class Watched(Runner):
    """Counts what is run; ``tells`` False keeps the scene back."""

    def __init__(self, runner: Runner, tells: bool) -> None:
        self.runner, self.tells_scene = runner, tells
        self.backend, self.meta, self.parts, self.size = runner.backend, runner.meta, runner.parts, runner.size
        self.runs = {KEY: 0, STEP: 0}

    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        self.runs[part] += 1
        found = self.runner.run(part, inputs)
        return found if self.tells_scene else {name: value for name, value in found.items() if name != SCENE}


class Replay(Runner):
    """Tells the scenes that were recorded, of the frame at ``place``; runs nothing."""

    backend = "none"
    parts = (KEY, STEP)

    def __init__(self, like: Runner, scenes: Sequence[Floats], tells: bool) -> None:
        self.meta, self.scenes, self.tells_scene = like.meta, scenes, tells
        self.place = 0

    def run(self, part: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        found = {CLASSES: inputs[FRAME][..., 0]}
        return found | ({SCENE: self.scenes[self.place][None]} if self.tells_scene and part == STEP else {})


@dataclass
class Way:
    """One way to have key frames, and what came of it."""

    how: str
    when: When
    confusion: Confusion
    ages: list[int] = field(default_factory=list)

    def record(self, runs: Mapping[str, int]) -> dict[str, Any]:
        return {
            "how": self.how,
            "every": self.when.every if self.how == PERIOD else None,
            "threshold": self.when.change,
            "key_share": round(self.ages.count(0) / len(self.ages), 4),
            "oldest": max(self.ages),
            "miou": round(self.confusion.scores().miou, 4),
            "runs": dict(runs),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a run, a checkpoint or an exported file of a video network")
    parser.add_argument("--data", default="toy")
    parser.add_argument("--split", default="val")
    parser.add_argument("--clips", type=int, default=0, help="so many at most; 0 for all")
    parser.add_argument("--every", type=int, nargs="+", default=[3, 6, 9])
    parser.add_argument("--thresholds", type=float, nargs="*", default=[], help="of the scene, beside those found")
    parser.add_argument("--cuts", action="store_true", help="all clips as one video")
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args()
    # that thumbnails stand in is said for every stream
    logging.getLogger("segsmith").setLevel(logging.ERROR)
    runner = open_runner(given.model, settings=Settings(given.threads))
    if not runner.tells_scene:
        raise UserError("its steps tell no scene", path=given.model)
    dataset = open_dataset(given.data)
    if dataset.classes.names != runner.meta.classes:
        raise UserError(f"{dataset.name} has other classes than the network", fix="--data with what it learned on")
    clips = clips_of(dataset, given.split, given.clips)
    videos = [[shot for clip in clips for shot in clip]] if given.cuts else clips
    scenes = [seen(runner, video) for video in videos]
    whens = [(BY_SCENE, When(change=threshold)) for threshold in given.thresholds]
    for every in given.every:
        share = key_share(runner, videos, scenes, PERIOD, When(every))
        found = {how: threshold(runner, videos, scenes, how, share) for how in (BY_SCENE, BY_THUMBNAIL)}
        whens += [(PERIOD, When(every)), *((how, When(change=change)) for how, change in found.items())]
    rows = []
    for how, when in whens:
        rows.append(judged(runner, videos, how, when))
        say(json.dumps(rows[-1]))
    frames = sum(map(len, videos))
    record.write("keyframes", data=given.data, split=given.split, cuts=given.cuts, frames=frames, ways=rows)


def clips_of(dataset: Dataset, split: str, most: int) -> list[Shots]:
    sequences = dataset.splits[split][: most or None]
    return [[(dataset.reader.image(f), dataset.reader.mask(f)) for f in sequence.frames] for sequence in sequences]


def seen(runner: Runner, video: Shots) -> list[Floats]:
    """The scene of every frame but the first, which no step sees."""
    answer = runner.key(video[0][0][None])
    found: list[Floats] = [np.zeros(0, np.float32)]
    for image, _ in video[1:]:
        answer = runner.step(image[None], answer.state)
        assert answer.scene is not None
        found.append(answer.scene[0])
    return found


def key_share(
    runner: Runner, videos: Sequence[Shots], scenes: Sequence[Sequence[Floats]], how: str, when: When
) -> float:
    keys = frames = 0
    for video, told in zip(videos, scenes, strict=True):
        replay = Replay(runner, told, how != BY_THUMBNAIL)
        stream = Stream(Streams(replay, 1, when))
        for replay.place, (image, _) in enumerate(video):
            stream(image)
        keys, frames = keys + stream.keys, frames + stream.frames
    return keys / frames


def threshold(
    runner: Runner, videos: Sequence[Shots], scenes: Sequence[Sequence[Floats]], how: str, share: float
) -> float:
    """The lowest that has no larger share of key frames."""
    low, high = 0.0, HIGHEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if key_share(runner, videos, scenes, how, When(change=middle)) > share:
            low = middle
        else:
            high = middle
    return high


def judged(runner: Runner, videos: Sequence[Shots], how: str, when: When) -> dict[str, Any]:
    watched = Watched(runner, how != BY_THUMBNAIL)
    way = Way(how, when, Confusion(len(runner.meta.classes)))
    for video in videos:
        stream = Stream(Streams(watched, 1, when))
        for image, mask in video:
            answer = stream(image)
            way.ages.append(stream.age)
            if mask is not None:
                way.confusion.update(answer, mask)
    return way.record(watched.runs)


if __name__ == "__main__":
    main()
