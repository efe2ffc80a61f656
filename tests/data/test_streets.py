"""The street simulator: the same everywhere, every class everywhere, steady in time, hard at the output's stride."""

import pickle
import subprocess
import sys
from hashlib import blake2b

import numpy as np
import pytest

from segsmith.data.base import VOID, Dataset, Image
from segsmith.data.ceiling import ceiling
from segsmith.data.classes import CAMVID, CITYSCAPES
from segsmith.data.open import open_dataset
from segsmith.data.streets.options import TOY, Options, parse
from segsmith.data.streets.reader import open_streets
from segsmith.errors import UserError

SMALL = "clips=3,frames=12,size=96x128,seed=4"
DIGEST = """
import sys
from hashlib import blake2b
from segsmith.data.streets.reader import open_streets
data = open_streets(sys.argv[1])
digest = blake2b()
for split in data.splits:
    for place in (7, 2):
        frame = data.frames(split)[place]
        digest.update(data.reader.mask(frame).tobytes() + data.reader.image(frame).tobytes())
print(digest.hexdigest())
"""


def mask_of(data: Dataset, split: str, clip: int, index: int) -> Image:
    mask = data.reader.mask(data.splits[split][clip].frames[index])
    assert mask is not None
    return mask


@pytest.fixture(scope="module")
def toy() -> Dataset:
    return open_dataset("toy")


@pytest.fixture(scope="module")
def toy_masks(toy: Dataset) -> dict[str, list[Image]]:
    """One frame of every clip of val and test, and of a sixth of those for training."""
    chosen = {"train": range(0, 42, 6), "val": range(9), "test": range(9)}
    return {split: [mask_of(toy, split, clip, 12) for clip in clips] for split, clips in chosen.items()}


def test_the_classes_are_camvids_in_its_order() -> None:
    order = "sky building pole road pavement tree sign fence car pedestrian bicyclist"
    assert CAMVID.names == tuple(order.split())
    assert CAMVID.colours[10] == (0, 128, 192)
    assert (len(CITYSCAPES), CITYSCAPES.colours[18]) == (19, (119, 11, 32))
    assert all(len(set(classes.colours)) == len(classes) for classes in (CAMVID, CITYSCAPES))


