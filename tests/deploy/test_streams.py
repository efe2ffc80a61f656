"""Streams: when key frames come, and that no stream meets another's state."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from stream_help import Counting

from segsmith.deploy.scenes import change, thumbnail
from segsmith.deploy.streams import Stream, Streams, When
from segsmith.errors import UserError
from segsmith.runtimes.graphs import KEY, STEP
from segsmith.runtimes.runner import Frames

SIZE = (24, 32)


def frame(value: int, size: tuple[int, int] = SIZE) -> Frames:
    return np.full((*size, 3), value, np.uint8)


def told(mask: npt.NDArray[np.uint8]) -> int:
    return int(mask[0, 0])


def test_key_frames_come_by_period() -> None:
    stream = Stream(Streams(Counting(), 1, When(every=3)))
    assert [told(stream(frame(10 * n))) for n in range(7)] == [0, 1, 2, 30, 31, 32, 60]
    assert (stream.frames, stream.keys, stream.age) == (7, 3, 0)
    assert stream.key_share == pytest.approx(3 / 7)


def test_a_key_frame_serves_no_longer_than_its_age_allows() -> None:
    stream = Stream(Streams(Counting(), 1, When(every=10, max_age=2)))
    assert [told(stream(frame(10 * n))) for n in range(5)] == [0, 1, 20, 21, 40]


def scene(seed: int) -> Frames:
    return np.random.default_rng(seed).integers(0, 256, (3, 4, 3)).astype(np.uint8).repeat(40, 0).repeat(40, 1)


def parts_run(sees: bool, seeds: Sequence[int], when: When) -> list[str]:
    runner = Counting(sees=sees)
    stream = Stream(Streams(runner, 1, when))
    for seed in seeds:
        stream(scene(seed))
    return [part for part, _ in runner.calls]


def test_a_frame_whose_step_tells_another_scene_runs_again_as_a_key_frame() -> None:
    runner = Counting()
    stream = Stream(Streams(runner, 1, When(change=0.4)))
    shown = [scene(seed) for seed in (1, 1, 1, 2, 2, 3)]
    found = [told(stream(picture)) for picture in shown]
    first = [int(picture[0, 0, 0]) for picture in shown]
    assert [part for part, _ in runner.calls] == [KEY, STEP, STEP, STEP, KEY, STEP, STEP, KEY]
    assert found == [first[0], first[0] + 1, first[0] + 2, first[3], first[3] + 1, first[5]]
    assert (stream.frames, stream.keys, stream.age) == (6, 3, 0)


def test_where_steps_tell_no_scene_thumbnails_do_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert parts_run(False, (1, 1, 1, 2, 2, 3), When(change=0.5)) == [KEY, STEP, STEP, KEY, STEP, KEY]
    (line,) = caplog.messages
    assert "told by thumbnails" in line
    assert "\n" not in line


def test_nothing_is_said_where_scenes_are_told_or_not_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    Streams(Counting(), 1, When(change=0.5))
    Streams(Counting(sees=False), 1, When())
    Streams(Counting((KEY,), sees=False), 1, When(change=0.5))
    assert caplog.messages == []


def test_a_key_frame_by_age_is_compared_with_what_the_step_before_it_saw() -> None:
    when = When(change=0.4, max_age=3)
    assert parts_run(True, (1, 1, 1, 1, 2), when) == [KEY, STEP, STEP, KEY, STEP, KEY]


def test_a_video_that_starts_anew_has_no_scene_behind_it() -> None:
    runner = Counting()
    stream = Stream(Streams(runner, 1, When(change=0.4)))
    for seed in (1, 1):
        stream(scene(seed))
    stream.reset()
    for seed in (2, 2, 2):
        stream(scene(seed))
    assert [part for part, _ in runner.calls] == [KEY, STEP, KEY, STEP, STEP]


def test_only_the_stream_whose_scene_changed_has_a_key_frame() -> None:
    runner = Counting()
    streams = Streams(runner, 2, When(change=0.4))
    for pair in ((1, 5), (1, 5), (2, 5)):
        streams([scene(seed) for seed in pair])
    assert runner.calls == [(KEY, 2), (STEP, 2), (STEP, 2), (KEY, 1)]
    assert [lane.age for lane in streams.lanes] == [0, 2]


def test_a_thumbnail_is_the_same_in_another_light() -> None:
    picture = scene(1)
    darker = (picture * 0.6 + 10).astype(np.uint8)
    assert change(thumbnail(picture), thumbnail(darker)) < 0.1
    assert change(thumbnail(picture), thumbnail(scene(2))) > 0.7


def test_without_a_bound_an_unchanged_scene_keeps_its_key_frame() -> None:
    stream = Stream(Streams(Counting(), 1, When(every=2, change=0.5)))
    for _ in range(9):
        stream(scene(1))
    assert stream.keys == 1
    bounded = Stream(Streams(Counting(), 1, When(change=0.5, max_age=3)))
    for _ in range(9):
        bounded(scene(1))
    assert bounded.keys == 3


def test_streams_share_batches_and_no_states() -> None:
    runner = Counting()
    streams = Streams(runner, 3, When(every=4))
    assert [told(mask) for mask in streams([frame(10), frame(20), frame(30)])] == [10, 20, 30]
    assert [told(mask) for mask in streams([frame(0)] * 3)] == [11, 21, 31]
    streams.reset(1)
    assert [told(mask) for mask in streams([frame(90)] * 3)] == [12, 90, 32]
    assert [told(mask) for mask in streams([frame(0)] * 3)] == [13, 91, 33]
    assert runner.calls == [(KEY, 3), (STEP, 3), (STEP, 2), (KEY, 1), (STEP, 3)]


def test_an_image_network_takes_every_frame_for_a_key_frame() -> None:
    runner = Counting((KEY,))
    stream = Stream(Streams(runner, 1, When(every=5)))
    assert [told(stream(frame(n))) for n in range(4)] == [0, 1, 2, 3]
    assert stream.key_share == 1


def test_frames_of_another_size_start_anew() -> None:
    stream = Stream(Streams(Counting(), 1, When(every=10)))
    assert [told(stream(f)) for f in (frame(1), frame(5), frame(7, (12, 16)), frame(9, (12, 16)))] == [1, 2, 7, 8]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: When(every=0), "every 0 frames"),
        (lambda: When(change=0.0), "scene change of 0.0"),
        (lambda: When(max_age=0), "serve 0 frames"),
        (lambda: Streams(Counting(), 0, When()), "0 streams"),
    ],
)
def test_settings_that_make_no_sense(wrong: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        wrong()


def test_frames_and_streams_must_agree() -> None:
    streams = Streams(Counting(), 2, When())
    with pytest.raises(ValueError, match="1 frames for 2 streams"):
        streams([frame(0)])
    with pytest.raises(ValueError, match="one size"):
        streams([frame(0), frame(0, (12, 16))])
