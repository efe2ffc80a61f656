"""The loaders that ours is measured against: every sample decoded from its files, then augmented step by step."""

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageEnhance

from segsmith.data.augment import MEAN, STD
from segsmith.data.base import VOID, Clip

SIZE = (360, 480)
SCALE, JITTER = (0.5, 2.0), 0.3
MEAN_LEVELS = tuple(round(255 * value) for value in MEAN)
Arrays: TypeAlias = list[npt.NDArray[np.generic]]


def with_pillow(clip: Clip, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    scale, mirror = rng.uniform(*SCALE), rng.random() < 0.5
    brightness, contrast, saturation = rng.uniform(1 - JITTER, 1 + JITTER, 3)
    turn, at = int(rng.uniform(-JITTER, JITTER) * 20), rng.random(2)
    height, width = round(SIZE[0] * scale), round(SIZE[1] * scale)
    left, top = int(at[0] * (width - SIZE[1])), int(at[1] * (height - SIZE[0]))
    box = (left, top, left + SIZE[1], top + SIZE[0])
    frames: Arrays = []
    masks: Arrays = []
    for frame in clip.frames:
        image, mask = Pillow.open(frame.image).convert("RGB"), Pillow.open(frame.mask)
        image = image.resize((width, height), Pillow.Resampling.BILINEAR)
        mask = mask.resize((width, height), Pillow.Resampling.NEAREST)
        canvas, labels = Pillow.new("RGB", SIZE[::-1], MEAN_LEVELS), Pillow.new("L", SIZE[::-1], VOID)
        canvas.paste(image if scale < 1 else image.crop(box), (-left, -top) if scale < 1 else (0, 0))
        labels.paste(mask if scale < 1 else mask.crop(box), (-left, -top) if scale < 1 else (0, 0))
        if mirror:
            canvas = canvas.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT)
            labels = labels.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT)
        canvas = ImageEnhance.Brightness(canvas).enhance(brightness)
        canvas = ImageEnhance.Contrast(canvas).enhance(contrast)
        canvas = ImageEnhance.Color(canvas).enhance(saturation)
        hue, *others = canvas.convert("HSV").split()
        hue = hue.point([(level + turn) % 256 for level in range(256)])
        canvas = Pillow.merge("HSV", (hue, *others)).convert("RGB")
        frames.append(normalised(np.asarray(canvas)))
        masks.append(np.asarray(labels))
    return frames, masks


def with_opencv(clip: Clip, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    scale, mirror = rng.uniform(*SCALE), rng.random() < 0.5
    brightness, contrast, saturation = rng.uniform(1 - JITTER, 1 + JITTER, 3)
    turn, at = int(rng.uniform(-JITTER, JITTER) * 20), rng.random(2)
    height, width = round(SIZE[0] * scale), round(SIZE[1] * scale)
    lower, right = max(0, SIZE[0] - height), max(0, SIZE[1] - width)
    top, left = int(at[1] * max(0, height - SIZE[0])), int(at[0] * max(0, width - SIZE[1]))
    hues = ((np.arange(256) + turn) % 180).astype(np.uint8)
    frames: Arrays = []
    masks: Arrays = []
    for frame in clip.frames:
        image = cv2.cvtColor(cv2.imread(frame.image), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(frame.mask, cv2.IMREAD_UNCHANGED)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
        image = image[top : top + SIZE[0], left : left + SIZE[1]]
        mask = mask[top : top + SIZE[0], left : left + SIZE[1]]
        if mirror:
            image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
        image = cv2.copyMakeBorder(image, 0, lower, 0, right, cv2.BORDER_CONSTANT, value=MEAN_LEVELS)
        mask = cv2.copyMakeBorder(mask, 0, lower, 0, right, cv2.BORDER_CONSTANT, value=VOID)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        image = cv2.convertScaleAbs(image, None, brightness * contrast, brightness * (1 - contrast) * grey.mean())
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        image = cv2.addWeighted(image, saturation, grey, 1 - saturation, 0)
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        hsv[:, :, 0] = cv2.LUT(hsv[:, :, 0], hues)
        frames.append(normalised(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)))
        masks.append(mask)
    return frames, masks


def normalised(image: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    levels = (image.astype(np.float32) / 255 - np.float32(MEAN)) / np.float32(STD)
    return np.ascontiguousarray(levels.transpose(2, 0, 1))
