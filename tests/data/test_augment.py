"""Augmentation: both ways agree, frames and masks move together, nothing of a clip differs from frame to frame."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_data import labels, picture

from segsmith.data.augment import MEAN, STD, Augment, Sample, Size, on_cpu, on_device, output_size, stack
from segsmith.data.base import VOID, Image
from segsmith.errors import UserError

VARIED = Augment(crop=(48, 64), scale=(0.5, 2.0), mirror=True, jitter=0.4)
LEVEL = 1 / 255 / min(STD)


def allocate(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Full of rubbish, as memory used before is."""
    return torch.full(shape, 77, dtype=dtype)


def sample(augment: Augment, seed: int, images: list[Image], masks: list[Image | None]) -> Sample:
    draw = augment.draw(images[0].shape[:2], np.random.default_rng(seed))
    cut_masks = tuple(None if mask is None else draw.cut(mask) for mask in masks)
    return Sample(tuple(draw.cut(image) for image in images), cut_masks, draw)


def on_one(augment: Augment, image: Image, mask: Image | None = None, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    made = sample(augment, seed, [image], [mask])
    frames, masks = on_cpu([made], augment.crop or output_size([made]), allocate)
    return frames[0, 0].numpy(), masks[0, 0].numpy()


def mixed_samples(augment: Augment, seed: int) -> list[Sample]:
    sizes: list[Size] = [(40, 56), (96, 128), (31, 90)]
    return [
        sample(
            augment, seed + n, [picture(n, *size), picture(n + 9, *size)], [None if n == 1 else labels(n, *size)] * 2
        )
        for n, size in enumerate(sizes)
    ]


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_both_ways_agree(seed: int) -> None:
    samples = mixed_samples(VARIED, seed)
    frames, masks = on_cpu(samples, (48, 64), allocate)
    other_frames, other_masks = on_device(*stack(samples), [made.draw for made in samples], (48, 64))
    assert frames.shape == other_frames.shape == (3, 2, 3, 48, 64)
    assert torch.equal(masks, other_masks)
    gain = max(np.abs(made.draw.colour[:, :3]).sum(1).max() for made in samples) * min(STD) * 255
    assert float((frames - other_frames).abs().max()) < 1.01 * LEVEL * gain


def test_memory_is_channels_last_for_every_step() -> None:
    frames, _ = on_cpu(mixed_samples(VARIED, 0), (48, 64), allocate)
    device_frames, _ = on_device(*stack(mixed_samples(VARIED, 0)), [s.draw for s in mixed_samples(VARIED, 0)], (48, 64))
    for t in range(2):
        assert frames[:, t].is_contiguous(memory_format=torch.channels_last)
        assert device_frames[:, t].is_contiguous(memory_format=torch.channels_last)


@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    crop=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    scale=st.floats(0.1, 8),
    seed=st.integers(0, 1000),
)
@settings(max_examples=200, deadline=None)
def test_windows_stay_in_the_frame_and_in_the_crop(size: Size, crop: Size, scale: float, seed: int) -> None:
    draw = Augment(crop=crop, scale=(scale, scale)).draw(size, np.random.default_rng(seed))
    for span, length, room in zip((draw.rows, draw.columns), size, crop, strict=True):
        assert 0 <= span.source < span.source + span.source_length <= length
        assert 0 <= span.place < span.place + span.length <= room
        assert span.nearest().min() >= 0
        assert span.nearest().max() < span.source_length
        assert (np.abs(span.nearest() - span.exact()) <= 0.5 + 1e-9).all()


def test_plain_is_normalisation_alone() -> None:
    image, mask = picture(3), labels(3)
    frame, same = on_one(VARIED.plain(), image, mask)
    expected = (image / 255 - np.array(MEAN)) / np.array(STD)
    np.testing.assert_allclose(frame, expected.transpose(2, 0, 1), atol=1e-5)
    np.testing.assert_array_equal(same, mask)


def test_mirror_turns_half_of_the_clips_around() -> None:
    image, mask = picture(3), labels(3)
    plain, _ = on_one(Augment(), image, mask)
    mirrored = 0
    for seed in range(40):
        frame, moved = on_one(Augment(mirror=True), image, mask, seed)
        turned = not np.array_equal(moved, mask)
        mirrored += turned
        np.testing.assert_allclose(frame, plain[:, :, ::-1] if turned else plain, atol=1e-6)
        np.testing.assert_array_equal(moved, mask[:, ::-1] if turned else mask)
    assert 10 < mirrored < 30


