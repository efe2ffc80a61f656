"""Pictures of a search by candidates."""

from matplotlib.figure import Figure

from segsmith.report.charts import Axis, Point, Series
from segsmith.reproduce.plots import plot
from segsmith.study.analysis import Analysis


def rewards_plot(analysis: Analysis) -> Figure:
    """Every trial, with the moving median and the best so far."""
    rewards = analysis.rewards
    lines = {"moving median": rewards.median, "best so far": rewards.best}
    series = [
        Series(name, tuple(Point(x, y) for x, y in zip(rewards.trials, values, strict=True)), style)
        for style, (name, values) in enumerate(lines.items())
    ]
    stopped = set(rewards.stopped)
    dots = [Point(x, y) for x, y in zip(rewards.trials, rewards.rewards, strict=True)]
    whole = tuple(point for point in dots if point.x not in stopped)
    cut = tuple(point for point in dots if point.x in stopped)
    series += [
        Series("trial", whole, 0, line=False, marks=True, faint=True),
        Series("stopped half way", cut, 6, line=False, marks=True, faint=True),
    ]
    return plot(series, Axis("trial", whole=True), Axis("reward"))
