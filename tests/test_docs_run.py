"""Every whole command of the README and of docs/ is run, page by page and in order, on a few small streets."""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from docs_help import ALL, PAGES, ROOT, Typed
from segsmith.cli.main import app
from segsmith.genotype import preset, to_json
from segsmith.study import table
from segsmith.study.proxy import presets
from segsmith.study.proxy.presets import ProxySettings, Stage

pytestmark = pytest.mark.slow

STREETS = "streets:clips=8,frames=6,size=64x96"
CELLS = ("rows=2", "channels=8", "operations=sep3,skip")
LGC = ("cells=3", "reductions=1,2", "width=8", "branch=16", "fusion=none", "operations=conv3,skip")

SMALL = {
    "--budget": "9h",
    "--clips": "8",
    "--flops": "99%",
    "--frames": "6",
    "--latency": "1000ms",
    "--minutes": "0.03",
    "--random": "3",
    "--sampled": "3",
    "--size": "64x96",
    "--threads": "1",
    "--trials": "3",
    "--workers": "0",
}
"""What an option is given instead of what the page gives it."""

MORE = {
    "benchmark": ("--tolerance 0.9", "--minutes 0.02", "--size 64x96", "--backend torch"),
    "data check": ("--workers 1",),
    "export": ("--clips 1", "--size 64x96"),
    "forge": ("--plan", "--static template-arch0", "--target torch.json"),
    "latency check": ("--tolerance 0.9", "--networks 3"),
    "latency measure": ("--tolerance 0.9", "--networks 2"),
    "latency measure dynamic": CELLS,
    "latency measure lgc": LGC,
    "latency pack lgc": (*LGC, "--networks 0"),
    "search dynamic": (*CELLS, "--workers 0"),
    "search dynamic --data toy --static runs/static --latency": ("--target torch.json",),
    "search lgc": (*LGC, "--minutes 0.03"),
    "study rank": ("--workers 0",),
    "target --threads": ("--backend torch",),
    "target -o": ("--backend torch", "--size 64x96", "--threads 1"),
    "train": ("--batch 2", "--devices 1"),
}
"""What is added to commands that begin so; options only where the page does not give them. Torch opens quickly, where
other runtimes need an export of each network first."""

EXCUSED = {
    "$ make ": "sets up, and runs these tests",
    "$ segsmith reproduce ": "has slow tests of its own",
    " --ray ": "needs a cluster",
    " --storage postgresql:": "needs a server",
    " their_code:": "needs somebody else's model and code; tests/deploy has some",
    " --watch": "goes on as long as its run does",
    " runs/video 0 ": "needs a camera",
    " runs/video - ": "needs another program's frames on stdin",
}
"""What a command that cannot be run here holds, behind a prompt, and why it cannot."""

TINY = (
    ProxySettings("quick", "dynamic", (Stage(1, 1e-2), Stage(1, 1e-2)), 4, length=3, clips=8, judged=2, learn_at=8),
    ProxySettings("quick", "template", (Stage(1, 1e-2), Stage(1, 1e-2)), 4, crop=(32, 32), clips=8, judged=2),
)
"""A candidate's training, in less than a second."""
LEAST = 8
"""So many networks are a table."""


def excuse(one: Typed) -> str:
    line = f"$ {' '.join(one.words)}"
    return next((part for part in EXCUSED if part in line), "")


def begins(words: tuple[str, ...], begin: str) -> bool:
    return words[1 : begin.count(" ") + 2] == tuple(begin.split())


WHOLE = [one for one in ALL if one.whole]
RUN = [one for one in WHOLE if not excuse(one)]
OTHERS = [page for page in PAGES[1:] if any(one.page == page.name for one in RUN)]


def scaled(words: tuple[str, ...]) -> list[str]:
    """The same command on less."""
    smaller = [SMALL.get(before, STREETS if word == "toy" else word) for before, word in itertools.pairwise(words)]
    more = [entry.split() for begin, entries in MORE.items() if begins(words, begin) for entry in entries]
    return smaller + [word for entry in more if entry[0] not in words for word in entry]


def run(words: tuple[str, ...], name: str = "beforehand") -> None:
    small = scaled(words)
    result = CliRunner().invoke(app, small)
    assert result.exit_code == 0, f"{name}\nas segsmith {' '.join(small)}\n{result.output}\n{result.exception!r}"


def run_page(page: Path) -> None:
    for one in RUN:
        if one.page == page.name:
            if begins(one.words, "latency import"):
                run_pack()
            run(one.words, one.name)