def test_what_lies_outside_is_mean_and_void() -> None:
    image, mask = np.full((40, 56, 3), 255, np.uint8), np.zeros((40, 56), np.uint8)
    frame, labelled = on_one(Augment(crop=(60, 80), scale=(0.5, 0.5), jitter=0.3), image, mask)
    inside = labelled == 0
    assert inside.sum() == 20 * 28
    assert (labelled[~inside] == VOID).all()
    assert (frame[:, ~inside] == 0).all()
    assert (frame[:, inside] > 0.5).all()


def test_frames_and_masks_move_together() -> None:
    colours = np.array([[250, 10, 10], [10, 250, 10], [10, 10, 250]], np.uint8)
    mask = np.where(labels(5, 96, 128) == VOID, 0, labels(5, 96, 128)).astype(np.uint8)
    for seed in range(10):
        frame, moved = on_one(Augment(crop=(64, 64), scale=(0.5, 2.0), mirror=True), colours[mask], mask, seed)
        shown = moved != VOID
        assert shown.any()
        agree = frame.argmax(0)[shown] == moved[shown]
        assert agree.mean() > 0.97, "all but the pixels on an edge"


def test_every_frame_of_a_clip_is_treated_alike() -> None:
    image, mask = picture(1), labels(1)
    frames, masks = on_cpu([sample(VARIED, 8, [image] * 3, [mask, None, mask])], (48, 64), allocate)
    assert torch.equal(frames[0, 0], frames[0, 1])
    assert torch.equal(frames[0, 0], frames[0, 2])
    assert torch.equal(masks[0, 0], masks[0, 2])
    assert (masks[0, 1] == VOID).all(), "no mask: nothing is known"


def test_jitter_changes_colours_within_bounds() -> None:
    image = picture(2)
    plain, _ = on_one(Augment(), image)
    changes = [np.abs(on_one(Augment(jitter=0.2), image, seed=seed)[0] - plain).mean() for seed in range(20)]
    assert min(changes) > 0.01
    assert max(changes) < 1
    assert len(set(changes)) == 20


def test_jitter_turns_every_knob() -> None:
    """Read back from patches of one colour: contrast with brightness, saturation, hue."""
    patches = np.array([[[200] * 3, [50] * 3, [200, 50, 50]]], np.uint8)
    steps, chromas, hues = [], [], []
    for seed in range(40):
        frame, _ = on_one(Augment(jitter=0.2, mean=(0.5,) * 3, std=(1 / 255,) * 3), patches, seed=seed)
        light, dark, red = frame[:, 0].T
        step = (light - dark).mean() / 150
        steps.append(step)
        chromas.append((red[0] - red[1:].mean()) / 150 / step)
        hues.append((red[1] - red[2]) / 150 / step)
    assert max(steps) > 1.2, "more than brightness alone can do"
    for values, low, high in ((steps, 0.64, 1.44), (chromas, 0.79, 1.21), (hues, -0.15, 0.15)):
        assert low < min(values) < (low + high) / 2 < max(values) < high
        assert max(values) - min(values) > 0.4 * (high - low)


def test_grey_stays_grey() -> None:
    """Saturation and hue turn about the grey axis, brightness and contrast move along it."""
    image = np.repeat(picture(2)[:, :, :1], 3, 2)
    frame, _ = on_one(Augment(jitter=0.5, mean=(0.5,) * 3, std=(0.2,) * 3), image)
    np.testing.assert_allclose(frame[0], frame[1], atol=1e-5)
    np.testing.assert_allclose(frame[0], frame[2], atol=1e-5)


def test_scale_is_the_size_of_things() -> None:
    mask = np.zeros((200, 200), np.uint8)
    mask[90:110, 90:110] = 1
    for scale in (0.5, 1.5):
        _, moved = on_one(Augment(crop=(400, 400), scale=(scale, scale)), np.zeros((200, 200, 3), np.uint8), mask)
        assert (moved == 1).sum() == (20 * scale) ** 2


def test_whole_frames_of_several_sizes_share_a_batch() -> None:
    samples = mixed_samples(Augment(), 0)
    size = output_size(samples)
    assert size == (96, 128)
    _, masks = on_cpu(samples, size, allocate)
    assert (masks[0, :, 40:] == VOID).all()
    assert (masks[0, :, :, 56:] == VOID).all()


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"crop": (0, 64)}, "crop 0x64 is empty"),
        ({"scale": (2.0, 0.5)}, r"scale 2\.0-0\.5 is no range"),
        ({"jitter": 1.5}, r"jitter 1\.5 is outside"),
    ],
)
def test_wrong_settings_are_said(wrong: dict[str, object], line: str) -> None:
    with pytest.raises(UserError, match=line):
        Augment(**wrong)
