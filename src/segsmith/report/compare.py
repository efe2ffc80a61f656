"""Several runs side by side."""

from collections import Counter
from collections.abc import Sequence

from segsmith.report.blocks import Article, Beside, Block, Cell, Figure, Figures, Section, Table, table
from segsmith.report.charts import Axis, Series, bar_chart, xy_chart
from segsmith.report.costs import Costed, cost_figure
from segsmith.report.judged import SUMMARY, curve_series, drift_points
from segsmith.report.latencies import times_of
from segsmith.report.read import RUNNING, Run
from segsmith.report.run_page import View, facts_of
from segsmith.report.story import budget_words
from segsmith.report.times import stage_times
from segsmith.report.words import NOTHING, called, data_words, duration, is_number, listed, percent


def comparison(views: Sequence[View], articles: Sequence[Article]) -> Article:
    runs = [view.run for view in views]
    sections = [
        Section("Side by side", (Beside((facts_table(views), asked_table(runs, articles))), *score_tables(runs)))
    ]
    figures = [one for one in (against_cost(views), drift_figure(runs), curve_figure(runs), time_figure(runs)) if one]
    if figures:
        sections.append(Section("In pictures", (Figures(tuple(figures)),)))
    words = f"{listed([run.name for run in runs])}, side by side; each has a part of its own."
    return Article(
        "all", f"{len(runs)} runs", "comparison", states_words([run.state for run in runs]), words, tuple(sections)
    )


def states_words(states: Sequence[str]) -> str:
    """One word where all are alike; else how many are what, those that are running first."""
    counts = Counter(sorted(states, key=lambda state: state != RUNNING))
    return states[0] if len(counts) == 1 else ", ".join(f"{count} {state}" for state, count in counts.items())


def asked_table(runs: Sequence[Run], articles: Sequence[Article]) -> Table:
    rows = {
        "what": [one.what for one in articles],
        "state": [one.state for one in articles],
        "network or space": [
            called(run.configuration.get("what") or run.configuration.get("space") or NOTHING) for run in runs
        ],
        "data": [data_words(run.configuration.get("data", NOTHING)) for run in runs],
        "budget": [budget_words(run.configuration).removeprefix(" for ") or NOTHING for run in runs],
        "seed": [str(run.record.get("seed", NOTHING)) for run in runs],
    }
    return table("What was asked", ["", *(run.name for run in runs)], [[name, *cells] for name, cells in rows.items()])


def facts_table(views: Sequence[View]) -> Table:
    found = [
        {
            fact.label: f"{fact.value} ({fact.note})" if fact.note else fact.value
            for fact in facts_of(view.run, view.inside)
        }
        for view in views
    ]
    labels = list(dict.fromkeys(label for facts in found for label in facts))
    rows = [[label, *(facts.get(label, NOTHING) for facts in found)] for label in labels]
    return table("What came out", ["", *(view.run.name for view in views)], rows)


def score_tables(runs: Sequence[Run]) -> list[Block]:
    """Scores and classes of the runs that were judged; the best of a row stands out where less is not better."""
    judged = [(run.name, run.headline) for run in runs if run.headline is not None]
    if len(judged) < 2:
        return []
    columns = ["", *(f"{name}, {one.split}" for name, one in judged)]
    records = [one.record for _, one in judged]
    scores: list[list[str | Cell]] = [
        [label, *compared([record.get(key) for record in records])]
        for label, key in SUMMARY.items()
        if any(is_number(record.get(key)) for record in records)
    ]
    names = list(dict.fromkeys(name for record in records for name in record.get("per_class", {})))
    classes: list[list[str | Cell]] = [
        [name, *compared([record.get("per_class", {}).get(name) for record in records])] for name in names
    ]
    return [Beside((table("IoU by class", columns, classes), table("Scores", columns, scores)))]


def compared(values: Sequence[object]) -> list[Cell]:
    return [Cell(percent(value), value if is_number(value) else None) for value in values]


def against_cost(views: Sequence[View]) -> Figure | None:
    found = [(view.run, view.run.headline, view.inside) for view in views if view.run.headline and view.inside]
    splits = {judged.split for _, judged, _ in found}
    return cost_figure(
        [
            Costed(f"{run.name} on {judged.split}" if len(splits) > 1 else run.name, judged, inside, times_of(run))
            for run, judged, inside in found
        ],
        joined=len(splits) == 1,
    )


def drift_figure(runs: Sequence[Run]) -> Figure | None:
    series = [
        Series(run.name, tuple(drift_points(run.headline.record, "miou")), style, marks=True)
        for style, run in enumerate(runs)
        if run.headline is not None and len(run.headline.record.get("drift", ())) > 1
    ]
    if not series:
        return None
    title = "mIoU behind the key frame"
    x, y = Axis("frames since the key frame", whole=True), Axis("mIoU in %", from_zero=True)
    return Figure(title, xy_chart(title, series, x, y))


def curve_figure(runs: Sequence[Run]) -> Figure | None:
    """Over the share of each run's own budget, for steps of different runs are different work."""
    series = [
        curve_series(run.curve, "miou", run.name, 100.0, style, marks=True, over="progress")
        for style, run in enumerate(runs)
        if run.curve
    ]
    if not any(len(one.points) > 1 for one in series):
        return None
    x, y = Axis("share of the run"), Axis("mIoU in %", from_zero=True)
    return Figure("mIoU while training", xy_chart("mIoU while training", series, x, y))


def time_figure(runs: Sequence[Run]) -> Figure | None:
    times = [(run.name, sum(seconds for _, seconds in stage_times(run))) for run in runs]
    if not any(seconds for _, seconds in times):
        return None
    return Figure("Time", bar_chart("Time of each run", [(name, s, duration(s)) for name, s in times]))
