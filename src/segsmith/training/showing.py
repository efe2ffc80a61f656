"""A trained network's answers as a video, beside the frames."""

from pathlib import Path

import numpy as np

from segsmith.data.base import Dataset
from segsmith.data.film import Film
from segsmith.data.pictures import captioned, legend, overlay, side_by_side
from segsmith.training.evaluation import Answerer

RATE = 10.0


def film(answerer: Answerer, dataset: Dataset, split: str, path: Path, key_every: int, sequences: int = 3) -> Path:
    """The first sequences of a split: frame and overlay side by side, a legend below, key frames said."""
    strip = None
    with Film(path, RATE) as out:
        for sequence in dataset.splits[split][:sequences]:
            for place, frame in enumerate(sequence.frames):
                image = dataset.reader.image(frame)
                step = place % key_every
                answer = answerer.step(image) if step else answerer.key(image)
                said = f"{step} after the key frame" if step else "key frame"
                row = side_by_side(
                    captioned(image, frame.name), captioned(overlay(image, answer, dataset.classes), said), gap=0
                )
                strip = legend(dataset.classes, row.shape[1]) if strip is None else strip
                out.write(np.vstack([row, strip]))
    return path
