"""The player: everything that can befall it ends with one line, and what was finished can be played."""

import json
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from export_help import Tiny, picture
from PIL import Image as Pillow
from player_help import PAINT, Endless, count, film, play, stream
from stream_help import Counting

from segsmith.cli.main import main
from segsmith.data.base import Image
from segsmith.data.film import Film
from segsmith.deploy.player import Player, Tally
from segsmith.deploy.sinks import FolderSink, Painter, RawSink, VideoSink, Window, open_sink
from segsmith.deploy.sources import Folder, open_source
from segsmith.deploy.streams import Stream, Streams, When
from segsmith.errors import UserError


def test_a_video_becomes_a_video(tmp_path: Path) -> None:
    source = open_source(str(film(tmp_path / "in.mp4")))
    tally = play(source, VideoSink(tmp_path / "out.mp4", source.rate, PAINT))
    assert (tally.frames, tally.keys, tally.dropped) == (30, 6, 0)
    assert count(tmp_path / "out.mp4") == 30
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
    record = tally.record()
    for stage in ("read", "answer", "write"):
        assert set(record["stages"][stage]) == {"total_s", "p50_ms", "p95_ms", "p99_ms"}


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


class Slow(Counting):
    def key(self, frames: Image) -> object:
        time.sleep(0.05)
        return super().key(frames)


def test_live_leaves_out_what_comes_too_soon(tmp_path: Path) -> None:
    source = open_source(str(film(tmp_path / "in.mp4", 30)))
    slow = Stream(Streams(Slow(), 1, When(every=1)))
    tally = Player(source, slow, [FolderSink(tmp_path / "out", None)], live=True).play()
    assert tally.dropped > 0
    assert tally.frames + tally.dropped == 30
    assert (tmp_path / "out" / "000029.png").exists(), "the last frame is never the one left out"


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


def reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    """What ``segsmith run ... --json`` says."""
    monkeypatch.setattr(sys, "argv", ["segsmith", "run", *map(str, words), "--json"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    return json.loads(capsys.readouterr().out)


def test_the_command_reports_in_json(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    video, out = film(tmp_path / "in.mp4", 6, (72, 104)), tmp_path / "out.mp4"
    found = reported(monkeypatch, capsys, tiny.run, video, "-o", out, "--key-every", 3)
    assert (found["frames"], found["key_frames"], found["dropped"]) == (6, 2, 0)
    assert count(out) == 6


@pytest.mark.parametrize("spin", [[], ["--no-spin"]])
def test_the_command_takes_a_key_frame_where_the_scene_changes(
    exported: Mapping[str, Mapping[str, Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spin: list[str],
) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for n in range(8):
        image = picture(0) if n < 5 else picture(0)[:, ::-1] // 2
        Pillow.fromarray(image).save(frames / f"{n}.png")
    model = exported["onnx"]["key"]
    found = reported(monkeypatch, capsys, model, frames, "-o", tmp_path / "out", "--key-when", 0.2, *spin)
    assert (found["frames"], found["key_frames"]) == (8, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is told by its environment whether it has a display")
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
