"""What a player is given: videos that are whole, cut off, damaged or odd, folders, raw frames."""

import io
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from export_help import picture
from PIL import Image as Pillow
from player_help import PAINT, count, film, play

from segsmith.deploy.sinks import FolderSink, RawSink, VideoSink
from segsmith.deploy.sources import Raw, open_source
from segsmith.errors import UserError


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("in.mp4", {"movflags": "faststart"}, "only .* of 120 frames can be decoded"),
        ("in.mkv", {}, "it ends after .* of 4.0 seconds"),
        ("in.avi", {}, "only .* of 120 frames can be decoded"),
    ],
)
def test_a_truncated_video_is_played_as_far_as_it_goes(
    tmp_path: Path, name: str, options: Mapping[str, str], said: str
) -> None:
    path = encoded(tmp_path / name, [n / 30 for n in range(120)], options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    source = open_source(str(path))
    tally = play(source, VideoSink(tmp_path / "out.mp4", source.rate, PAINT))
    assert 40 < tally.frames < 110
    assert count(tmp_path / "out.mp4") == tally.frames
    (line,) = source.troubles
    assert re.search(said, line)


def test_a_film_cut_within_its_fragments_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", 120, (120, 160))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    source = open_source(str(path))
    tally = play(source, VideoSink(tmp_path / "out.mp4", source.rate, PAINT))
    assert 40 < tally.frames < 110
    assert count(tmp_path / "out.mp4") == tally.frames
    assert len(source.troubles) == 1


def test_a_truncated_video_without_its_index_is_one_line(tmp_path: Path) -> None:
    """Most cameras write the index last: without it nobody knows where frames are."""
    path = encoded(tmp_path / "in.mp4", [n / 30 for n in range(60)], {})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(UserError, match=r"in\.mp4: not a whole video"):
        open_source(str(path))


def test_a_damaged_video_says_so_and_goes_on_behind_it(tmp_path: Path) -> None:
    path = encoded(tmp_path / "in.mp4", [n / 30 for n in range(120)], {}, keys_every=30)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)
    source = open_source(str(path))
    tally = play(source, FolderSink(tmp_path / "out", None))
    assert 80 < tally.frames <= 120
    assert len(source.troubles) == 1
    assert "damaged" in source.troubles[0]


def test_a_video_keeps_its_own_time(tmp_path: Path) -> None:
    """Frames come when they come: not one is lost, and each is shown when it was."""
    times = [0.0, 0.033, 0.05, 0.2, 0.21, 0.4, 0.433, 0.9]
    source = open_source(str(encoded(tmp_path / "vfr.mp4", times, {})))
    assert play(source, VideoSink(tmp_path / "out.mp4", source.rate, PAINT)).frames == 8
    with av.open(str(tmp_path / "out.mp4")) as container:
        found = np.array([frame.time for frame in container.decode(video=0)])
    assert found - found[0] == pytest.approx(times, abs=2e-3)
    assert source.troubles == []


def encoded(path: Path, times: Sequence[float], options: Mapping[str, str], keys_every: int = 250) -> Path:
    """As other programs write it."""
    with av.open(str(path), "w", options=dict(options)) as container:
        track = container.add_stream("libx264", rate=30, options={"g": str(keys_every)})
        track.width, track.height, track.pix_fmt = 160, 120, "yuv420p"
        if path.suffix == ".mp4":
            track.codec_context.time_base = Fraction(1, 1000)
        for n, time_ in enumerate(times):
            made = av.VideoFrame.from_ndarray(picture(n, (120, 160)), format="rgb24")
            made.pts, made.time_base = round(time_ * 30000), Fraction(1, 30000)
            container.mux(track.encode(made))
        container.mux(track.encode(None))
    return path


def test_odd_sizes(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for n in range(4):
        Pillow.fromarray(picture(n, (45, 63))).save(frames / f"{n}.png")
    source = open_source(str(frames))
    assert play(source, VideoSink(tmp_path / "out.mp4", source.rate, PAINT)).frames == 4
    assert count(tmp_path / "out.mp4") == 4


def test_a_broken_picture_is_left_out_and_said(tmp_path: Path) -> None:
    for n in range(5):
        Pillow.fromarray(picture(n)).save(tmp_path / f"{n}.png")
    whole = (tmp_path / "2.png").read_bytes()
    (tmp_path / "2.png").write_bytes(whole[: len(whole) // 2])
    source = open_source(str(tmp_path))
    tally = play(source, FolderSink(tmp_path / "out", None))
    assert tally.frames == 4
    assert sorted(path.stem for path in (tmp_path / "out").iterdir()) == ["0", "1", "3", "4"]
    assert len(source.troubles) == 1
    assert "2.png" in source.troubles[0]


def test_raw_frames_in_and_class_maps_out() -> None:
    frames = np.stack([np.full((4, 6, 3), 40 * n, np.uint8) for n in range(3)])
    source = Raw((4, 6), io.BytesIO(frames.tobytes() + b"half a frame"))
    out = io.BytesIO()
    assert play(source, RawSink(out)).frames == 3
    assert np.frombuffer(out.getvalue(), np.uint8).reshape(3, 4, 6)[:, 0, 0].tolist() == [0, 1, 2]
    assert source.troubles == ["the last frame has 12 of 72 bytes; left out"]