def test_another_process_draws_the_same_bytes() -> None:
    found = [
        subprocess.run([sys.executable, "-c", DIGEST, SMALL], capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    ]
    data, digest = open_streets(SMALL), blake2b()
    for split in data.splits:
        for place in (2, 7):  # in another order than in the other process
            data.reader.image(data.frames(split)[place])
    for split in data.splits:
        for place in (7, 2):
            frame = data.frames(split)[place]
            mask = data.reader.mask(frame)
            assert mask is not None
            digest.update(mask.tobytes() + data.reader.image(frame).tobytes())
    assert found == [digest.hexdigest()] * 2


def test_no_two_streets_are_alike() -> None:
    data, other = open_streets(SMALL), open_streets(SMALL.replace("seed=4", "seed=5"))
    pictures = [each.reader.image(each.frames(split)[0]) for each in (data, other) for split in each.splits]
    assert len({picture.tobytes() for picture in pictures}) == 6


def test_a_reader_travels_and_hands_out_pictures_of_its_own() -> None:
    data = open_streets(SMALL)
    frame = data.frames("val")[3]
    image = data.reader.image(frame)
    again = pickle.loads(pickle.dumps(data)).reader.image(frame)
    image[:] = 0
    assert np.array_equal(data.reader.image(frame), again)
    assert again.any()


def test_the_data_set_is_what_its_options_say() -> None:
    data = open_dataset(f"streets:{SMALL},label_every=5")
    assert {split: len(clips) for split, clips in data.splits.items()} == {"train": 1, "val": 1, "test": 1}
    frames = data.frames("train")
    assert [frame.index for frame in frames if frame.labelled] == [1, 6, 11]
    assert (frames[7].name, data.splits["train"][0].name, data.rate_hz) == ("train_000_00007", "train_000", 30.0)
    assert data.reader.mask(frames[7]) is None
    assert data.reader.image(frames[7]).shape == (96, 128, 3)
    every = open_dataset(f"streets:{SMALL}")
    assert np.array_equal(data.reader.image(frames[6]), every.reader.image(every.frames("train")[6]))


def test_a_slower_camera_sees_the_same_street() -> None:
    fast, slow = (
        open_streets("clips=3,frames=6,size=96x128"),
        open_streets("clips=3,frames=2,frame_every=3,size=96x128"),
    )
    assert (fast.rate_hz, slow.rate_hz) == (30.0, 10.0)
    for index, frame in enumerate(slow.frames("val")):
        assert frame.index == index
        assert np.array_equal(slow.reader.image(frame), fast.reader.image(fast.frames("val")[3 * index]))
        assert np.array_equal(slow.reader.mask(frame), fast.reader.mask(fast.frames("val")[3 * index]))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clip=4", "no option 'clip=4'"),
        ("clips", "no option 'clips'"),
        ("clips=many", "clips=many is no whole number"),
        ("clips=2", "clips=2 (from 3"),
        ("frames=0", "frames=0 (from 1"),
        ("size=big", "size=big is not HEIGHTxWIDTH"),
        ("size=9x480", "size=9x480 (sides from"),
        ("seed=-1", "seed=-1 is no whole number"),
        ("seed=1,seed=2", "seed is given twice"),
        ("label_every=0", "label_every=0 (from 1"),
        ("frame_every=31", "frame_every=31 (from 1"),
    ],
)
def test_a_wrong_option_is_named(text: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(text)
    assert told in str(caught.value)


def test_options_are_read_back_as_they_are_written() -> None:
    options = Options(clips=9, frames=2, size=(100, 64), seed=3, frame_every=4, label_every=2)
    assert parse(options.text()) == options
    assert parse("") == Options()


@pytest.mark.parametrize("size", ["48x300", "300x48", "97x131"])
def test_any_shape_of_picture_is_filled(size: str) -> None:
    data = open_streets(f"clips=3,frames=2,size={size}")
    for split in data.splits:
        mask = mask_of(data, split, 0, 1)
        assert mask.shape == tuple(int(side) for side in size.split("x"))
        assert (mask == VOID).mean() < 0.25


def test_masks_hold_classes_and_void_only(toy_masks: dict[str, list[Image]]) -> None:
    for masks in toy_masks.values():
        for mask in masks:
            assert set(np.unique(mask).tolist()) <= {*range(11), VOID}
            assert (mask == VOID).mean() < 0.2


def test_every_class_is_in_every_split_of_toy_in_a_sane_share(toy_masks: dict[str, list[Image]]) -> None:
    bounds = {"sky": (8, 30), "building": (8, 35), "pole": (0.5, 4), "road": (15, 45), "pavement": (1, 12),
              "tree": (2, 20), "sign": (0.3, 4), "fence": (0.5, 8), "car": (1.5, 15), "pedestrian": (0.4, 4),
              "bicyclist": (0.5, 5)}  # fmt: skip
    for split, masks in toy_masks.items():
        counts = sum(np.bincount(mask[mask != VOID], minlength=11) for mask in masks)
        for name, share in zip(CAMVID.names, 100 * counts / counts.sum(), strict=True):
            assert bounds[name][0] < share < bounds[name][1], f"{split}: {name} is {share:.2f} %"


def test_what_survives_at_an_eighth_is_worth_learning(toy_masks: dict[str, list[Image]]) -> None:
    everything = [mask for masks in toy_masks.values() for mask in masks]
    assert 0.75 < ceiling(everything, 8, 11) < 0.9
    assert ceiling(everything, 1, 11) == 1.0


def test_toy_is_small_and_split_by_street() -> None:
    assert TOY.counts() == {"train": 70, "val": 15, "test": 15}
    assert TOY.clips * TOY.frames * TOY.size[0] * TOY.size[1] < 90e6


def test_frames_follow_smoothly(toy: Dataset) -> None:
    """From frame to frame most labels stay, over the clip they do not; the picture never jumps."""
    for clip in (0, 3, 5):
        masks = [mask_of(toy, "val", clip, index) for index in (0, 1, 2, 17)]
        near, far = ((masks[0] != masks[other]).mean() for other in (1, 3))
        assert near < 0.15
        assert near < far
        frames = toy.splits["val"][clip].frames
        first, second = (toy.reader.image(frames[index]).astype(int) for index in (0, 1))
        assert np.abs(first - second).mean() < 25


def test_light_changes_and_things_keep_their_colour(toy: Dataset) -> None:
    frames = toy.splits["train"][1].frames
    brightness = [toy.reader.image(frames[index]).mean() for index in range(0, 18, 3)]
    assert 0.5 < max(brightness) - min(brightness) < 40


def test_the_picture_is_noisy_and_the_mask_is_not(toy: Dataset) -> None:
    """Where the mask is one class all around, the picture still varies."""
    frame = toy.splits["train"][0].frames[0]
    image, mask = toy.reader.image(frame).astype(float), mask_of(toy, "train", 0, 0)
    sky = image[:20, 100:140][(mask[:20, 100:140] == 0)]
    assert len(sky) > 100
    assert sky.std() > 1.0
