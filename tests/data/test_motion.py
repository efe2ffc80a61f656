"""Clips made from one picture: smooth, seeded, frame and mask together."""

import numpy as np
import pytest
from memory_data import labels, picture

from segsmith.data.base import VOID, Image
from segsmith.data.motion import motion_clip, random_path

SIZE = (96, 128)


def made(seed: int, length: int = 5, strength: float = 1.0, **options: object) -> tuple[Image, Image]:
    rng = np.random.default_rng(seed)
    return motion_clip(picture(1, *SIZE), labels(1, *SIZE), length, rng, strength, **options)


@pytest.mark.parametrize("anchor", [0, 2, -1])
def test_the_anchor_is_the_picture_itself_and_others_moved(anchor: int) -> None:
    frames, masks = made(3, anchor=anchor)
    assert frames.shape == (5, *SIZE, 3)
    assert masks.shape == (5, *SIZE)
    np.testing.assert_array_equal(frames[anchor], picture(1, *SIZE))
    np.testing.assert_array_equal(masks[anchor], labels(1, *SIZE))
    assert sum(np.array_equal(frame, frames[anchor]) for frame in frames) == 1


def test_the_same_seed_gives_the_same_clip() -> None:
    np.testing.assert_array_equal(made(4)[0], made(4)[0])
    assert not np.array_equal(made(4)[0], made(5)[0])


def test_without_strength_nothing_moves() -> None:
    frames, masks = made(0, strength=0.0)
    assert (frames == frames[-1]).all()
    assert (masks == masks[-1]).all()


def test_frame_and_mask_move_together() -> None:
    colours = np.zeros((256, 3), np.uint8)
    colours[:3] = np.diag([250, 250, 250])
    mask = np.where(labels(1, *SIZE) == VOID, 0, labels(1, *SIZE)).astype(np.uint8)
    frames, masks = motion_clip(colours[mask], mask, 6, np.random.default_rng(2), 2.0)
    known = masks != VOID
    assert 0.5 < known.mean() < 1, "a strong motion leaves the picture somewhere"
    assert (frames.argmax(-1)[known] == masks[known]).mean() > 0.97


def test_what_was_not_seen_is_void_and_nothing_else_is() -> None:
    mask = np.zeros(SIZE, np.uint8)
    for seed in range(10):
        _, masks = motion_clip(np.zeros((*SIZE, 3), np.uint8), mask, 4, np.random.default_rng(seed), 2.0)
        assert set(np.unique(masks)) <= {0, VOID}
        inner = masks[:, SIZE[0] // 3 : SIZE[0] // 2, SIZE[1] // 3 : -SIZE[1] // 3]
        assert (inner == 0).all(), "near the centre nothing comes from outside"


def test_motion_is_smooth() -> None:
    """Each step is about as long as the one before it, and none jumps."""
    for seed in range(20):
        path = random_path(12, np.random.default_rng(seed))
        for travelled in (path.zoom, path.turn, path.shift_x, path.shift_y):
            steps = np.diff(travelled)
            assert travelled[-1] == 0
            assert (np.sign(steps) == np.sign(steps[0])).all()
            assert np.abs(steps).max() < 3 * np.abs(steps).min()


def test_the_street_moves_faster_than_the_sky() -> None:
    slanted = np.tile(np.arange(SIZE[1], dtype=np.uint8), (SIZE[0], 1))
    image = np.repeat(slanted[:, :, None], 3, 2)
    faster = 0
    for seed in range(10):
        frames, _ = motion_clip(image, slanted, 2, np.random.default_rng(seed), 2.0)
        moved = np.abs(frames[0].astype(int) - frames[1]).mean((1, 2))
        faster += moved[-20:].mean() > moved[:20].mean()
    assert faster >= 8


def test_a_window_is_that_part_of_the_whole() -> None:
    window = (slice(10, 50), slice(30, 100))
    whole_frames, whole_masks = made(7)
    frames, masks = made(7, window=window)
    np.testing.assert_array_equal(frames, whole_frames[:, *window])
    np.testing.assert_array_equal(masks, whole_masks[:, *window])