def run_pack() -> None:
    """What the page does on another machine."""
    assert "\npython pack.zip " in (ROOT / "docs/target.md").read_text()
    subprocess.run([sys.executable, "pack.zip"], check=True, capture_output=True)


def streets() -> None:
    """Frames, masks and films; drives have the names that a page gives them."""
    run(("segsmith", "data", "make", "streets", "streets", "--clips", "8", "--frames", "6", "--size", "64x96"))
    for drive in Path("streets").glob("[im]*s/train/*"):
        drive.rename(drive.with_name(drive.name.replace("train_00", "drive")))


def other() -> None:
    """A network of another space than the page's table."""
    Path("runs/other").mkdir(parents=True)
    Path("runs/other/genotype.json").write_text(to_json(preset("template-arch0")))


def command(line: str) -> Callable[[], None]:
    return lambda: run(tuple(line.split()))


MADE: dict[str, Callable[[], None]] = {
    "streets": streets,
    "runs/other": other,
    "torch.json": command("segsmith target -o torch.json"),
    "laptop.json": command("segsmith target -o laptop.json"),
    "cells.json": command("segsmith latency measure dynamic --static runs/static --target torch.json -o cells.json"),
    "runs/chance": command(
        "segsmith search dynamic --data toy --static runs/static --sampler random --no-early-stopping "
        f"--trials={LEAST} -o runs/chance"
    ),
}
"""What a reader has, or was told to make in a sentence."""

COPIED = {
    "CamVid": "streets/segnet",
    "PATH/images": "streets/images",
    "PATH/masks": "streets/masks",
    "PATH/classes.json": "streets/classes.json",
    "drive.mp4": "streets/video/test_000.mp4",
    "frames": "streets/images/test/test_000",
    "runs/a": "runs/static",
    "runs/b": "runs/video",
    "runs/s1": "runs/search",
    "runs/static": "runs/static",
    "runs/t1": "runs/video",
    "runs/video": "runs/video",
}
"""What is there when the README's commands were run, under the names that pages give it."""

NEEDS = {
    "README.md": ("streets", "CamVid", "drive.mp4", "torch.json"),
    "clusters.md": ("runs/static",),
    "data.md": ("PATH/images", "PATH/masks", "drive.mp4"),
    "deploy.md": ("runs/static", "runs/video", "drive.mp4"),
    "forge.md": ("CamVid", "PATH/images", "PATH/masks", "PATH/classes.json", "torch.json", "laptop.json"),
    "report.md": ("runs/static", "runs/t1", "runs/s1", "runs/a", "runs/b"),
    "search.md": ("runs/static", "torch.json", "cells.json", "runs/chance"),
    "streams.md": ("runs/video", "drive.mp4", "frames"),
    "target.md": ("runs/static", "runs/other"),
}
"""What lies there before a page begins."""


def provide(page: Path, readme: Path) -> None:
    for name in NEEDS.get(page.name, ()):
        if name in MADE:
            MADE[name]()
        else:
            copy(readme / COPIED[name], Path(name))


def copy(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, path)
    else:
        shutil.copy(source, path)


@contextlib.contextmanager
def at(folder: Path) -> Iterator[None]:
    """There, at home: ``~/CamVid`` is of this folder."""
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("SEGSMITH_CACHE", str(folder.parent / "cache"))
        patch.setattr(presets, "PRESETS", TINY)
        patch.setattr(table, "LEAST", LEAST)
        yield


@pytest.fixture(scope="module")
def readme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the README's commands were run; of several processes that test one does it for all."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, begun = base / "readme", base / "readme-begun"
    with FileLock(base / "readme.lock"):
        if not folder.exists():
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            with at(begun):
                provide(PAGES[0], begun)
                run_page(PAGES[0])
            begun.rename(folder)
    return folder


def test_the_readme(readme: Path) -> None:
    assert {"overlay.mp4", "report.html", "cell.svg", "lgc.json"} <= {path.name for path in readme.iterdir()}


@pytest.mark.parametrize("page", OTHERS, ids=lambda page: page.name)
def test_a_page(page: Path, readme: Path, tmp_path: Path) -> None:
    with at(tmp_path):
        provide(page, readme)
        run_page(page)


def test_what_is_excused_stands_in_a_page() -> None:
    assert {excuse(one) for one in WHOLE} - {""} == EXCUSED.keys()


def test_what_is_scaled_stands_in_a_page() -> None:
    assert NEEDS.keys() == {one.page for one in RUN}
    assert {word for one in RUN for word in one.words} >= SMALL.keys()
    assert {begin for begin in MORE for one in RUN if begins(one.words, begin)} == MORE.keys()
