"""The article of one run."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from segsmith.report.blocks import Article, Block, Code, Fact, Facts, Fold, Note, Pairs, Section
from segsmith.report.derived import GRADIENT, derived_facts, derived_pairs
from segsmith.report.exported import exports_section
from segsmith.report.inside import Inside
from segsmith.report.judged import confusion_section, curve_section, drift_section, looks_section, scores_section
from segsmith.report.looks import Looks
from segsmith.report.network_page import network_section
from segsmith.report.read import EVALUATION, Run
from segsmith.report.searched import search_sections
from segsmith.report.story import opening
from segsmith.report.times import stage_times, time_section
from segsmith.report.words import NOTHING, amount, called, data_words, duration, is_number, percent, size_words
from segsmith.study.gradient.settings import GradientOptions
from segsmith.study.options import SearchOptions, plain
from segsmith.study.storage import hidden
from segsmith.training.options import TrainOptions

USUAL: dict[str, dict[str, Any]] = {
    "train": {one.name: one.default for one in fields(TrainOptions)},
    "search": {one.name: one.default for one in fields(SearchOptions)},
    GRADIENT: {one.name: one.default for one in fields(GradientOptions)},
    "forge": {"space": "auto", "key_every": 0, "device": "auto", "seed": 0},
}
ASIDE = ("out", "quiet")
SECONDS_OF = {"minutes": 60.0, "budget": 1.0}
PLACES = ("what", "static", "teacher", "table", "target")
OPEN: tuple[object, ...] = (None, "", [])
WHAT = {"train": "training run", "search": "search", EVALUATION: "evaluation"}
QUIET_S = 600.0
"""A run that says it is going, and was not heard of for so long, may have been killed."""


@dataclass(frozen=True)
class View:
    """A run with what was found out about its network, and about the static one below it. ``key`` tells runs of one
    page apart; ``looks`` are words where the network could not be run."""

    run: Run
    key: str
    inside: Inside | None
    below: Inside | None
    looks: Looks | str | None


def article(view: View) -> Article:
    run, inside, looks = view.run, view.inside, view.looks
    sections = [Section("In short", tuple(summary(run, inside)))]
    shown = run.headline or (run.judged[-1] if run.judged else None)
    if shown is not None:
        sections += [one for one in (looks_section(run, shown, looks),) if one]
    if run.command == "search":
        sections += search_sections(run)
    for judged in run.judged:
        if "miou" in judged.record:
            sections += [one for one in (scores_section(run, judged, inside), drift_section(run, judged)) if one]
    sections += [one for one in (confusion_section(run), curve_section(run)) if one]
    if inside is not None:
        sections.append(network_section(inside, view.below, view.key))
    sections += [one for one in (exports_section(run),) if one]
    times = stage_times(run)
    if len(times) > 1:
        sections.append(time_section(times))
    if run.record:
        sections.append(repeat_section(run))
    what = WHAT.get(run.command, run.command)
    return Article(view.key, run.name, what, state_words(run), opening(run, inside), tuple(sections))


def state_words(run: Run) -> str:
    if not run.going:
        return run.state
    return f"{run.state}, last heard of {duration(run.quiet_s)} ago" + (
        ": it may have been killed" if run.quiet_s > QUIET_S else ""
    )


def classes_of(run: Run) -> int:
    """0 where the run does not tell."""
    if run.meta is not None:
        return len(run.meta.classes)
    best = None if run.results is None else run.results.best
    return len(best.stages[-1]["iou"]) if best is not None else 0


def summary(run: Run, inside: Inside | None) -> Iterator[Block]:
    facts = tuple(facts_of(run, inside))
    if facts:
        yield Facts(facts)
    if run.record:
        chosen, left = asked(run)
        yield pairs_of("What was asked", chosen)
        if run.outcome:
            yield pairs_of("What came out", came_out(run))
        if left:
            yield Fold("What was left as it is", (pairs_of("", left),))


def came_out(run: Run) -> Mapping[str, Any]:
    if run.command == GRADIENT:
        return derived_pairs(run.outcome)
    return {name: value for name, value in run.outcome.items() if not isinstance(value, list | dict)}


def facts_of(run: Run, inside: Inside | None) -> Iterator[Fact]:
    judged, best = run.headline, None if run.results is None else run.results.best
    if judged is not None:
        yield Fact("mIoU", percent(judged.record["miou"]), f"on {judged.split}")
        if is_number(judged.record.get("flicker")):
            yield Fact("flicker", percent(judged.record["flicker"]), f"on {judged.split}")
    forged = run.record.get("result")
    if forged:
        allowed = f"of a frame, {forged['limit_ms']:.1f} were allowed"
        yield Fact("latency", f"{forged['latency_ms']:.1f} ms", allowed)
    if best is not None:
        yield Fact("best reward", percent(best.reward), f"trial {best.number}")
        yield Fact("mIoU", percent(best.stages[-1]["miou"]), f"of trial {best.number}, by the proxy")
        if best.latency_ms is not None:
            yield Fact("latency", f"{best.latency_ms:.1f} ms", "of a frame")
    if run.results is not None:
        yield Fact("trials", f"{len(run.results.records):,}", f"{run.results.share_of_repeats:.0%} of scores repeated")
    if run.command == GRADIENT:
        yield from derived_facts(run.outcome)
    if inside is not None:
        found = inside.description
        yield Fact("parameters", amount(found.parameters), "")
        size = f"at {size_words(inside.size)}"
        if found.step_flops is None:
            yield Fact("FLOPs", amount(found.key_flops), size)
        else:
            yield Fact("FLOPs, key frame", amount(found.key_flops), size)
            yield Fact("FLOPs, other frames", amount(found.step_flops), size)
    if is_number(run.record.get("seconds")):
        yield Fact("time", duration(run.record["seconds"]), run.state)


def asked(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was chosen, and what was left as it is. What was left open is in neither: nobody asked for 0 minutes."""
    usual = USUAL.get(run.command, {})
    chosen, left = dict[str, Any](), dict[str, Any]()
    for name, value in run.configuration.items():
        usually = plain(usual.get(name, MISSING)) == value
        if name in ASIDE or value in OPEN or (usually and is_open(name, value)):
            continue
        (left if usually else chosen)[name] = value
    return chosen, left


