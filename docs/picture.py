"""The README's moving picture, of simulated streets alone:

    python docs/picture.py RUN [--clips 13 9] [--out docs/street.webp]

RUN is a trained video network. Frame and answer side by side, streets that it never saw, a key frame in ten.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from segsmith.data.base import Dataset, Image
from segsmith.data.open import open_dataset
from segsmith.data.pictures import captioned, overlay, side_by_side
from segsmith.networks.loading import load
from segsmith.training.answerers import TorchAnswerer

KEY_EVERY, ENLARGED = 10, 1.5
QUALITY = 55


def pictures(answerer: TorchAnswerer, dataset: Dataset, clips: list[int]) -> Iterator[Image]:
    for clip in clips:
        for place, frame in enumerate(dataset.splits["test"][clip].frames):
            image = dataset.reader.image(frame)
            step = place % KEY_EVERY
            answer = answerer.step(image) if step else answerer.key(image)
            height, width = (round(side * ENLARGED) for side in image.shape[:2])
            large = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
            mask = np.asarray(cv2.resize(answer, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
            said = f"{step} after the key frame: the cell alone" if step else "key frame: the whole network"
            tiles = captioned(large, "a street it never saw"), captioned(overlay(large, mask, dataset.classes), said)
            yield side_by_side(*tiles, gap=4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--clips", type=int, nargs="+", default=[13, 9])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "street.webp")
    asked = parser.parse_args()
    dataset, network = open_dataset("toy"), load(asked.run)
    assert network.meta is not None
    answerer = TorchAnswerer(network, network.meta)
    first, *others = [Pillow.fromarray(picture) for picture in pictures(answerer, dataset, asked.clips)]
    delay = round(1000 / dataset.rate_hz)
    first.save(asked.out, save_all=True, append_images=others, duration=delay, loop=0, quality=QUALITY, method=6)
    print(f"{asked.out}: {1 + len(others)} frames, {asked.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
