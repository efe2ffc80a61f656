"""Mistakes of any command are one line and exit code 2; help is help."""

import sys
from pathlib import Path

import pytest

from segsmith.cli.main import main
from segsmith.errors import UserError
from segsmith.training.runfolder import RunFolder, alone, check_folder, make_folder

FORGE = ["forge", "toy", "--latency", "40ms", "--budget", "10m", "--plan"]
REPRODUCE = ["reproduce", "template-search", "--data", "streets:clips=3,frames=2,size=48x64", "--scale", "minutes"]
TRAIN = ["train", "template-arch0", "--data", "streets:clips=3,frames=2,size=48x64", "--minutes", "0.02", "--quiet"]
OUTS = {
    "forge": FORGE,
    "reproduce": REPRODUCE,
    "demo": ["demo"],
    "train": TRAIN,
    "train in processes": [*TRAIN, "--devices", "2"],
    "train seeds": [*TRAIN, "--seeds", "2"],
    "search": ["search", "template", "--data", "toy", "--trials", "2"],
    "search lgc": ["search", "lgc", "--data", "toy"],
    "export": ["export", "street"],
    "evaluate": ["evaluate", "street", "--data", "camvid:nowhere"],
}


def said(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", ["segsmith", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    captured = capsys.readouterr()
    assert stop.value.code == 2
    assert captured.out == ""
    assert captured.err.startswith("segsmith: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("out", ["a_file", "a_file/x", "/proc/x", "/proc"])
@pytest.mark.parametrize("command", OUTS)
def test_what_can_be_no_folder(
    command: str,
    out: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").write_text("mine")
    assert f" {out}" in said([*OUTS[command], "-o", out], monkeypatch, capsys)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a_file", "mine")]


FILES = {
    "report": ["report", "."],
    "target": ["target"],
    "measure": ["latency", "measure", "lgc"],
    "pack": ["latency", "pack", "lgc"],
    "import": ["latency", "import", "a_file"],
}


@pytest.mark.parametrize("out", ["a_file/x.html", "/proc/x/y.html"])
@pytest.mark.parametrize("command", FILES)
def test_where_a_file_cannot_lie_is_said_before_it_is_made(
    command: str, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").touch()
    assert "cannot hold files" in said([*FILES[command], "-o", out], monkeypatch, capsys)


def test_a_check_leaves_nothing_behind_and_takes_nothing_away(tmp_path: Path) -> None:
    check_folder(tmp_path / "a/b")
    assert not list(tmp_path.iterdir())
    make_folder(tmp_path / "a/b")
    check_folder(tmp_path / "a/b")
    check_folder(tmp_path / "a/c")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    with pytest.raises(UserError, match="too long"):
        check_folder(tmp_path / "n/m" / ("x" * 300))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_where_nobody_may_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", forbidden)  # root may do everything, so that no folder would do
    with pytest.raises(UserError, match="Permission denied"):
        RunFolder(tmp_path / "run").refuse_existing()


def test_two_in_one_folder(tmp_path: Path) -> None:
    with alone(tmp_path, "forge"), pytest.raises(UserError, match="another forge is running"), alone(tmp_path, "forge"):
        pass


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
@pytest.mark.parametrize("command", [FORGE, REPRODUCE, TRAIN, OUTS["search"], OUTS["search lgc"]], ids=lambda c: c[0])
def test_a_seed_that_is_none(
    command: list[str],
    seed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [*command, "-o", str(tmp_path / "run"), "--seed", seed]
    assert said(words, monkeypatch, capsys) == f"segsmith: --seed {seed} is out of range (from 0 to 4294967295)\n"
    assert not (tmp_path / "run").exists()


def test_the_last_of_several_seeds_is_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*TRAIN, "-o", str(tmp_path / "run"), "--seed", "4294967294", "--seeds", "3"]
    assert "--seed 4294967296 is out of range" in said(words, monkeypatch, capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("run street", "Missing argument 'INPUT' (segsmith run --help)"),
        ("models --foo", "No such option: --foo (segsmith models --help)"),
        ("frobnicate", "No such command 'frobnicate' (segsmith --help)"),
        ("latency frobnicate", "No such command 'frobnicate' (segsmith latency --help)"),
        ("--foo", "No such option: --foo (segsmith --help)"),
    ],
)
def test_what_cannot_be_parsed(
    words: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(words.split(), monkeypatch, capsys) == f"segsmith: {line}\n"


@pytest.mark.parametrize(("words", "code"), [("", 2), ("--help", 0), ("data", 2), ("run --help", 0)])
def test_help(words: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["segsmith", *words.split()])
    with pytest.raises(SystemExit) as stop:
        main()
    captured = capsys.readouterr()
    assert (stop.value.code or 0, captured.err) == (code, "")
    assert "Usage: segsmith" in captured.out


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segsmith.models.shipped", interrupted)
    monkeypatch.setattr(sys, "argv", ["segsmith", "models"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 130
    assert capsys.readouterr().err == ""