def is_open(name: str, value: object) -> bool:
    """A zero by default stands for none; but for a seed, which is a number like another."""
    return value == 0 and value is not False and name != "seed"


def pairs_of(title: str, values: Mapping[str, Any]) -> Pairs:
    return Pairs(title, tuple((name.replace("_", " "), asked_words(name, value)) for name, value in values.items()))


def asked_words(name: str, value: object) -> str:
    if name in SECONDS_OF and is_number(value):
        return duration(SECONDS_OF[name] * value)
    if name == "data":
        return data_words(value)
    if name == "storage":
        return hidden(str(value))
    if name == "space_options" and isinstance(value, list):
        return "; ".join(" = ".join(map(str, pair)) for pair in value)
    if name in ("size", "crop") and isinstance(value, list):
        return size_words(value)
    return called(value) if name in PLACES and value else value_words(value)


def value_words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value_words(item) for item in value) or NOTHING
    if value is None or value == "":
        return NOTHING
    return (
        "no" if value is False else "yes" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
    )


def shown_word(word: object) -> str:
    """A URL without its password."""
    return hidden(str(word)) if "://" in str(word) else str(word)


def repeat_section(run: Run) -> Section:
    record = run.record
    values = {"seed": record.get("seed"), **record.get("machine", {}), **record.get("versions", {})}
    blocks: list[Block] = [Code(shlex.join(["segsmith", *map(shown_word, record.get("arguments", ()))]))]
    made = run.headline.record.get("made", {}) if run.headline else {}
    if made.get("from"):
        blocks.append(Note("Begun with " + "; ".join(map(str, made["from"])) + "."))
    pairs = tuple((name, value_words(value)) for name, value in values.items())
    return Section("To repeat it", (*blocks, Pairs("Seed, machine and versions", pairs)))
