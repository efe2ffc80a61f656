"""Where the time of a run went."""

from segsmith.report.blocks import Figure, Figures, Section
from segsmith.report.charts import bar_chart
from segsmith.report.read import Run
from segsmith.report.words import duration, is_number


def stage_times(run: Run) -> list[tuple[str, float]]:
    """Stages that the run itself wrote down; of a search those of its candidates; else the whole as one."""
    written = run.record.get("stages", ())
    if written:
        return [(str(stage["name"]), float(stage["seconds"])) for stage in written if is_number(stage.get("seconds"))]
    if run.results is not None and run.results.records:
        return search_times(run)
    seconds = run.record.get("seconds", run.curve[-1]["seconds"] if run.curve else None)
    return [] if seconds is None else [("training", float(seconds))]


def search_times(run: Run) -> list[tuple[str, float]]:
    assert run.results is not None
    records = [record for record in run.results.records if record.repeat_of is None]
    most = max((len(record.stages) for record in records), default=0)
    times = []
    for index in range(most):
        there = [record.stages[index] for record in records if len(record.stages) > index]
        seconds = sum(float(stage.get("seconds", 0.0)) for stage in there)
        times.append((f"stage {index + 1} of {len(there)} candidates", seconds))
    if run.configuration.get("ray"):
        return times  # how many worked at a time is the cluster's business
    workers = max(1, int(run.configuration.get("workers") or 1))
    rest = workers * max((record.elapsed for record in records), default=0.0) - sum(seconds for _, seconds in times)
    return [*times, ("the rest: proposing, judging, waiting", rest)] if rest > 0 else times


def time_section(times: list[tuple[str, float]]) -> Section:
    total = sum(seconds for _, seconds in times) or 1.0
    bars = [(name, seconds, f"{duration(seconds)} · {seconds / total:.0%}") for name, seconds in times]
    return Section("Where the time went", (Figures((Figure("", bar_chart("Time spent", bars)),)),))
