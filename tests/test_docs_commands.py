"""What the README and docs/ tell a reader to type: commands that parse, examples that run."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from docs_help import ALL, FENCE, PAGES, ROOT, Typed, commands, typed
from segsmith.cli.main import app

UsageError: Any = typer.BadParameter.__base__
CHEAP = {"draw", "describe", "space", "models", "target"}
"""Commands that are run as they stand, unless they speak of a run of the reader's."""
OURS = [pytest.param(one, id=one.name) for one in ALL if one.words[0] == "segsmith"]


def find(words: tuple[str, ...]) -> tuple[Any, Any, list[str]]:
    """The command that the words mean, its context, and what is left for it."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("segsmith", list(words), resilient_parsing=True)
    rest = list(words)
    while hasattr(command, "commands"):
        if rest[:1] and rest[0] not in command.commands and "show" in command.commands:
            rest.insert(0, "show")  # segsmith study RUN
        name, *rest = rest
        command = command.commands[name]
        context = command.make_context(name, list(rest), parent=context, resilient_parsing=True)
    return command, context, rest


@pytest.mark.parametrize("one", OURS)
def test_it_parses(one: Typed) -> None:
    """A command in a block parses wholly; one in a sentence names a command, and options that it has."""
    words = one.words[1:]
    if words[0].startswith("-"):
        assert words[0] in ("--help", "--version")
        return
    command, context, rest = find(words)
    if one.whole:
        command.make_context(command.name, [word for word in rest if word != "--help"], parent=context.parent)
        return
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    asked = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    assert asked <= known | {"--help"}


def test_wrong_ones_are_found() -> None:
    wrong = ("segsmith trian x", "segsmith train x --minute 3", "segsmith study frobnicate x y", "segsmith run")
    for line in wrong:
        (words,) = commands(line)
        with pytest.raises((KeyError, UsageError)):
            test_it_parses(Typed("page", 1, words, True))
    with pytest.raises(AssertionError):
        test_it_parses(Typed("page", 1, ("segsmith", "train", "…", "--minute", "3"), False))


def test_pipes_comments_and_joints() -> None:
    line = "ffmpeg -i a.mp4 - | segsmith run x - -o 'b c.mp4' > log && segsmith models  # segsmith not this"
    assert list(commands(line)) == [("segsmith", "run", "x", "-", "-o", "b c.mp4"), ("segsmith", "models")]


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    asked = {word for one in ALL if one.words[0] == "make" for word in one.words[1:] if not word.startswith("-")}
    assert asked
    assert asked <= targets


def is_cheap(one: Typed) -> bool:
    return one.whole and one.words[1] in CHEAP and not any("runs" in word for word in one.words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_cheap_ones_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for one in typed(page):
        if one.words[0] == "segsmith" and is_cheap(one):
            result = CliRunner().invoke(app, one.words[1:])
            assert result.exit_code == 0, f"{one.name}\n{result.output}\n{result.exception!r}"


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [block[2] for block in FENCE.finditer(text) if block[1] == language]


@pytest.fixture
def tables() -> Iterator[None]:
    """What an example adds to a table goes again."""
    from segsmith import ops
    from segsmith.genotype import vocabulary
    from segsmith.search.named import SAMPLERS
    from segsmith.spaces.make import SPACES

    all_tables: tuple[dict[str, Any], ...]
    all_tables = vocabulary.OPERATIONS, vocabulary.PART_OPERATIONS, ops.OPERATIONS, SPACES, SAMPLERS
    before = [dict(table) for table in all_tables]
    yield
    for table, kept in zip(all_tables, before, strict=True):
        table.clear()
        table.update(kept)


def run_example(number: int, until: str = "") -> dict[str, Any]:
    """Its names; run as far as the line that begins with ``until``."""
    names: dict[str, Any] = {"__name__": "example"}
    code = blocks("extending.md", "python")[number]
    if until:
        code = code[: code.index(f"\n{until}")]
    exec(compile(code, f"extending.md, example {number + 1}", "exec"), names)
    return names


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("number", range(4))
def test_an_example_of_extending_runs(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    run_example(number)
    assert capsys.readouterr().out.strip()


@pytest.mark.usefixtures("tables")
def test_the_space_of_extending_is_shown_once_it_is_in_the_table() -> None:
    from segsmith.spaces.make import SPACES

    SPACES["width"] = run_example(1)["WidthSpace"]
    shown = CliRunner().invoke(app, ["space", "width", "heads=32,64", "--json"], catch_exceptions=False)
    assert json.loads(shown.stdout)["size"] == 6


@pytest.mark.usefixtures("tables")
def test_the_seed_reaches_the_sampler_of_extending() -> None:
    import optuna

    from segsmith.errors import UserError
    from segsmith.search.named import check_sampler, make_sampler
    from segsmith.search.trials import ask

    space = run_example(2, until="study = ")["space"]

    def proposed(seed: int) -> list[tuple[int, ...]]:
        study = optuna.create_study(sampler=make_sampler("climber", space, seed))
        return [ask(study.ask(), space) for _ in range(3)]

    assert proposed(3) == proposed(3) != proposed(4)
    with pytest.raises(UserError, match="climber learns from one score"):
        check_sampler("climber", "quick", objectives=2)


def test_every_example_of_extending_is_among_them() -> None:
    assert len(blocks("extending.md", "python")) == 4


def test_the_two_spellings_of_a_genotype_are_one() -> None:
    from segsmith.genotype import from_json, from_text, to_json

    text = next(block for block in blocks("formats.md", "text") if block.startswith("segsmith 1"))
    genotype = from_text(text)
    written = json.loads(blocks("formats.md", "json")[0])
    assert genotype.static is not None
    written["static"] = json.loads(to_json(genotype.static))
    del written["static"]["segsmith"]
    assert from_json(json.dumps(written)) == genotype == replace(genotype)


def test_the_class_file_of_the_page_is_read(tmp_path: Path) -> None:
    from segsmith.data.classfile import read_classes

    path = tmp_path / "classes.json"
    path.write_text(blocks("data.md", "json")[0])
    classes, _ = read_classes(path)
    assert classes.names == ("road", "pavement", "vehicle", "sky")


def test_what_samplers_came_to_is_what_was_measured() -> None:
    measured = json.loads((ROOT / "benchmarks/results/samplers-camvid-dynamic.json").read_text())["samplers"]
    page = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)`(.*?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", page, re.M)
    told = {f"{name}-paper" if "paper" in more else name: tuple(map(float, said)) for name, more, *said in rows}
    figures = ("last_quarter", "best_of_first_200", "best")
    assert told.keys() == measured.keys()
    for name, said in told.items():
        assert said == pytest.approx([100 * measured[name][figure] for figure in figures], abs=0.0501), name
