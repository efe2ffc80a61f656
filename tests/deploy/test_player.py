"""The player: everything that can befall it ends with one line, and what was finished can be played."""

import io
import json
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from export_help import Tiny, picture
from PIL import Image as Pillow
from stream_help import Counting

from segsmith.cli.main import main
from segsmith.data.base import Classes, Image
from segsmith.data.film import Film
from segsmith.deploy.player import Player, Tally
from segsmith.deploy.sinks import FolderSink, Painter, RawSink, VideoSink, Window, open_sink
from segsmith.deploy.sources import Folder, Raw, Shot, Source, open_source
from segsmith.deploy.streams import Stream, Streams, When
from segsmith.errors import UserError

PAINT = Painter(Classes(("road", "car"), ((128, 64, 128), (0, 0, 142))))


def film(path: Path, frames: int = 30, size: tuple[int, int] = (48, 64)) -> Path:
    with Film(path, 30) as out:
        for n in range(frames):
            out.write(picture(n, size))
    return path


def count(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def stream() -> Stream:
    return Stream(Streams(Counting(), 1, When(every=5)))


def play(source: Source, sink: object, **options: bool) -> Tally:
    return Player(source, stream(), [sink], **options).play()  # type: ignore[list-item,arg-type]


def test_a_video_becomes_a_video(tmp_path: Path) -> None:
    source = open_source(str(film(tmp_path / "in.mp4")))
    tally = play(source, VideoSink(tmp_path / "out.mp4", source.rate, PAINT))
    assert (tally.frames, tally.keys, tally.dropped) == (30, 6, 0)
    assert count(tmp_path / "out.mp4") == 30
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
    record = tally.record()
    for stage in ("read", "answer", "write"):
        assert set(record["stages"][stage]) == {"total_s", "p50_ms", "p95_ms", "p99_ms"}


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


def test_class_numbers_and_overlays_in_folders(tmp_path: Path) -> None:
    source = Folder(tuple((str(n), _saved(tmp_path, n)) for n in range(2)))
    play(source, FolderSink(tmp_path / "index", None))
    assert np.asarray(Pillow.open(tmp_path / "index" / "0.png")).ndim == 2
    source = Folder(tuple((str(n), _saved(tmp_path, n)) for n in range(2)))
    play(source, FolderSink(tmp_path / "overlay", PAINT))
    assert np.asarray(Pillow.open(tmp_path / "overlay" / "0.png")).shape[2] == 3


def _saved(folder: Path, n: int) -> Path:
    path = folder / f"{n}.png"
    Pillow.fromarray(picture(n)).save(path)
    return path


def test_raw_frames_in_and_class_maps_out() -> None:
    frames = np.stack([np.full((4, 6, 3), 40 * n, np.uint8) for n in range(3)])
    source = Raw((4, 6), io.BytesIO(frames.tobytes() + b"half a frame"))
    out = io.BytesIO()
    assert play(source, RawSink(out)).frames == 3
    assert np.frombuffer(out.getvalue(), np.uint8).reshape(3, 4, 6)[:, 0, 0].tolist() == [0, 1, 2]
    assert source.troubles == ["the last frame has 12 of 72 bytes; left out"]


class Slow(Counting):
    def key(self, frames: Image) -> object:  # type: ignore[override]
        time.sleep(0.05)
        return super().key(frames)


def test_live_leaves_out_what_comes_too_soon(tmp_path: Path) -> None:
    source = open_source(str(film(tmp_path / "in.mp4", 30)))
    slow = Stream(Streams(Slow(), 1, When(every=1)))
    tally = Player(source, slow, [FolderSink(tmp_path / "out", None)], live=True).play()
    assert tally.dropped > 0
    assert tally.frames + tally.dropped == 30
    assert (tmp_path / "out" / "000029.png").exists(), "the last frame is never the one left out"


class Endless:
    rate, count = 30.0, 0

    def __init__(self) -> None:
        self.troubles: list[str] = []

    def shots(self) -> Iterator[Shot]:
        n = 0
        while True:
            yield Shot(f"{n:06d}", picture(n, (48, 64)), n / self.rate)
            n += 1


def test_ctrl_c_keeps_what_was_finished(tmp_path: Path) -> None:
    def stop(tally: Tally) -> None:
        if tally.frames == 20:
            raise KeyboardInterrupt

    player = Player(Endless(), stream(), [VideoSink(tmp_path / "out.mp4", 30, PAINT)], watch=stop)
    tally = player.play()
    assert tally.stopped
    assert count(tmp_path / "out.mp4") == tally.frames == 20


def test_a_real_ctrl_c_keeps_what_was_finished(tmp_path: Path) -> None:
    player = Player(Endless(), stream(), [VideoSink(tmp_path / "out.mp4", 30, PAINT)])
    timer = threading.Timer(0.5, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    tally = player.play()
    assert tally.stopped
    assert count(tmp_path / "out.mp4") == tally.frames > 0


@pytest.mark.skipif(sys.platform != "linux", reason="a file's size can be limited on Linux")
@pytest.mark.parametrize("name", ["out.mp4", "out"])
def test_a_disk_that_fills_up_keeps_what_was_finished(tmp_path: Path, name: str) -> None:
    """As far as the file system lets a file grow."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    sink = open_sink(str(tmp_path / name), 30, PAINT, "overlay")
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000 if name == "out.mp4" else 2_000, limits[1]))
    try:
        with pytest.raises(UserError, match=r"cannot be written: File too large .*make room"):
            play(Endless(), sink)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    if name == "out.mp4":
        whole = open_source(str(tmp_path / "out.mp4"))
        assert sum(1 for _ in whole.shots()) >= 60
    else:
        assert [path.name for path in (tmp_path / "out").iterdir()] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(UserError, match="No space left"):
        play(Endless(), RawSink(full))


def test_a_film_that_cannot_be_written_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = VideoSink(tmp_path / "out.mp4", 30, PAINT)
    write, written = sink.film.write, []

    def fill(frame: Image, seconds: float) -> None:
        if len(written) == 40:
            raise OSError(28, "No space left on device")
        written.append(frame)
        write(frame, seconds)

    monkeypatch.setattr(sink.film, "write", fill)
    with pytest.raises(UserError, match=r"out\.mp4: cannot be written: No space left"):
        play(Endless(), sink)
    assert count(tmp_path / "out.mp4") == 40


def test_a_killed_film_plays_as_far_as_its_fragments_go(tmp_path: Path) -> None:
    out = Film(tmp_path / "out.mp4", 30)
    for n in range(600):
        out.write(picture(n, (48, 64)))
    half_way = tmp_path / "killed.mp4"
    half_way.write_bytes((tmp_path / ".out.mp4.part").read_bytes())
    assert 400 < count(half_way) <= 600
    out.close()
    assert count(tmp_path / "out.mp4") == 600


MISTAKES = [
    (("nowhere.mp4", "-o", "out.mp4"), "nowhere.mp4: does not exist"),
    (("77", "-o", "out.mp4"), "there is no camera 77"),
    (("-", "-o", "out.mp4"), "raw frames have no size"),
    (("in.mp4",), "nowhere to write to"),
    (("in.mp4", "-o", "out.avi"), "cannot write .avi files"),
    (("in.mp4", "-o", "-", "--json"), "both want stdout"),
    (("in.mp4", "-o", "out", "--kind", "colours"), "neither overlay nor index"),
    (("in.mp4", "-o", "in.mp4/out.mp4"), "cannot be written"),
    (("empty.mp4", "-o", "out.mp4"), "an empty file"),
    (("in.mp4", "-o", "out.mp4", "--key-every", "0"), "every 0 frames"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_mistakes_are_one_line(
    words: tuple[str, ...],
    said: str,
    tiny: Tiny,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "in.mp4", 2)
    (tmp_path / "empty.mp4").touch()
    monkeypatch.setattr(sys, "argv", ["segsmith", "run", str(tiny.run), *words])
    with pytest.raises(SystemExit) as stop:
        main()
    captured = capsys.readouterr()
    assert stop.value.code == 2
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_the_command_reports_in_json(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film(tmp_path / "in.mp4", 6, (72, 104))
    words = [
        "run",
        str(tiny.run),
        str(tmp_path / "in.mp4"),
        "-o",
        str(tmp_path / "out.mp4"),
        "--key-every",
        "3",
        "--json",
    ]
    monkeypatch.setattr(sys, "argv", ["segsmith", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    found = json.loads(capsys.readouterr().out)
    assert (found["frames"], found["key_frames"], found["dropped"]) == (6, 2, 0)
    assert count(tmp_path / "out.mp4") == 6


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have one")
def test_no_display_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="there is no display"):
        Window(PAINT)


def test_a_window_shows_what_is_written_until_q(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Image] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "imshow", lambda title, image: shown.append(image))
    monkeypatch.setattr(cv2, "waitKey", lambda wait: ord("q") if len(shown) == 6 else -1)
    tally = Player(Endless(), stream(), [Window(PAINT), VideoSink(tmp_path / "out.mp4", 30, PAINT)]).play()
    assert tally.stopped
    assert count(tmp_path / "out.mp4") == tally.frames == 5
    assert shown[0].shape == PAINT(picture(0, (48, 64)), np.zeros((48, 64), np.uint8)).shape


def test_an_opencv_without_windows_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise cv2.error("not implemented")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "imshow", refuse)
    with pytest.raises(UserError, match="has no windows"):
        play(Endless(), Window(PAINT))


def test_pictures_of_a_mask() -> None:
    frame, mask = picture(0, (48, 64)), np.zeros((48, 64), np.uint8)
    mask[:, 32:] = 1
    plain = Painter(PAINT.classes, legend=False)(frame, mask)
    assert plain.shape == frame.shape
    lines = Painter(PAINT.classes, contour=True, legend=False)(frame, mask)
    changed = (lines != frame).any(axis=(0, 2))
    assert np.flatnonzero(changed).tolist() == [31, 32], "only the line between the two"
    both = Painter(PAINT.classes, beside=True, legend=False)(frame, mask)
    assert np.array_equal(both, np.hstack([frame, plain]))
    legended = PAINT(frame, mask)
    assert legended.shape[0] > 48
    assert np.array_equal(legended[:48], plain)


def test_sinks_by_name(tmp_path: Path) -> None:
    assert isinstance(open_sink("-", 30, PAINT, "index"), RawSink)
    assert isinstance(open_sink(str(tmp_path / "a"), 30, PAINT, "index"), FolderSink)
