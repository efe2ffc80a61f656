"""The cache folder keeps to its limit, and nothing that is in use goes."""

import logging
import multiprocessing
import os
import pickle
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from filelock import FileLock
from memory_data import file_set

from segsmith.data.cache import FrameCache, cached, open_cache
from segsmith.data.housekeeping import VARIABLE, entries, limit, remove
from segsmith.errors import UserError

SIZES = ((20, 24), (24, 28), (28, 32), (32, 36))


def folders(root: Path) -> set[str]:
    return {entry.folder.name for entry in entries(root / "frames")}


def make(root: Path, number: int, age: int = 0) -> str:
    """A cache of its own size, last used ``age`` seconds ago, and open to nobody."""
    dataset = file_set(root / "data", 2)
    folder = open_cache(dataset, "train", size=SIZES[number], folder=root).folder
    past = folder.stat().st_mtime - age
    os.utime(folder, (past, past))
    return folder.name


def test_a_split_that_is_too_large_is_read_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSMITH_CACHE", str(tmp_path / "cache"))
    dataset = file_set(tmp_path / "data", 4)
    assert isinstance(cached(dataset, "train").reader, FrameCache)
    monkeypatch.setenv(VARIABLE, "10 kB")
    assert cached(dataset, "train").reader is dataset.reader


def test_what_lay_unused_the_longest_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old, older, young = make(tmp_path, 0, 50), make(tmp_path, 1, 90), make(tmp_path, 2, 10)
    sizes = {entry.folder.name: entry.size for entry in entries(tmp_path / "frames")}
    monkeypatch.setenv(VARIABLE, f"{(sizes[old] + sizes[young] + 12_000) / 1000} kB")
    with caplog.at_level(logging.WARNING):
        new = make(tmp_path, 3)
    assert folders(tmp_path) == {old, young, new}
    (said,) = [line.getMessage() for line in caplog.records]
    assert said.startswith("removed 1 frame cache unused the longest")
    assert VARIABLE in said
    assert older not in folders(tmp_path)


def test_opening_is_using(tmp_path: Path) -> None:
    first, second = make(tmp_path, 0, 90), make(tmp_path, 1, 50)
    open_cache(file_set(tmp_path / "data", 2), "train", size=SIZES[0], folder=tmp_path)
    assert [entry.folder.name for entry in entries(tmp_path / "frames")] == [second, first]


def test_what_is_open_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = file_set(tmp_path / "data", 2)
    held = open_cache(dataset, "train", size=SIZES[0], folder=tmp_path)
    before = held.image(0).copy()
    monkeypatch.setenv(VARIABLE, "0 kB")
    new = make(tmp_path, 1)
    assert folders(tmp_path) == {held.folder.name, new}, "the new one is asked for, the old one is held"
    assert (held.image(0) == before).all()
    name = held.folder.name
    del held
    make(tmp_path, 2)
    assert name not in folders(tmp_path)


def hold_until_told(cache: bytes, link: "Connection[bool, bool]") -> None:
    held = pickle.loads(cache)
    link.send(True)
    link.recv()
    assert held.image(0).shape


def test_what_another_process_reads_stays(tmp_path: Path) -> None:
    cache = open_cache(file_set(tmp_path / "data", 2), "train", size=SIZES[0], folder=tmp_path)
    folder, sent = cache.folder, pickle.dumps(cache)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    reader = context.Process(target=hold_until_told, args=(sent, there))
    reader.start()
    here.recv()
    del cache
    assert not remove(folder)
    here.send(True)
    reader.join()
    assert reader.exitcode == 0
    assert remove(folder)
    assert not folder.exists()


def test_what_is_being_made_stays(tmp_path: Path) -> None:
    part = tmp_path / "frames" / "abc.part"
    part.mkdir(parents=True)
    with FileLock(part.with_suffix(".lock")):
        assert not remove(part)
    assert remove(part)


def test_one_that_goes_between_finding_and_opening_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segsmith.data import cache as module

    def gone_at_first(folder: Path, frames: object) -> FrameCache:
        monkeypatch.undo()
        assert remove(folder)
        return FrameCache(folder, frames)

    make(tmp_path, 0)
    monkeypatch.setattr(module, "FrameCache", gone_at_first)
    make(tmp_path, 0)
    assert len(folders(tmp_path)) == 1


@pytest.mark.parametrize(("text", "size"), [("", 20 * 10**9), ("1.5 GB", 15 * 10**8), ("200MB", 2 * 10**8)])
def test_limits_in_words(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert limit() == size


@pytest.mark.parametrize("text", ["much", "5", "-1 GB", "1 gb"])
def test_a_limit_that_is_none_is_said(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(UserError, match=VARIABLE):
        make(tmp_path, 0)
