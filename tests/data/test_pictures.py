"""Pictures of masks: the right pixels in the right colours."""

import numpy as np
import pytest

from segsmith.data.base import VOID, Classes, Image
from segsmith.data.pictures import (
    WRONG,
    captioned,
    coloured,
    confusion_picture,
    errors,
    fitted,
    legend,
    overlay,
    sheet,
    side_by_side,
)

CLASSES = Classes(("road", "sky", "car"), ((100, 0, 0), (0, 200, 0), (0, 0, 240)))


@pytest.fixture
def frame() -> Image:
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)


@pytest.fixture
def mask() -> Image:
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 20:40] = 1
    mask[:, 40:] = VOID
    return mask


def test_overlay_blends_classes_and_leaves_void_alone(frame: Image, mask: Image) -> None:
    before = frame.copy()
    shown = overlay(frame, mask, CLASSES, alpha=0.25)
    assert shown.dtype == np.uint8
    for columns, colour in ((slice(0, 20), (100, 0, 0)), (slice(20, 40), (0, 200, 0))):
        expected = 0.25 * np.array(colour) + 0.75 * frame[:, columns]
        assert np.abs(shown[:, columns] - expected).max() <= 0.5
    assert (shown[:, 40:] == frame[:, 40:]).all()
    assert (frame == before).all()


def test_overlay_at_its_extremes_is_the_frame_and_the_mask(frame: Image, mask: Image) -> None:
    mask[mask == VOID] = 2
    assert (overlay(frame, mask, CLASSES, alpha=0.0) == frame).all()
    assert (overlay(frame, mask, CLASSES, alpha=1.0) == coloured(mask, CLASSES)).all()


def test_contours_are_drawn_between_classes_alone(frame: Image, mask: Image) -> None:
    before = frame.copy()
    shown = overlay(frame, mask, CLASSES, contour=True)
    changed = (shown != frame).any(axis=(0, 2)).nonzero()[0].tolist()
    assert changed == [19, 20, 39]
    assert (shown[:, 20] == (0, 200, 0)).all()
    assert (frame == before).all()


def test_ids_that_are_no_class_are_grey_and_void_is_black() -> None:
    shown = coloured(np.array([[0, 2, 9, VOID]], np.uint8), CLASSES)
    assert shown[0].tolist() == [[100, 0, 0], [0, 0, 240], [128, 128, 128], [0, 0, 0]]


def test_errors_are_red_and_what_is_right_is_grey(frame: Image, mask: Image) -> None:
    prediction = np.zeros_like(mask)
    shown = errors(frame, prediction, mask).astype(int)
    assert (shown[:, :20].max(axis=2) == shown[:, :20].min(axis=2)).all()
    assert (shown[:, 20:40, 0] - shown[:, 20:40, 1] > 0.6 * (WRONG[0] - WRONG[1])).all()
    assert (shown[:, 40:, 2] > shown[:, 40:, 0]).all()
    assert (errors(frame, mask, mask)[:, 40:] == shown[:, 40:]).all()


def test_a_mask_of_another_size_is_refused(frame: Image, mask: Image) -> None:
    with pytest.raises(ValueError, match=r"a mask \(20, 60\) for a frame \(40, 60, 3\)"):
        overlay(frame, mask[:20], CLASSES)
    with pytest.raises(ValueError, match="a mask"):
        errors(frame, mask[:20], mask)


@pytest.mark.parametrize("width", [60, 150, 600])
def test_a_legend_shows_every_colour_at_any_width(width: int) -> None:
    strip = legend(CLASSES, width)
    assert strip.shape[1] == width
    shown = {tuple(colour) for colour in strip.reshape(-1, 3).tolist()}
    assert set(CLASSES.colours) <= shown


def test_a_narrow_legend_has_more_lines() -> None:
    assert legend(CLASSES, 60).shape[0] == 3 * legend(CLASSES, 600).shape[0]


def test_a_caption_is_written_under_the_image(frame: Image) -> None:
    shown = captioned(frame, "a frame")
    assert (shown[:40] == frame).all()
    assert shown[40:].min() < 100
    assert captioned(frame, "").min(axis=(1, 2))[40:].tolist() == [255] * (len(shown) - 40)


def test_fitting_keeps_shape_and_leaves_what_fits() -> None:
    wide = np.zeros((10, 40, 3), np.uint8)
    shown = fitted(wide, 20, 20)
    assert shown.shape == (20, 20, 3)
    assert (shown == 0).all(axis=2).sum() == 5 * 20
    assert (fitted(wide, 10, 40) == wide).all()


def test_a_sheet_puts_tiles_in_rows(frame: Image) -> None:
    tiles = [np.full_like(frame, value) for value in (10, 20, 30)]
    shown = sheet(tiles, 2, gap=4)
    assert shown.shape == (84, 124, 3)
    assert [shown[0, 0, 0], shown[0, 64, 0], shown[44, 0, 0], shown[44, 64, 0]] == [10, 20, 30, 255]
    assert sheet(tiles[:1], 5).shape == frame.shape
    with pytest.raises(ValueError, match="a sheet of 0 tiles"):
        sheet([], 2)


def test_side_by_side_keeps_the_first_height(frame: Image) -> None:
    shown = side_by_side(frame, np.zeros((80, 120, 3), np.uint8), gap=0)
    assert shown.shape == (40, 120, 3)
    assert (shown[:, :60] == frame).all()
    assert (shown[:, 60:] == 0).all()


def test_a_confusion_picture_is_dark_where_counts_are() -> None:
    matrix = np.array([[90, 10, 0], [0, 0, 0], [50, 0, 50]])
    shown = confusion_picture(matrix, CLASSES.names, cell=30)
    cells = shown[-91:-1, -91:-1].reshape(3, 30, 3, 30, 3)
    corner = cells[:, 3, :, 3].sum(axis=2).astype(int)
    assert corner[0, 0] < corner[2, 0] == corner[2, 2] < corner[0, 1] < 765
    assert (corner[1] == 765).all()
    with pytest.raises(ValueError, match="3 names"):
        confusion_picture(np.eye(2), CLASSES.names)
