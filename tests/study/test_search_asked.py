"""What is asked of a search: refused at once and in one line where it cannot be, and held to when it goes on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import typer
from study_help import NAMES, SMALL, asked, make_static, make_table
from typer.testing import CliRunner

from segsmith.cli import study
from segsmith.cli.search import search
from segsmith.cli.train import train
from segsmith.errors import UserError
from segsmith.genotype import fingerprint, load_genotype
from segsmith.networks.checkpoint import load_checkpoint, save_checkpoint
from segsmith.study import prepare
from segsmith.study.prepare import look_up, unseen
from segsmith.study.results import load_results
from segsmith.study.search import run_search
from segsmith.study.storage import DIRECTIONS, FILE, hidden, open_storage
from segsmith.study.table import write_table
from segsmith.training.runfolder import RunFolder

app = typer.Typer()
app.command()(search)
app.command()(train)
app.add_typer(study.app, name="study")

SECRET = "mysql://me:geheim@host/studies"


@pytest.fixture(scope="module")
def done(root: Path) -> Path:
    """A search that has ended."""
    out = root / "done"
    run_search(asked(root, out, trials=2, early_stopping=False))
    return out


def copied(done: Path, tmp_path: Path) -> Path:
    """A run whose storage may be spoilt: it is found where the run is."""
    return Path(shutil.copytree(done, tmp_path / "run"))


NEVER = {
    "seed below zero": ({"seed": -1}, "--seed -1 is out of range"),
    "seed too large": ({"seed": 2**32}, "--seed 4294967296 is out of range"),
    "trials": ({"trials": -5, "minutes": 1.0}, "--trials -5 is below zero"),
    "minutes nan": ({"minutes": float("nan")}, "--minutes nan"),
    "minutes below zero": ({"minutes": -1.0}, "--minutes -1"),
    "minutes without end": ({"minutes": float("inf")}, "--minutes inf"),
    "soft below zero": ({"soft": -1.0, "flops": "50%"}, "--soft -1"),
    "soft alone": ({"soft": 0.5}, "--soft, and there is no budget"),
    "flicker below zero": ({"flicker": -0.1}, "--flicker -0.1"),
    "flicker above one": ({"flicker": 2.0}, "--flicker 2 is no share"),
    "target alone": ({"target": "board.json"}, "--target, and no latency is asked for"),
    "timeout": ({"timeout": -1.0}, "--timeout -1"),
    "memory": ({"memory_gb": -1.0}, "--memory -1"),
    "cpus": ({"cpus": float("nan")}, "cannot take nan CPUs"),
    "gigaseconds": ({"latency": "40G"}, r"--latency '40G' is no amount \(such as 40ms or 60%\)"),
    "seconds": ({"latency": "40s"}, r"--latency '40s' is no amount \(such as 40ms or 60%\)"),
    "flops in ms": ({"flops": "40ms"}, r"--flops '40ms' is no amount \(such as 2.5G, 900M or 60%\)"),
    "parameters in ms": ({"parameters": "3ms"}, "--parameters '3ms' is no amount"),
    "no number": ({"flops": "nan"}, "--flops 'nan' is no amount"),
    "share of nothing": ({"space": "template", "latency": "60%"}, r"60% of what\? .* \(such as 40ms\)"),
    "floor": ({"floors": ("box",)}, "--floor box is no class and IoU"),
    "no objective": ({"objectives": ()}, "reward comes first"),
}


@pytest.mark.parametrize("case", NEVER)
def test_what_can_never_be_is_refused_where_it_is_asked(case: str, root: Path, tmp_path: Path) -> None:
    changes, words = NEVER[case]
    with pytest.raises(UserError, match=words):
        asked(root, tmp_path, **changes)


def test_zero_stands_for_no_bound(root: Path, tmp_path: Path) -> None:
    assert asked(root, tmp_path, timeout=0.0, memory_gb=0.0, flicker=0.0, soft=0.0).timeout == 0


LATE: dict[str, tuple[Callable[[Path], dict[str, object]], str]] = {
    "class": (lambda _: {"floors": ("cat=0.5",)}, "--floor cat: there is no such class"),
    "table": (lambda _: {"table": "none.json"}, "none.json: there is no such table"),
    "classes": (lambda place: {"table": str(make_table(place / "t.json", 7))}, "networks for 7 classes, not 3"),
    "target": (lambda _: {"latency": "40ms", "target": "none.json"}, "none.json: there is no such target"),
    "share": (lambda place: {"table": str(make_table(place / "t.json")), "latency": "60%"}, "a latency is not known"),
    "storage": (lambda _: {"storage": "sqlite:////no/such/folder/study.db"}, "cannot open the study's storage"),
    "space": (lambda _: {"space_options": (("step_scales", ""),)}, "a space without step scales"),
    "ray": (lambda _: {"ray": "auto"}, r"--ray auto: Ray is not installed \(pip install segsmith\[ray\]\)"),
}


@pytest.mark.parametrize("case", LATE)
def test_nothing_is_computed_for_a_search_that_is_refused_and_nothing_left(
    case: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "open_cache", None)
    monkeypatch.setattr(prepare, "collect", None)
    monkeypatch.setattr("segsmith.study.search.find_spec", lambda name: None)
    make, words = LATE[case]
    options = asked(root, tmp_path / "runs" / "s", **make(tmp_path))
    with pytest.raises(UserError, match=words):
        run_search(options)
    assert not (tmp_path / "runs").exists()


def test_a_search_that_fails_on_its_way_leaves_a_folder_as_it_was(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise UserError("cannot write the features of frames")

    monkeypatch.setattr(prepare, "collect", full)
    (tmp_path / "note").write_text("mine")
    with pytest.raises(UserError, match="cannot write the features"):
        run_search(asked(root, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_a_run_cannot_be_kept_in_a_file(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "s", Path("/proc/none/s")):
        with pytest.raises(UserError, match=f"{out}: cannot hold files: .*name another folder"):
            run_search(asked(root, out))
    assert (tmp_path / "file").read_text() == "mine"


def test_the_best_genotype_is_that_of_the_storage_whatever_was_killed(root: Path, done: Path, tmp_path: Path) -> None:
    """A kill may come between a trial's end and its genotype's file."""
    run = RunFolder(copied(done, tmp_path))
    best = load_results(run.path).best
    assert best is not None
    for left in ("", None):
        if left is None:
            run.genotype.unlink()
        else:
            run.genotype.write_text(left)
        run_search(asked(root, run.path, trials=2, early_stopping=False))
        assert fingerprint(load_genotype(str(run.path))) == best.fingerprint


def test_the_best_genotype_is_kept_when_a_search_ends_in_an_error(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise UserError("the screen is gone")

    monkeypatch.setattr("segsmith.study.progress.Progress.told", broken)
    with pytest.raises(UserError, match="the screen is gone"):
        run_search(asked(root, tmp_path / "s", trials=2))
    assert (tmp_path / "s" / "genotype.json").is_file()


def retrained(path: Path) -> None:
    network, meta = load_checkpoint(path)
    with torch.no_grad():
        next(network.parameters()).add_(0.01)
    save_checkpoint(path, network, meta)


@pytest.mark.parametrize("space", SMALL)
def test_a_search_goes_on_with_the_weights_that_it_began_with(root: Path, tmp_path: Path, space: str) -> None:
    static = make_static(tmp_path)
    options = asked(root, tmp_path / "s", space, static=str(static), trials=1)
    run_search(options)
    before = static.read_bytes()
    retrained(static)
    with pytest.raises(UserError, match=r"a search with --static .*arch2.safetensors as it was: it has changed since"):
        run_search(options)
    static.write_bytes(before)
    assert run_search(options).state == "finished"
    run = RunFolder(tmp_path / "s")
    run.update(digests={})  # as runs of old have none
    retrained(static)
    run_search(options)
    assert run.record()["digests"]["static"] == look_up(options).weights, "from now on it counts"


def test_a_search_goes_on_with_the_table_that_it_began_with(root: Path, tmp_path: Path) -> None:
    options = asked(root, tmp_path / "s", table=str(make_table(tmp_path / "t.json")), trials=1)
    run_search(options)
    assert load_results(tmp_path / "s").objectives == ("reward", "latency")
    run_search(options)
    table = json.loads((tmp_path / "t.json").read_text())
    (tmp_path / "t.json").write_text(json.dumps(table | {"check": {"other": 1}}))
    with pytest.raises(UserError, match=r"a search with --table .*t.json as it was: it has changed since"):
        run_search(options)


def test_the_front_is_against_what_is_asked_for(done: Path, tmp_path: Path) -> None:
    assert load_results(done).objectives == ("reward", "flops")
    run = RunFolder(copied(done, tmp_path))
    for changes, cost in (({"latency": "40ms"}, "latency"), ({"objectives": ["reward", "flicker"]}, "flicker")):
        run.update(configuration=run.record()["configuration"] | changes)
        assert load_results(run.path).objectives == ("reward", cost)


@pytest.mark.parametrize(
    "changes",
    [
        {"latency": "40ms"},
        {"floors": ["box=0.5"]},
        {"flicker": 0.1},
        {"flops": "90%", "soft": 0.5},
        {"objectives": ["reward", "latency"]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_table_of_a_search_with_demands_would_be_biased(
    done: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    run = RunFolder(copied(done, tmp_path))
    run.update(configuration=run.record()["configuration"] | changes)
    with pytest.raises(UserError, match="a table is made of a search by chance"):
        write_table(run.path, tmp_path / "t")


def test_a_storage_that_is_gone_is_said_and_not_made_anew(root: Path, done: Path, tmp_path: Path) -> None:
    run = copied(done, tmp_path)
    (run / FILE).unlink()
    words = r"study.db: the study's storage is missing \(bring it back"
    for command in (["study", str(run)], ["train", str(run), "--top", "1", "-o", str(tmp_path / "t")]):
        with pytest.raises(UserError, match=words):
            CliRunner().invoke(app, command, catch_exceptions=False)
    with pytest.raises(UserError, match=words):
        run_search(asked(root, run, trials=2, early_stopping=False))
    assert not (run / FILE).exists()
    (run / FILE).touch()
    with pytest.raises(UserError, match="holds no study"):
        load_results(run)


@pytest.mark.parametrize("whole", [0, 3])
def test_a_storage_that_is_damaged_is_said_in_one_line(done: Path, tmp_path: Path, whole: int) -> None:
    """From its first page on, or from a later one."""
    run = copied(done, tmp_path)
    pages = (run / FILE).read_bytes()
    (run / FILE).write_bytes(pages[: 4096 * whole] + b"\xff" * (len(pages) - 4096 * whole))
    with pytest.raises(UserError, match="the study's storage") as caught:
        load_results(run)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (SECRET, "mysql://me:***@host/studies"),
        ("postgresql+psycopg://me:a:b@c/d@host:5432/studies", "postgresql+psycopg://me:***@host:5432/studies"),
        ("postgres//me:geheim@host", "postgres//me:***@host"),
        ("me:geheim@host/studies", "me:***@host/studies"),
        ("postgresql://host/studies?user=me&password=geheim&x=1", "postgresql://host/studies?user=me&password=***&x=1"),
        ("sqlite:////some/study.db", "sqlite:////some/study.db"),
        ("postgresql://me@host:5432/studies", "postgresql://me@host:5432/studies"),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    assert hidden(url) == shown


def test_no_message_shows_a_password(root: Path, done: Path, tmp_path: Path) -> None:
    asks = asked(root, done, trials=2, early_stopping=False, storage=SECRET)
    for ask in (
        lambda: run_search(asks),
        lambda: open_storage(tmp_path, SECRET),
        lambda: open_storage(tmp_path, "postgresql://me:geheim@host:port/studies"),
        lambda: open_storage(tmp_path, "//me:geheim@host"),
    ):
        with pytest.raises(UserError, match=r"me:\*\*\*@host") as caught:
            ask()
        assert "geheim" not in str(caught.value)
        assert "postgres]" not in str(caught.value), "that is no driver of MySQL"


def test_the_help_names_every_objective() -> None:
    shown = CliRunner().invoke(app, ["search", "--help"], env={"COLUMNS": "300"}).stdout
    (line,) = [line for line in shown.splitlines() if "--objectives" in line]
    assert all(objective in line for objective in DIRECTIONS)


def test_a_floor_that_nothing_is_judged_by_is_said_at_the_start(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_search(asked(root, tmp_path / "s", trials=1, floors=("box=0.1",)))
    assert "--floor" not in capsys.readouterr().err
    monkeypatch.setattr("segsmith.study.search.unseen", lambda opener, classes: ("box", "sky"))
    run_search(asked(root, tmp_path / "t", trials=1, floors=("box=0.1",)))
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "no frame to judge by shows any" in line] == told
    assert len(told) == 1
    assert told[0].startswith("--floor box: ")


@pytest.mark.parametrize("space", SMALL)
def test_classes_that_no_judged_frame_shows(root: Path, tmp_path: Path, space: str) -> None:
    opener = look_up(asked(root, tmp_path, space)).collect(lambda what, done, total: None)
    assert unseen(opener, NAMES) == ()
    assert unseen(opener, (*NAMES, "cat")) == ("cat",)


@pytest.mark.parametrize(
    ("hands", "sharing"),
    [
        ({}, 1),
        ({"workers": 3}, 3),
        ({"workers": 3, "ray": "auto"}, 1),
        ({"ray": "auto", "gpus": 0.25}, 4),
        ({"ray": "auto", "gpus": 2.0}, 1),
    ],
)
def test_memory_is_that_of_the_workers_that_share_it(
    root: Path, tmp_path: Path, hands: dict[str, object], sharing: int
) -> None:
    assert asked(root, tmp_path, **hands).sharing == sharing
